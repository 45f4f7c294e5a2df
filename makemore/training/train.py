"""Train a model of any type from a corpus."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from makemore.data.batches import Batches
from makemore.data.dataset import Names, Rows
from makemore.models import (
    CombinedModel,
    CountedModel,
    FullBatchRecipe,
    LanguageModel,
    ModelConfig,
    NGramModel,
    Recipe,
    RegularisedModel,
    TrainedModel,
    model_class,
)  # fmt: skip
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
    model: Callable[[str], LanguageModel]  # A trained model of another type


def train(
    model_type: str, config: ModelConfig, corpus: Corpus, settings: TrainingSettings
) -> tuple[LanguageModel, dict[str, Any]]:
    """Return a trained model and the metrics of its training.

    Raises:
        Diverged: the loss is not finite.
        InvalidOption: the settings do not fit the corpus.
    """
    cls = model_class(model_type)
    if issubclass(cls, CountedModel):
        return cls.from_counts(torch.from_numpy(corpus.rows().matrix(corpus.vocab_size)), config), {}
    if issubclass(cls, NGramModel):
        return cls.from_ngrams(corpus.ngrams(), config), {}
    if issubclass(cls, CombinedModel):
        return cls.from_models([corpus.model(part) for part in config.parts], _batches(corpus.names("dev")), config), {}
    if isinstance(config, FullBatchRecipe):
        model = _initialised(model_type, config, corpus, settings)
        assert isinstance(model, RegularisedModel)
        return model, {"loss": descend(model, corpus.rows(), config, label=model_type)}
    assert isinstance(config, Recipe)
    names = corpus.names("train")
    config = config.for_length(int(names.length.max()) + 1)
    model = _initialised(model_type, config, corpus, settings)
    return model, fit(cast(nn.Module, model), TrainingJob(model_type, config, names, corpus.names("dev"), settings))


def _initialised(model_type: str, config: ModelConfig, corpus: Corpus, settings: TrainingSettings) -> LanguageModel:
    with torch.random.fork_rng(devices=[]):  # layers draw random parameters when they are built
        model = model_class(model_type)(corpus.vocab_size, config)
    assert isinstance(model, TrainedModel)
    model.initialise(torch.Generator().manual_seed(settings.seed))
    return model


def _batches(names: Names) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    for batch in Batches(names, 1, seed=0, device=CPU).by_length(MAX_DEV_NAMES):
        yield batch.xs, batch.keep, batch.ys, batch.weights
