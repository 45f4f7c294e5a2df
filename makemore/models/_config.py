"""Settings of the model types: what all share, and how a model is trained."""

from dataclasses import dataclass
from typing import Self

from makemore.errors import InvalidOption


@dataclass(frozen=True)
class ModelConfig:
    """Settings of a model type. Each field has a default, whose type is the type of the setting."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Model types that the model combines."""
        return ()

    @property
    def needs_dev(self) -> bool:
        """Whether training requires names in dev."""
        return False

    def require(self, minimum: float, *settings: str) -> None:
        """Raise InvalidOption unless each setting is finite and at least `minimum`."""
        for setting in settings:
            if not minimum <= getattr(self, setting) < float("inf"):
                raise self.invalid(setting, f"use {minimum} or more")

    def require_positive(self, setting: str) -> None:
        """Raise InvalidOption unless the setting is finite and positive."""
        if not 0 < getattr(self, setting) < float("inf"):
            raise self.invalid(setting, "use more than 0")

    def invalid(self, setting: str, hint: str) -> InvalidOption:
        """Return the error of a setting."""
        model_type = type(self).__module__.rpartition(".")[2]
        return InvalidOption(f"{model_type}.{setting}={getattr(self, setting)} is invalid", hint)


@dataclass(frozen=True)
class FullBatchRecipe(ModelConfig):
    """Settings of full-batch gradient descent; the defaults are the lecture's."""

    steps: int = 200  # full-batch steps of gradient descent
    learning_rate: float = 50.0  # factor of the gradient in a step
    regularisation: float = 0.01  # weight of the penalty in the loss; more of it smooths, as in the bigram

    def __post_init__(self) -> None:
        self.require(1, "steps")
        self.require(0, "regularisation")
        self.require_positive("learning_rate")


@dataclass(frozen=True)
class Recipe(ModelConfig):
    """Settings of minibatch training. Each model type has its own defaults, tuned on dev (docs/project/log.md)."""

    names: int = 1_000_000  # names to read in total, each line equally often: training time does not depend on the list
    epochs: int = 40  # maximum number of passes over the lines: training on a short list ends before `names`
    batch_size: int = 64  # names per step
    learning_rate: float = 2e-3  # peak learning rate of AdamW: it warms up, then decays to 0
    weight_decay: float = 0.1  # weight decay of AdamW, on matrices other than embeddings
    dropout: float = 0.1  # share of channels that a step drops

    def __post_init__(self) -> None:
        self.require(1, "names", "epochs", "batch_size")
        self.require(0, "weight_decay")
        self.require_positive("learning_rate")
        if not 0 <= self.dropout < 1:
            raise self.invalid("dropout", "use 0 or more, below 1")

    def for_length(self, length: int) -> Self:
        """Return the config for names of up to `length` ids; models with position embeddings set `block_size` if 0."""
        return self
