"""The MLP: the last characters side by side, through layers of their own (Bengio et al. 2003)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

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
        logits = self._logits(self.layers[0](self.dropout(self.characters(past[row, place])).flatten(1)))
        return logits if keep is not None else logits.view(length, batch, -1).transpose(0, 1)

    def initial_state(self, batch: int) -> Tensor:
        """The last `block_size` ids (B, block_size): blank."""
        return torch.full((batch, self.block_size), self.blank, device=self.head.weight.device)

    def step(self, ix: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, V) of the character after `ix` (B,), and the last ids with it."""
        state = torch.cat([state[:, 1:], ix[:, None]], dim=1)
        return self._logits(self._first(state)), state

    def _first(self, past: Tensor) -> Tensor:
        """The first layer's product (B, n_hidden) with each window of ids (B, block_size).

        It is a sum of what each character gives at each place, which is reckoned once where names are more.
        """
        layer, n_chars = cast(nn.Linear, self.layers[0]), self.characters.num_embeddings
        if len(past) < n_chars:
            return torch.as_tensor(layer(self.characters(past).flatten(1)))
        of_place = layer.weight.view(self.config.n_hidden, self.block_size, -1).permute(1, 2, 0)
        table = (self.characters.weight @ of_place).flatten(0, 1)
        places = torch.arange(self.block_size, device=past.device) * n_chars
        return F.embedding_bag(past + places, table, mode="sum") + layer.bias

    def _logits(self, first: Tensor) -> Tensor:
        """Logits (N, V) of the character after each window, of the first layer's product with it."""
        x = self.dropout(F.gelu(self.norms[0](first)))
        for layer, norm in list(zip(self.layers, self.norms, strict=True))[1:]:
            x = x + self.dropout(F.gelu(norm(layer(x))))
        return torch.as_tensor(self.head(x))
