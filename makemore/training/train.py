"""Train a model of any type from a corpus."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from makemore import models
from makemore.data.dataset import Names, Rows
from makemore.errors import extra
from makemore.models.ngram import NGrams
from makemore.training.settings import TrainingSettings


@dataclass(frozen=True)
class Corpus:
    """Training data, read only when a model needs it."""

    vocab_size: int
    rows: Callable[[], Rows]  # bigram counts of train
    ngrams: Callable[[], NGrams]  # Kneser-Ney n-grams of train
    names: Callable[[str], Names]  # names of a split, perhaps none
    model: Callable[[str], models.LanguageModel]  # A trained model of another type


def train(
    model_type: str, config: models.ModelConfig, corpus: Corpus, settings: TrainingSettings
) -> tuple[models.LanguageModel, dict[str, Any]]:
    """Return a trained model and metrics; raise Diverged, or InvalidOption if the settings do not fit the corpus."""
    cls = models.model_class(model_type)
    if issubclass(cls, models.CountedModel):
        return cls.from_counts(corpus.rows().matrix(corpus.vocab_size), config), {}
    if issubclass(cls, models.NGramModel):
        return cls.from_ngrams(corpus.ngrams(), config), {}
    with extra("train"):
        from makemore.data.batches import Batches
        from makemore.training.full_batch import descend, initial_weights
        from makemore.training.minibatch import MAX_DEV_NAMES, TrainingJob, fit, initialised
    if issubclass(cls, models.LinearModel):
        assert isinstance(config, models.FullBatchRecipe)
        W = initial_weights(corpus.vocab_size, settings.seed)
        loss = descend(W, corpus.rows(), config, label=model_type)
        return cls.from_weights(W.numpy(), config), {"loss": loss}
    if issubclass(cls, models.CombinedModel):
        dev = Batches(corpus.names("dev"), 1, seed=0, device="cpu").by_length(MAX_DEV_NAMES)
        return cls.from_models([corpus.model(part) for part in config.parts], dev, config), {}
    assert isinstance(config, models.Recipe)
    names = corpus.names("train")
    config = config.for_length(int(names.length.max()) + 1)
    model = initialised(cls, config, corpus.vocab_size, settings.seed)
    return model, fit(model, TrainingJob(model_type, config, names, corpus.names("dev"), settings))
