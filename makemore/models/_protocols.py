"""Contracts of the model types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

from makemore.models._config import ModelConfig

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from torch import Tensor

    from makemore.models.ngram import NGrams
    from makemore.vocab import Floats, Ints

C = TypeVar("C", bound=ModelConfig, contravariant=True)

State = Any
"""State of a generation, opaque to callers: None, or tensors with one row per name. Index them to drop names."""


@runtime_checkable
class LanguageModel(Protocol):
    """A model over ids, with its settings and tensors: an `AutomatonModel` in numpy, or a `NetModel` in torch."""

    def __init__(self, vocab_size: int, config: Any) -> None: ...

    @property
    def config(self) -> ModelConfig:
        """Settings of the model."""

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """Return the model's own tensors by name, without those of models that it combines."""

    def load_tensors(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        """Replace the tensors; raise an exception if names, types or shapes do not fit."""


@runtime_checkable
class AutomatonModel(LanguageModel, Protocol):
    """A model with finitely many states, as tables of numpy: constraints on its names are exact."""

    def transitions(self) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]]:
        """Logits (S, V) of each state, and the next state (S, V) after each character.

        A name starts in state 0, and '.' leads there from every state.
        """

    def log_probs_of(self, states: Ints | slice) -> Floats:
        """Log-probabilities (R, V) of the next character in states (R,)."""


@runtime_checkable
class NetModel(LanguageModel, Protocol):
    """A `torch.nn.Module` over ids; `forward` and `step` return the same logits."""

    @property
    def device(self) -> torch.device:
        """Device of the tensors."""

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T)."""

    def initial_state(self, batch: int) -> State:
        """State before the first character of `batch` names."""

    def step(self, ix: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) of the character after `ix` (B,), and the next state; the given state becomes invalid."""

    # From torch.nn.Module:
    def __call__(self, idx: Tensor, /) -> Tensor: ...
    def to(self, device: str) -> Self: ...


@runtime_checkable
class CountedModel(Protocol[C]):
    """A model of bigram counts."""

    @classmethod
    def from_counts(cls, counts: Ints, config: C) -> LanguageModel:
        """Build the model from counts (V, V)."""


@runtime_checkable
class NGramModel(Protocol[C]):
    """A model of n-grams computed in SQL."""

    @classmethod
    def from_ngrams(cls, ngrams: NGrams, config: C) -> LanguageModel:
        """Build the model from n-grams."""


@runtime_checkable
class LinearModel(Protocol[C]):
    """A model of one weight matrix, trained by full-batch gradient descent: its config is a `FullBatchRecipe`."""

    @classmethod
    def from_weights(cls, weights: npt.NDArray[np.float32], config: C) -> LanguageModel:
        """Build the model from weights (V, V), whose rows are the logits after each character."""


@runtime_checkable
class CombinedModel(Protocol[C]):
    """A model that combines other models of the same version, `config.parts`."""

    @classmethod
    def from_models(
        cls, parts: Sequence[LanguageModel], dev: Iterable[tuple[Tensor, Tensor, Tensor, Tensor]], config: C
    ) -> LanguageModel:
        """Build the model from its parts, fitted on batches of dev: xs, keep, ys, weights (`data.batches.Batch`)."""

    def parts(self) -> Sequence[LanguageModel]:
        """Return the combined models, in the order of `config.parts`."""


@runtime_checkable
class TrainedModel(NetModel, Protocol):
    """A net trained by gradient descent on minibatches: its config is a `Recipe`."""

    def initialise(self, rng: torch.Generator) -> None:
        """Draw the initial parameters."""
