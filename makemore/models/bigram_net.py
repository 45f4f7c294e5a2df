"""The lecture's one-layer net: one-hot characters times W, softmax, trained to the counts' own answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from makemore.models import at_least


@dataclass(frozen=True)
class Config:
    """Settings of the net; the defaults are the lecture's."""

    steps: int = 200
    """Full-batch steps of gradient descent."""
    learning_rate: float = 50.0
    """Length of a step."""
    regularisation: float = 0.01
    """Weight of the mean of W**2 in the loss; more of it smooths, as a higher count does in the bigram."""

    def __post_init__(self) -> None:
        at_least("bigram_net", 1, steps=self.steps)
        at_least("bigram_net", 0, regularisation=self.regularisation)
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"bigram_net.learning_rate={self.learning_rate}: use more than 0.")


class Model(nn.Module):
    """Logits are a row of W (V, V): what one-hot @ W picks out (Karpathy, "building makemore", part 1)."""

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.W = nn.Parameter(torch.zeros((vocab_size, vocab_size)))

    def initialise(self, rng: torch.Generator) -> None:
        """Set W to normal random numbers, the lecture's for the lecture's seed."""
        with torch.no_grad():
            self.W.copy_(torch.randn(self.W.shape, generator=rng))

    def penalty(self) -> Tensor:
        """What regularisation multiplies: the mean of W**2."""
        return (self.W**2).mean()

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T)."""
        return self.W[idx]

    def initial_state(self, batch: int) -> None:
        """Nothing: the last character is all that counts."""

    def step(self, ix: Tensor, state: None) -> tuple[Tensor, None]:
        """Logits (B, V) of the character after `ix` (B,)."""
        return self.W[ix], None

    def transitions(self) -> tuple[Tensor, Tensor]:
        """The model as an automaton: a state is the last character; logits (V, V), and the state after each."""
        return self.W, torch.arange(len(self.W)).expand_as(self.W)
