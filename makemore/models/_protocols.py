"""Contracts of the model types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

from makemore.models._config import ModelConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from makemore.models.ngram import NGrams

C = TypeVar("C", bound=ModelConfig, contravariant=True)

State = Any
"""State of a generation, opaque to callers: None, or tensors with one row per name. Index them to drop names."""


@runtime_checkable
class LanguageModel(Protocol):
    """A `torch.nn.Module` over ids; `forward` and `step` return the same logits."""

    def __init__(self, vocab_size: int, config: Any) -> None: ...

    @property
    def config(self) -> ModelConfig:
        """Settings of the model."""

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T)."""

    def initial_state(self, batch: int) -> State:
        """State before the first character of `batch` names."""

    def step(self, ix: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) of the character after `ix` (B,), and the next state; the given state becomes invalid."""

    # From torch.nn.Module:
    def __call__(self, idx: Tensor, /) -> Tensor: ...
    def parameters(self) -> Iterator[torch.nn.Parameter]: ...
    def buffers(self) -> Iterator[Tensor]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any: ...
    def to(self, device: torch.device) -> Self: ...
    def eval(self) -> Self: ...


@runtime_checkable
class AutomatonModel(LanguageModel, Protocol):
    """A model with finitely many states: constraints on its names are exact."""

    def transitions(self) -> tuple[Tensor, Tensor]:
        """Logits (S, V) of each state, and the next state (S, V) after each character; a name starts in state 0."""


@runtime_checkable
class CountedModel(Protocol[C]):
    """A model of bigram counts."""

    @classmethod
    def from_counts(cls, counts: Tensor, config: C) -> LanguageModel:
        """Build the model from counts (V, V)."""


@runtime_checkable
class NGramModel(Protocol[C]):
    """A model of n-grams computed in SQL."""

    @classmethod
    def from_ngrams(cls, ngrams: NGrams, config: C) -> LanguageModel:
        """Build the model from n-grams."""


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
class TrainedModel(LanguageModel, Protocol):
    """A model trained by gradient descent: its config is a `Recipe` or a `FullBatchRecipe`."""

    def initialise(self, rng: torch.Generator) -> None:
        """Draw the initial parameters."""


@runtime_checkable
class RegularisedModel(TrainedModel, Protocol):
    """A model with a penalty, for full-batch descent."""

    def penalty(self) -> Tensor:
        """Penalty that `regularisation` multiplies."""
