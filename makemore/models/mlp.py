"""The MLP: the last characters side by side, through layers of their own (Bengio et al. 2003)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models import Recipe, at_least, in_time_order


@dataclass(frozen=True)
class Config(Recipe):
    """Settings of the MLP."""

    names: int = 500_000
    dropout: float = 0.2

    block_size: int = 10
    """Characters of the past that it looks at."""
    n_embd: int = 32
    """Channels of a character."""
    n_hidden: int = 256
    """Channels of a layer."""
    n_layer: int = 2
    """Layers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("mlp", 1, block_size=self.block_size, n_embd=self.n_embd, n_hidden=self.n_hidden, n_layer=self.n_layer)


class Model(nn.Module):
    """Embeddings of the last `block_size` characters, joined, then layers with a norm; all but the first add up."""

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.block_size = config.block_size
        self.blank = vocab_size
        """Id of the places before a name begins."""
        self.characters = nn.Embedding(vocab_size + 1, config.n_embd)
        reads = [config.block_size * config.n_embd] + [config.n_hidden] * (config.n_layer - 1)
        self.layers = nn.ModuleList(nn.Linear(size, config.n_hidden) for size in reads)
        self.norms = nn.ModuleList(nn.LayerNorm(config.n_hidden) for _ in reads)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.n_hidden, vocab_size)

    def initialise(self, rng: torch.Generator) -> None:
        """Set all weights to random numbers."""
        nn.init.normal_(self.characters.weight, std=0.3, generator=rng)
        for linear in (*self.layers, self.head):
            nn.init.normal_(linear.weight, std=linear.in_features**-0.5, generator=rng)
            nn.init.zeros_(linear.bias)

    def forward(self, idx: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T); (N, V) of those that `keep` marks."""
        batch, length = idx.shape
        _, row, place = in_time_order(idx, keep)
        past = F.pad(idx, (self.block_size - 1, 0), value=self.blank).unfold(1, self.block_size, 1)
        logits = self._logits(past[row, place])
        return logits if keep is not None else logits.view(length, batch, -1).transpose(0, 1)

    def initial_state(self, batch: int) -> Tensor:
        """The last `block_size` ids (B, block_size): blank."""
        return torch.full((batch, self.block_size), self.blank, device=self.head.weight.device)

    def step(self, ix: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, V) of the character after `ix` (B,), and the last ids with it."""
        state = torch.cat([state[:, 1:], ix[:, None]], dim=1)
        return self._logits(state), state

    def _logits(self, past: Tensor) -> Tensor:
        """Logits (N, V) of the character after each window of ids (N, block_size)."""
        x = self.dropout(self.characters(past)).flatten(1)
        for i, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            y = self.dropout(F.gelu(norm(layer(x))))
            x = x + y if i else y
        return torch.as_tensor(self.head(x))
