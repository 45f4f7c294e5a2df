"""The lecture's counting bigram: normalised counts of each character after each other one."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor, nn

from makemore.models import ModelConfig


@dataclass(frozen=True)
class Config(ModelConfig):
    smoothing: float = 1.0  # count added to each bigram

    def __post_init__(self) -> None:
        self.require(0, "smoothing")


class Model(nn.Module):
    """P = (N + smoothing) / row sums (Karpathy, "building makemore", part 1).

    Logits are float64 log-probabilities. With smoothing 0, an unseen pair has -inf and a row without counts is uniform.
    """

    N: Tensor

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("N", torch.zeros((vocab_size, vocab_size), dtype=torch.int64))

    @classmethod
    def from_counts(cls, counts: Tensor, config: Config) -> Self:
        model = cls(len(counts), config)
        model.N.copy_(counts)
        return model

    @property
    def P(self) -> Tensor:
        """Probabilities (V, V), float64."""
        smoothed = self.N.double() + self.config.smoothing
        rows = smoothed.sum(dim=1, keepdim=True)
        return torch.where(rows > 0, smoothed / rows, 1 / len(smoothed))

    @cached_property
    def logits(self) -> Tensor:
        """Log of P (V, V), computed once: counts do not change after loading."""
        return self.P.log()

    def forward(self, idx: Tensor) -> Tensor:
        return self.logits[idx]

    def initial_state(self, batch: int) -> None:
        """No state: only the last character counts."""

    def step(self, ix: Tensor, state: None) -> tuple[Tensor, None]:
        return self.logits[ix], None

    def transitions(self) -> tuple[Tensor, Tensor]:
        return self.logits, torch.arange(len(self.logits)).expand_as(self.logits)
