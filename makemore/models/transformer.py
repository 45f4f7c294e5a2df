"""The transformer: a decoder with causal self-attention."""

import math
from dataclasses import dataclass, replace
from typing import Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models import Recipe
from makemore.models._net import Net

CACHE_BLOCK = 8
"""Positions by which a cache grows."""


@dataclass(frozen=True)
class Config(Recipe):
    names: int = 800_000
    learning_rate: float = 3e-3
    dropout: float = 0.12
    n_layer: int = 4  # blocks
    n_head: int = 4  # attention heads of a block
    n_embd: int = 64  # channels
    n_before: int = 2  # previous characters whose embeddings are added to each character's own
    block_size: int = 0  # number of position embeddings; 0 means the length of the longest training name

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(1, "n_layer", "n_head", "n_embd")
        self.require(0, "block_size", "n_before")
        if self.n_embd % self.n_head:
            raise self.invalid("n_embd", f"use a multiple of n_head, {self.n_head}")

    def for_length(self, length: int) -> Self:
        return replace(self, block_size=self.block_size or length)


@dataclass(frozen=True)
class KVCache:
    """Keys and values of B names, the batch in the last dimension.

    Callers drop names by indexing the tensors of a state. That would be slow for the cache, so a state indexes `rows`
    instead, and the cache gathers them at the next step.
    """

    kv: Tensor  # keys and values (T, n_layer, 2, n_head, C / n_head, B), of which `length` positions are set
    rows: Tensor  # 0 to B - 1, (B,)
    length: int = 0

    def grow(self, rows: Tensor) -> "KVCache":
        """Return a cache of these rows with one more position, to be set; it shares memory where there is room."""
        if rows is self.rows and self.length < len(self.kv):
            return KVCache(self.kv, rows, self.length + 1)
        kv = self.kv.new_empty(self.length + CACHE_BLOCK, *self.kv.shape[1:-1], len(rows))
        before, after = self.kv[: self.length], kv[: self.length]
        # On six dimensions this takes ten times as long as on two.
        torch.index_select(before.flatten(0, -2), 1, rows, out=after.flatten(0, -2))
        return KVCache(kv, torch.arange(len(rows), device=rows.device), self.length + 1)


State = tuple[Tensor, Tensor, KVCache]


class Attention(nn.Module):
    """Causal self-attention (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.n_head = config.n_head
        self.qkv = nn.Linear(config.n_embd, 3 * config.n_embd, bias=False)
        self.out = nn.Linear(config.n_embd, config.n_embd, bias=False)

    def forward(self, x: Tensor, index: Tensor, batch: int, length: int) -> Tensor:
        """Output (N, C) for characters `x` (N, C), which stand at `index` (N,) of the flattened batch (B * T)."""
        channels = x.shape[1]
        # Only attention needs the padded layout; padding follows the name, so no character attends to it.
        padded = x.new_zeros(batch * length, 3 * channels).index_copy(0, index, self.qkv(x))
        q, k, v = padded.view(batch, length, 3, self.n_head, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return torch.as_tensor(self.out(y.transpose(1, 2).reshape(-1, channels).index_select(0, index)))

    def step(self, x: Tensor, kv: Tensor) -> Tensor:
        """Output (B, C) for the next `x`; sets the last keys and values of `kv` (T, 2, n_head, C / n_head, B)."""
        qkv = (self.qkv.weight @ x.T).view(3, *kv.shape[2:])
        q, keys, values = qkv[0], kv[:, 0], kv[:, 1]
        kv[-1] = qkv[1:]
        # With one query per name this takes a fifth of the time of F.scaled_dot_product_attention.
        weights = ((q * keys).sum(dim=2) * q.shape[1] ** -0.5).softmax(dim=0)
        return torch.as_tensor(self.out((weights[:, :, None] * values).sum(dim=0).flatten(0, 1).T))


class Block(nn.Module):
    """Attention and an MLP, each with a layer norm before it and a residual connection around it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.n_embd)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.n_embd)
        self.wide = nn.Linear(config.n_embd, 4 * config.n_embd)
        self.narrow = nn.Linear(4 * config.n_embd, config.n_embd)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, index: Tensor, batch: int, length: int) -> Tensor:
        """Output (N, C), as in `Attention.forward`."""
        return self._mlp(x + self.dropout(self.attention(self.norm1(x), index, batch, length)))

    def step(self, x: Tensor, kv: Tensor) -> Tensor:
        """Output (B, C), as in `Attention.step`."""
        return self._mlp(x + self.attention.step(self.norm1(x), kv))

    def _mlp(self, x: Tensor) -> Tensor:
        return torch.as_tensor(x + self.dropout(self.narrow(F.gelu(self.wide(self.norm2(x))))))


class Model(Net):
    """A decoder with pre-norm blocks, as in GPT-2 (Radford et al. 2019).

    Adding the embeddings of the `n_before` previous characters spares the layers from learning to attend to them:
    0.03 nats early in training, 0.01 late (docs/project/log.md).
    """

    gain = 0.7

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.blank = vocab_size  # id of the positions before a name
        self.characters = nn.Embedding(vocab_size, config.n_embd)
        self.before = nn.ModuleList(nn.Embedding(vocab_size + 1, config.n_embd) for _ in range(config.n_before))
        self.places = nn.Embedding(max(1, config.block_size), config.n_embd)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = nn.LayerNorm(config.n_embd)
        self.head = nn.Linear(config.n_embd, vocab_size, bias=False)

    def initialise(self, rng: torch.Generator) -> None:
        """Scale the parameters that end a residual branch down by the number of branches."""
        super().initialise(rng)
        for name, parameter in self.named_parameters():
            if name.endswith(("attention.out.weight", "narrow.weight")):
                parameter.data /= math.sqrt(2 * len(self.blocks))

    def logits_at(self, idx: Tensor, row: Tensor, pos: Tensor) -> Tensor:
        past = F.pad(idx, (self.config.n_before, 0), value=self.blank)
        x = self.dropout(self._embed(idx[row, pos], [past[row, pos + i] for i in range(self.config.n_before)], pos))
        for block in self.blocks:
            x = block(x, row * idx.shape[1] + pos, *idx.shape)
        return torch.as_tensor(self.head(self.norm(x)))

    def initial_state(self, batch: int) -> State:
        """Previous ids (B, n_before), rows (B,) of the cache, and the empty cache."""
        config, weight = self.config, self.head.weight
        past = torch.full((batch, config.n_before), self.blank, device=weight.device)
        rows = torch.arange(batch, device=weight.device)
        kv = weight.new_empty(0, config.n_layer, 2, config.n_head, config.n_embd // config.n_head, batch)
        return past, rows, KVCache(kv, rows)

    @torch.no_grad()
    def step(self, ix: Tensor, state: State) -> tuple[Tensor, State]:
        past, cache = state[0], state[2].grow(state[1])
        x = self._embed(ix, list(past.T), torch.full_like(ix, cache.length - 1))
        for layer, block in enumerate(self.blocks):
            x = cast(Block, block).step(x, cache.kv[: cache.length, layer])
        past = torch.cat([past, ix[:, None]], dim=1)[:, 1:]
        return self.head(self.norm(x)), (past, cache.rows, cache)

    def _embed(self, ix: Tensor, before: list[Tensor], pos: Tensor) -> Tensor:
        """Embed (N, C) characters and those before them, oldest first; positions past the last share its embedding."""
        x = self.characters(ix) + self.places(pos.clamp(max=self.places.num_embeddings - 1))
        for embedding, earlier in zip(self.before, before, strict=True):
            x = x + embedding(earlier)
        return torch.as_tensor(x)
