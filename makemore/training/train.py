"""Train a model of any type from a corpus."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn

from makemore import models
from makemore.data.batches import Batches
from makemore.data.dataset import Names, Rows
from makemore.models.ngram import NGrams
from makemore.training.full_batch import descend
from makemore.training.minibatch import CPU, MAX_DEV_NAMES, TrainingJob, TrainingSettings, fit


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
        return cls.from_counts(torch.from_numpy(corpus.rows().matrix(corpus.vocab_size)), config), {}
    if issubclass(cls, models.NGramModel):
        return cls.from_ngrams(corpus.ngrams(), config), {}
    if issubclass(cls, models.CombinedModel):
        dev = Batches(corpus.names("dev"), 1, seed=0, device=CPU).by_length(MAX_DEV_NAMES)
        return cls.from_models([corpus.model(part) for part in config.parts], dev, config), {}
    if isinstance(config, models.FullBatchRecipe):
        model = _initialised(cls, config, corpus.vocab_size, settings.seed)
        assert isinstance(model, models.RegularisedModel)
        return model, {"loss": descend(model, corpus.rows(), config, label=model_type)}
    assert isinstance(config, models.Recipe)
    names = corpus.names("train")
    config = config.for_length(int(names.length.max()) + 1)
    model = _initialised(cls, config, corpus.vocab_size, settings.seed)
    return model, fit(cast(nn.Module, model), TrainingJob(model_type, config, names, corpus.names("dev"), settings))


def _initialised(cls: type[models.LanguageModel], config: Any, vocab_size: int, seed: int) -> models.LanguageModel:
    with torch.random.fork_rng(devices=[]):  # layers draw random parameters when they are built
        model = cls(vocab_size, config)
    assert isinstance(model, models.TrainedModel)
    model.initialise(torch.Generator().manual_seed(seed))
    return model
