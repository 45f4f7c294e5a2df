"""Training: a model of any type from what it needs of a corpus - counts, grams, names or other models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from makemore.data.batches import Batches
from makemore.data.dataset import Names, Rows
from makemore.models import Recipe, model_class
from makemore.training.full_batch import descend
from makemore.training.minibatch import CPU, DEV, How, Job, fit


@dataclass(frozen=True)
class Corpus:
    """What models are trained on; each is read only when a model asks for it."""

    vocab_size: int
    rows: Callable[[], Rows]
    """Bigrams of train and their counts."""
    grams: Callable[[], Any]
    """Kneser-Ney probabilities of train: ngrams.Grams."""
    names: Callable[[str], Names]
    """Names of a split; none for one that is empty."""
    model: Callable[[str], Any]
    """A model of another type, trained before."""


def train(model_type: str, config: Any, corpus: Corpus, how: How) -> tuple[Any, dict[str, Any]]:
    """A model trained on the corpus, and what its training tells of itself.

    Raises:
        ValueError: the loss is no longer a number, or settings do not fit the corpus.
    """
    cls = model_class(model_type)
    if hasattr(cls, "from_counts"):
        return cls.from_counts(torch.from_numpy(corpus.rows().matrix(corpus.vocab_size)), config), {}
    if hasattr(cls, "from_grams"):
        return cls.from_grams(corpus.grams(), config), {}
    if hasattr(cls, "from_models"):
        return cls.from_models([corpus.model(part) for part in config.parts], _batches(corpus.names("dev")), config), {}
    if isinstance(config, Recipe):
        return _fitted(model_type, config, corpus, how)
    model = _initialised(model_type, config, corpus, how)
    return model, {"loss": descend(model, corpus.rows(), config, label=model_type)}


def _fitted(model_type: str, config: Recipe, corpus: Corpus, how: How) -> tuple[Any, dict[str, Any]]:
    names, held_out = corpus.names("train"), corpus.names("dev")
    if getattr(config, "block_size", None) == 0:
        config = replace(config, **{"block_size": int(names.length.max()) + 1})
    model = _initialised(model_type, config, corpus, how)
    dev = held_out if len(held_out) else None
    return model, fit(model, Job(model_type, config, names, dev, how))


def _initialised(model_type: str, config: Any, corpus: Corpus, how: How) -> Any:
    with torch.random.fork_rng(devices=[]):  # torch fills layers with random numbers as it makes them
        model = model_class(model_type)(corpus.vocab_size, config)
    model.initialise(torch.Generator().manual_seed(how.seed))
    return model


def _batches(names: Names) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    for batch in Batches(names, 1, seed=0, device=CPU).by_length(DEV):
        yield batch.xs, batch.keep, batch.ys, batch.weights
