"""The bag of words: the mean of the embeddings so far, added to the last one."""

from dataclasses import dataclass, replace
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models import Recipe
from makemore.models._net import Net

State = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Config(Recipe):
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
        return replace(self, block_size=self.block_size or length)


class Model(Net):
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

    def logits_at(self, idx: Tensor, row: Tensor, pos: Tensor) -> Tensor:
        positions = torch.arange(idx.shape[1], device=idx.device)
        x = self._embed(idx, positions)
        mean = x.cumsum(dim=1) / (positions + 1)[:, None]
        return self._logits(x[row, pos], mean[row, pos])

    def initial_state(self, batch: int) -> State:
        """Sum of the embeddings so far (B, C), and their number (B, 1)."""
        sums = self.head.weight.new_zeros(batch, self.config.n_embd)
        return sums, torch.zeros((batch, 1), dtype=torch.int64, device=sums.device)

    def step(self, ix: Tensor, state: State) -> tuple[Tensor, State]:
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
