"""The lecture's counting bigram: how often each character follows each other one, as probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from makemore.models import at_least


@dataclass(frozen=True)
class Config:
    """Settings of the bigram."""

    smoothing: float = 1.0
    """Count added to each bigram."""

    def __post_init__(self) -> None:
        at_least("bigram", 0, smoothing=self.smoothing)


class Model(nn.Module):
    """P = (N + smoothing) / its rows' sums (Karpathy, "building makemore", part 1).

    Logits are float64 log-probabilities: minus infinity where smoothing is 0 and a pair was never seen. A
    character that was never followed by any has nothing to tell at smoothing 0: its row is uniform.
    """

    N: Tensor

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("N", torch.zeros((vocab_size, vocab_size), dtype=torch.int64))

    @classmethod
    def from_counts(cls, counts: Tensor, config: Config) -> Model:
        """The model of counts (V, V): `counts[ix1, ix2]` is how often ix2 follows ix1."""
        model = cls(len(counts), config)
        model.N.copy_(counts)
        return model

    @property
    def P(self) -> Tensor:
        """Probabilities (V, V) in float64: each row sums to one."""
        smoothed = self.N.double() + self.config.smoothing
        rows = smoothed.sum(dim=1, keepdim=True)
        return torch.where(rows > 0, smoothed / rows, 1 / len(smoothed))

    @cached_property
    def logits(self) -> Tensor:
        """Log of P, computed once: counts do not change after they are loaded."""
        return self.P.log()

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T)."""
        return self.logits[idx]

    def initial_state(self, batch: int) -> None:
        """Nothing: the last character is all that counts."""

    def step(self, ix: Tensor, state: None) -> tuple[Tensor, None]:
        """Logits (B, V) of the character after `ix` (B,)."""
        return self.logits[ix], None

    def transitions(self) -> tuple[Tensor, Tensor]:
        """The model as an automaton: a state is the last character; logits (V, V), and the state after each."""
        return self.logits, torch.arange(len(self.logits)).expand_as(self.logits)
