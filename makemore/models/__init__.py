"""The model types, one file each, and the contracts that they implement. Models know ids, not characters.

A file defines `Config(ModelConfig)`, a frozen dataclass, and `Model(vocab_size, config)`, a `LanguageModel`.
To add a model type, add one file: commands, artifact folders and parametrised tests derive from its name. For a count
model, derive `Model` from `_count_model.CountModel`: it is read, sampled and scored without torch. For a net that
minibatches train, derive `Model` from `_net.Net` and `Config` from `Recipe`.

- `model_types`, `check_model_type`, `model_class`, `config_class`: find a model type by name
- `configure`, `defaults`: its settings
- `LanguageModel`: settings and tensors
- `AutomatonModel`: finitely many states, in numpy
- `NetModel`: logits for training and for generation, in torch
- `CountedModel`, `NGramModel`, `LinearModel`, `TrainedModel`, `CombinedModel`: where the parameters come from
- `components`: a model and the models it combines
- `ModelConfig`, `Recipe`, `FullBatchRecipe`: settings, of minibatch training, of full-batch descent
- `State`: the state of a generation
- `bigram`, `ngram`: the model types that other packages use by name

Imports only the root modules. Importing the package does not import torch.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from types import ModuleType
from typing import Any

from makemore.errors import InvalidOption, extra
from makemore.models._config import FullBatchRecipe, ModelConfig, Recipe
from makemore.models._protocols import (
    AutomatonModel,
    CombinedModel,
    CountedModel,
    LanguageModel,
    LinearModel,
    NetModel,
    NGramModel,
    State,
    TrainedModel,
)  # fmt: skip

__all__ = [
    "AutomatonModel", "CombinedModel", "CountedModel", "FullBatchRecipe", "LanguageModel", "LinearModel", "ModelConfig",
    "NGramModel", "NetModel", "Recipe", "State", "TrainedModel", "bigram", "check_model_type", "components",
    "config_class", "configure", "defaults", "model_class", "model_types", "ngram",
]  # fmt: skip


def model_types() -> tuple[str, ...]:
    """Names of all model types."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def check_model_type(model_type: str) -> str:
    """Return the model type; raise InvalidOption if it is unknown."""
    if model_type not in model_types():
        raise InvalidOption(f"unknown model type {model_type!r}", f"use one of {', '.join(model_types())}")
    return model_type


def model_class(model_type: str) -> type[LanguageModel]:
    """Class of a model type."""
    cls: type[LanguageModel] = _module(model_type).Model
    return cls


def config_class(model_type: str) -> type[ModelConfig]:
    """Class of a model type's settings."""
    cls: type[ModelConfig] = _module(model_type).Config
    return cls


def defaults(model_type: str) -> dict[str, Any]:
    """Default value of each setting of a model type."""
    return {field.name: field.default for field in fields(config_class(model_type))}


def configure(model_type: str, settings: Mapping[str, Any]) -> ModelConfig:
    """Build the config of a model type from settings given as text or as their own type; raise InvalidOption."""
    known, values = defaults(model_type), {}
    for setting, value in settings.items():
        if setting not in known:
            raise InvalidOption(f"unknown setting {setting!r} of {model_type}", f"use one of {', '.join(known)}")
        kind = type(known[setting])
        try:
            values[setting] = kind(value)
        except ValueError:
            message = f"{model_type}.{setting}={value} is not a number"
            raise InvalidOption(message, f"use a number ({kind.__name__})") from None
    return config_class(model_type)(**values)


def components(model: LanguageModel) -> list[LanguageModel]:
    """Return the model and the models it combines."""
    return [model, *(model.parts() if isinstance(model, CombinedModel) else ())]


def _module(model_type: str) -> ModuleType:
    with extra("train"):
        return import_module(f"{__name__}.{check_model_type(model_type)}")
