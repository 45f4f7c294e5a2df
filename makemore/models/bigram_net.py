"""The lecture's one-layer net: one-hot characters, a linear layer, softmax."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from makemore.models import FullBatchRecipe


@dataclass(frozen=True)
class Config(FullBatchRecipe):
    """The defaults are the lecture's."""


class Model(nn.Module):
    """Logits are rows of W (V, V), which equals one-hot @ W (Karpathy, "building makemore", part 1)."""

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.W = nn.Parameter(torch.zeros((vocab_size, vocab_size)))

    def initialise(self, rng: torch.Generator) -> None:
        """Draw W from a normal distribution; the lecture's seed gives the lecture's W."""
        with torch.no_grad():
            self.W.copy_(torch.randn(self.W.shape, generator=rng))

    def penalty(self) -> Tensor:
        return (self.W**2).mean()

    def forward(self, idx: Tensor) -> Tensor:
        return self.W[idx]

    def initial_state(self, batch: int) -> None:
        """No state: only the last character counts."""

    def step(self, ix: Tensor, state: None) -> tuple[Tensor, None]:
        return self.W[ix], None

    def transitions(self) -> tuple[Tensor, Tensor]:
        return self.W, torch.arange(len(self.W)).expand_as(self.W)
