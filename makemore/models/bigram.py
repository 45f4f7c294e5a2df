"""The lecture's counting bigram: normalised counts of each character after each other one."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from makemore.models import ModelConfig
from makemore.models._count_model import CountModel, states_of_characters
from makemore.vocab import Floats, Ints


@dataclass(frozen=True)
class Config(ModelConfig):
    smoothing: float = 1.0  # count added to each bigram

    def __post_init__(self) -> None:
        self.require(0, "smoothing")


class Model(CountModel):
    """P = (N + smoothing) / row sums (Karpathy, "building makemore", part 1).

    Logits are float64 log-probabilities. With smoothing 0, an unseen pair has -inf and a row without counts is uniform.
    """

    tensor_names = ("N",)
    N: Ints

    def __init__(self, vocab_size: int, config: Config) -> None:
        self.config = config
        self.N = np.zeros((vocab_size, vocab_size), dtype=np.int64)

    @classmethod
    def from_counts(cls, counts: Ints, config: Config) -> Self:
        model = cls(len(counts), config)
        model.N[:] = counts
        return model

    @property
    def P(self) -> Floats:
        """Probabilities (V, V), float64."""
        smoothed = self.N + float(self.config.smoothing)
        rows = smoothed.sum(axis=1, keepdims=True)
        uniform = np.full_like(smoothed, 1 / len(smoothed))
        return np.asarray(np.divide(smoothed, rows, out=uniform, where=rows > 0))

    @cached_property
    def logits(self) -> Floats:
        """Log of P (V, V), computed once: counts do not change after loading."""
        with np.errstate(divide="ignore"):
            return np.log(self.P)

    def transitions(self) -> tuple[Floats, npt.NDArray[np.int32]]:
        return self.logits, states_of_characters(len(self.logits))
