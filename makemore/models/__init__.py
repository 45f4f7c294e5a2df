"""The model types: one file of this folder each, found by its name; models know ids, not characters.

A file defines `Config`, a frozen dataclass of its settings, and `Model(vocab_size, config)`, a `LanguageModel`.
A model that is counted has `from_counts(counts, config)`; one that is trained has `initialise(rng)` and
`penalty()`, and its settings say `steps`, `learning_rate` and `regularisation`.
"""

from __future__ import annotations

import pkgutil
from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class LanguageModel(Protocol):
    """What every model type does; `forward` and `step` give the same logits."""

    block_size: int
    """Characters of the past that the model looks at."""

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T)."""
        ...

    def initial_state(self, batch: int) -> Any:
        """What the model remembers at the start of `batch` names: None, or tensors with a row a name."""
        ...

    def step(self, ix: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Logits (B, V) of the character after `ix` (B,), and the state after it."""
        ...


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
    config = import_module(f"{__name__}.{check_model_type(model_type)}").Config
    return {field.name: field.default for field in fields(config)}


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
    return import_module(f"{__name__}.{model_type}").Config(**values)


def model_class(model_type: str) -> Any:
    """The class of a model type; called as `model_class(model_type)(vocab_size, config)`."""
    return import_module(f"{__name__}.{check_model_type(model_type)}").Model
