"""The model types: one file of this folder each, found by its name; models know ids, not characters.

A file defines `Config`, a frozen dataclass of its settings, and `Model(vocab_size, config)`, a `LanguageModel`.
A model of finitely many states has `transitions()`: logits (S, V) of each state, 0 being the start of a name, and the
state (S, V) after each character.

A model that is counted has `from_counts(counts, config)` or `from_grams(grams, config)`. One that is trained has
`initialise(rng)`; its Config is a `Recipe`, or it has `penalty()` and the settings of the lecture's descent: `steps`,
`learning_rate` and `regularisation`.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "LanguageModel", "Recipe", "at_least", "bigram", "bigram_net", "bow", "check_model_type", "configure", "defaults",
    "gru", "in_time_order", "mixture", "mlp", "model_class", "model_types", "ngram", "rnn", "transformer",
]  # fmt: skip


class LanguageModel(Protocol):
    """What every model type does; `forward` and `step` give the same logits."""

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T)."""
        ...

    def initial_state(self, batch: int) -> Any:
        """What the model remembers at the start of `batch` names: None, or tensors with a row a name."""
        ...

    def step(self, ix: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Logits (B, V) of the character after `ix` (B,), and the state after it; the one before is used up."""
        ...


@dataclass(frozen=True)
class Recipe:
    """How a net is trained; each model type has defaults of its own, found on dev (docs/project/log.md)."""

    names: int = 1_000_000
    """Names to read in all, each line as often as any other: training takes as long on any list."""
    epochs: int = 40
    """Times that a line is read at most: a short list ends before `names`."""
    batch_size: int = 64
    """Names a step."""
    learning_rate: float = 2e-3
    """Of AdamW, at its highest: it warms up, then decays to nothing."""
    weight_decay: float = 0.1
    """Of AdamW, on matrices that are no embedding."""
    dropout: float = 0.1
    """Share of the channels that a step leaves out."""

    def __post_init__(self) -> None:
        model_type = type(self).__module__.rpartition(".")[2]
        at_least(model_type, 1, names=self.names, epochs=self.epochs, batch_size=self.batch_size)
        at_least(model_type, 0, weight_decay=self.weight_decay)
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"{model_type}.learning_rate={self.learning_rate}: use more than 0.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"{model_type}.dropout={self.dropout}: use 0 or more, and less than 1.")


def at_least(model_type: str, least: float, **settings: float) -> None:
    """Nothing, if each of the settings is a number and no less than `least`.

    Raises:
        ValueError: one is less.
    """
    for setting, value in settings.items():
        if not least <= value < float("inf"):
            raise ValueError(f"{model_type}.{setting}={value}: use {least} or more.")


def in_time_order(idx: Tensor, keep: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """The ids of a batch `idx` (B, T), all or those that `keep` (B, T) marks, and of each its row and its place: (N,).

    First characters of all names come first, then the second ones: with the longest name in the first row that is
    how recurrent nets read a batch of names of several lengths, and nets have no work with what pads it.
    """
    keep = idx >= 0 if keep is None else keep
    place, row = keep.T.nonzero(as_tuple=True)
    return idx[row, place], row, place


def model_types() -> tuple[str, ...]:
    """Names of all model types."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def check_model_type(model_type: str) -> str:
    """The same model type.

    Raises:
        ValueError: there is none of that name.
    """
    if model_type not in model_types():
        raise ValueError(f"no model type {model_type!r}: use one of {', '.join(model_types())}.")
    return model_type


def defaults(model_type: str) -> dict[str, Any]:
    """The settings of a model type and their defaults.

    Raises:
        ValueError: there is none of that name.
    """
    return {field.name: field.default for field in fields(config_class(model_type))}


def configure(model_type: str, settings: dict[str, Any]) -> Any:
    """The model type's `Config` with these settings, given as text or as their own type.

    Raises:
        ValueError: a setting is unknown, or is no number of its type.
    """
    known = defaults(model_type)
    values = {}
    for setting, value in settings.items():
        if setting not in known:
            raise ValueError(f"{model_type} has no setting {setting!r}: use one of {', '.join(known)}.")
        kind = type(known[setting])
        try:
            values[setting] = kind(value)
        except ValueError as error:
            raise ValueError(f"{model_type}.{setting}={value}: use a number ({kind.__name__}).") from error
    return config_class(model_type)(**values)


def config_class(model_type: str) -> Any:
    """The class of a model type's settings."""
    return import_module(f"{__name__}.{check_model_type(model_type)}").Config


def model_class(model_type: str) -> Any:
    """The class of a model type; called as `model_class(model_type)(vocab_size, config)`."""
    return import_module(f"{__name__}.{check_model_type(model_type)}").Model
