"""The bag of words: the mean of the embeddings so far, added to the last one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models import Recipe, in_time_order

State = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Config(Recipe):
    """Settings of the bag of words."""

    names: int = 300_000
    dropout: float = 0.0

    n_embd: int = 64  # channels of an embedding
    n_hidden: int = 256  # channels of the hidden layer
    block_size: int = 0  # number of position embeddings; 0 means the length of the longest training name

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(1, "n_embd", "n_hidden")
        self.require(0, "block_size")

    def for_length(self, length: int) -> Self:
        """Return the config with `block_size` set."""
        return replace(self, block_size=self.block_size or length)


class Model(nn.Module):
    """Embeddings, causal mean, MLP (`CausalBoW` and `BoWBlock` of karpathy/makemore, after its BoW baseline)."""

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.characters = nn.Embedding(vocab_size, config.n_embd)
        self.places = nn.Embedding(max(1, config.block_size), config.n_embd)
        self.wide = nn.Linear(config.n_embd, config.n_hidden)
        self.narrow = nn.Linear(config.n_hidden, config.n_embd)
        self.norm = nn.LayerNorm(config.n_embd)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.n_embd, vocab_size)

    def initialise(self, rng: torch.Generator) -> None:
        """Draw the initial parameters."""
        for embedding in (self.characters, self.places):
            nn.init.normal_(embedding.weight, std=0.3, generator=rng)
        for linear in (self.wide, self.narrow, self.head):
            nn.init.normal_(linear.weight, std=linear.in_features**-0.5, generator=rng)
            nn.init.zeros_(linear.bias)

    def forward(self, idx: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T), or (N, V) of those that `keep` (B, T) marks."""
        batch, length = idx.shape
        _, row, pos = in_time_order(idx, keep)
        x = self._embed(idx, torch.arange(length, device=idx.device))
        mean = x.cumsum(dim=1) / torch.arange(1, length + 1, device=idx.device)[:, None]
        logits = self._logits(x[row, pos], mean[row, pos])
        return logits if keep is not None else logits.view(length, batch, -1).transpose(0, 1)

    def initial_state(self, batch: int) -> State:
        """Sum of the embeddings so far (B, C), and their number (B, 1)."""
        sums = self.head.weight.new_zeros(batch, self.config.n_embd)
        return sums, torch.zeros((batch, 1), dtype=torch.int64, device=sums.device)

    def step(self, ix: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) of the character after `ix` (B,), and the next state."""
        x = self._embed(ix, state[1][:, 0])
        sums, number = state[0] + x, state[1] + 1
        return self._logits(x, sums / number), (sums, number)

    def _embed(self, ix: Tensor, pos: Tensor) -> Tensor:
        """Embed characters; positions past the last one share its embedding."""
        pos = pos.clamp(max=self.places.num_embeddings - 1)
        return torch.as_tensor(self.dropout(self.characters(ix) + self.places(pos)))

    def _logits(self, x: Tensor, mean: Tensor) -> Tensor:
        x = x + mean
        x = x + self.dropout(self.narrow(F.gelu(self.wide(x))))
        return torch.as_tensor(self.head(self.norm(x)))
