"""The MLP: the embeddings of the last characters, concatenated, through hidden layers."""

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models import Recipe
from makemore.models._net import Net


@dataclass(frozen=True)
class Config(Recipe):
    names: int = 500_000
    dropout: float = 0.2
    block_size: int = 10  # characters of context
    n_embd: int = 32  # channels of an embedding
    n_hidden: int = 256  # channels of a hidden layer
    n_layer: int = 2  # hidden layers

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(1, "block_size", "n_embd", "n_hidden", "n_layer")


class Model(Net):
    """A neural probabilistic language model (Bengio et al. 2003), with layer norms and residual connections."""

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.blank = vocab_size  # id of the positions before a name
        self.characters = nn.Embedding(vocab_size + 1, config.n_embd)
        sizes = [config.block_size * config.n_embd] + [config.n_hidden] * (config.n_layer - 1)
        self.layers = nn.ModuleList(nn.Linear(size, config.n_hidden) for size in sizes)
        self.norms = nn.ModuleList(nn.LayerNorm(config.n_hidden) for _ in sizes)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.n_hidden, vocab_size)

    def logits_at(self, idx: Tensor, row: Tensor, pos: Tensor) -> Tensor:
        block_size = self.config.block_size
        past = F.pad(idx, (block_size - 1, 0), value=self.blank).unfold(1, block_size, 1)
        return self._logits(self.layers[0](self.dropout(self.characters(past[row, pos])).flatten(1)))

    def initial_state(self, batch: int) -> Tensor:
        """The last `block_size` ids (B, block_size)."""
        return torch.full((batch, self.config.block_size), self.blank, device=self.head.weight.device)

    def step(self, ix: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = torch.cat([state[:, 1:], ix[:, None]], dim=1)
        return self._logits(self._first_layer(state)), state

    def _first_layer(self, past: Tensor) -> Tensor:
        """Product (B, n_hidden) of the first layer with windows of ids (B, block_size), a sum over positions."""
        layer, n_chars = cast(nn.Linear, self.layers[0]), self.characters.num_embeddings
        if len(past) < n_chars:
            return torch.as_tensor(layer(self.characters(past).flatten(1)))
        # For large batches, compute each (position, character) term once.
        block_size = self.config.block_size
        by_position = layer.weight.view(self.config.n_hidden, block_size, -1).permute(1, 2, 0)
        table = (self.characters.weight @ by_position).flatten(0, 1)
        offsets = torch.arange(block_size, device=past.device) * n_chars
        return F.embedding_bag(past + offsets, table, mode="sum") + layer.bias

    def _logits(self, first: Tensor) -> Tensor:
        """Logits (N, V) from the first layer's product (N, n_hidden)."""
        x = self.dropout(F.gelu(self.norms[0](first)))
        for layer, norm in list(zip(self.layers, self.norms, strict=True))[1:]:
            x = x + self.dropout(F.gelu(norm(layer(x))))
        return torch.as_tensor(self.head(x))
