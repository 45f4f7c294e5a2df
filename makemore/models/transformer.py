"""The transformer: each character looks at all those before it, in several layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models import Recipe, at_least, in_time_order

CHUNK = 8
"""Places by which a cache grows."""


@dataclass(frozen=True)
class Cache:
    """Keys and values of names, which stand side by side in the last dimension.

    Names are dropped from a state by taking rows of its tensors. Of a cache that would be slow; a state has `rows` in
    its stead, and a cache that sees other rows than its own takes those itself.
    """

    seen: Tensor
    """Of `length` places, and of some to come (T, n_layer, 2, n_head, C / n_head, B)."""
    rows: Tensor
    """0 to B - 1, (B,)."""
    length: int = 0

    def longer(self, rows: Tensor) -> Cache:
        """The cache of these rows, with one place more, yet to be written; in the same memory where that has room."""
        if rows is self.rows and self.length < len(self.seen):
            return Cache(self.seen, rows, self.length + 1)
        seen = self.seen.new_empty(self.length + CHUNK, *self.seen.shape[1:-1], len(rows))
        before, after = self.seen[: self.length], seen[: self.length]
        # On six dimensions this takes ten times as long as on two.
        torch.index_select(before.flatten(0, -2), 1, rows, out=after.flatten(0, -2))
        return Cache(seen, torch.arange(len(rows), device=rows.device), self.length + 1)


State = tuple[Tensor, Tensor, Cache]


@dataclass(frozen=True)
class Config(Recipe):
    """Settings of the transformer."""

    names: int = 800_000
    learning_rate: float = 3e-3
    dropout: float = 0.12
    n_layer: int = 4
    """Blocks."""
    n_head: int = 4
    """Heads of a block's attention."""
    n_embd: int = 64
    """Channels."""
    n_before: int = 2
    """Characters that are read along with each: those before it."""
    block_size: int = 0
    """Places that have an embedding of their own; as many as the longest name of train needs if 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("transformer", 1, n_layer=self.n_layer, n_head=self.n_head, n_embd=self.n_embd)
        at_least("transformer", 0, block_size=self.block_size, n_before=self.n_before)
        if self.n_embd % self.n_head:
            raise ValueError(f"transformer.n_embd={self.n_embd}: use a multiple of n_head, {self.n_head}.")


class Attention(nn.Module):
    """Causal self-attention (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.n_head = config.n_head
        self.qkv = nn.Linear(config.n_embd, 3 * config.n_embd, bias=False)
        self.out = nn.Linear(config.n_embd, config.n_embd, bias=False)

    def forward(self, x: Tensor, places: Tensor, batch: int, length: int) -> Tensor:
        """What each of N characters (N, C) gathers, of names (B, T) of which they are the `places` (N,)."""
        channels = x.shape[1]
        # Names are laid out with their padding for the attention alone: what pads stands after the name, unseen.
        padded = x.new_zeros(batch * length, 3 * channels).index_copy(0, places, self.qkv(x))
        q, k, v = self._heads(padded.view(batch, length, -1))
        gathered = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return torch.as_tensor(self.out(gathered.transpose(1, 2).reshape(-1, channels).index_select(0, places)))

    def step(self, x: Tensor, seen: Tensor) -> Tensor:
        """What the next characters (B, C) gather of a layer's `seen`, to whose last place their own is written."""
        qkv = (self.qkv.weight @ x.T).view(3, *seen.shape[2:])
        q, keys, values = qkv[0], seen[:, 0], seen[:, 1]
        seen[-1] = qkv[1:]
        # With one query a name this takes a fifth of the time of F.scaled_dot_product_attention.
        weights = ((q * keys).sum(dim=2) * q.shape[1] ** -0.5).softmax(dim=0)
        return torch.as_tensor(self.out((weights[:, :, None] * values).sum(dim=0).flatten(0, 1).T))

    def _heads(self, qkv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = qkv.view(*qkv.shape[:2], 3, self.n_head, -1).permute(2, 0, 3, 1, 4)
        return q, k, v


class Block(nn.Module):
    """Attention, then a layer of each character's own; each reads a norm of the sum and adds to it."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.n_embd)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.n_embd)
        self.wide = nn.Linear(config.n_embd, 4 * config.n_embd)
        self.narrow = nn.Linear(4 * config.n_embd, config.n_embd)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, places: Tensor, batch: int, length: int) -> Tensor:
        """The next layer's (N, C)."""
        x = x + self.dropout(self.attention(self.norm1(x), places, batch, length))
        return self._own(x)

    def step(self, x: Tensor, seen: Tensor) -> Tensor:
        """The next layer's (B, C) of the next characters."""
        return self._own(x + self.attention.step(self.norm1(x), seen))

    def _own(self, x: Tensor) -> Tensor:
        return torch.as_tensor(x + self.dropout(self.narrow(F.gelu(self.wide(self.norm2(x))))))


class Model(nn.Module):
    """A decoder with norms before its layers, as GPT-2 has them (Radford et al. 2019).

    Each character is read along with the `n_before` before it, which have embeddings of their own: no layer has to
    learn first to look one place back. That is worth 0.03 nats early in a training, 0.01 late (docs/project/log.md).
    """

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.blank = vocab_size
        """Id of the places before a name begins."""
        self.characters = nn.Embedding(vocab_size, config.n_embd)
        self.before = nn.ModuleList(nn.Embedding(vocab_size + 1, config.n_embd) for _ in range(config.n_before))
        self.places = nn.Embedding(max(1, config.block_size), config.n_embd)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = nn.LayerNorm(config.n_embd)
        self.head = nn.Linear(config.n_embd, vocab_size, bias=False)

    def initialise(self, rng: torch.Generator) -> None:
        """Set all weights to random numbers; what is added to the sum is the smaller the more layers add to it."""
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.3, generator=rng)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.7 * module.in_features**-0.5, generator=rng)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for name, parameter in self.named_parameters():
            if name.endswith(("attention.out.weight", "narrow.weight")):
                parameter.data /= math.sqrt(2 * len(self.blocks))

    def forward(self, idx: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T); (N, V) of those that `keep` marks."""
        batch, length = idx.shape
        ix, row, place = in_time_order(idx, keep)
        past = F.pad(idx, (self.config.n_before, 0), value=self.blank)
        x = self.dropout(self._embedded(ix, [past[row, place + i] for i in range(self.config.n_before)], place))
        for block in self.blocks:
            x = block(x, row * length + place, batch, length)
        logits: Tensor = self.head(self.norm(x))
        return logits if keep is not None else logits.view(length, batch, -1).transpose(0, 1)

    def initial_state(self, batch: int) -> State:
        """Blank ids before (B, n_before), the rows (B,) of the cache that the names have, and the cache."""
        config, weight = self.config, self.head.weight
        past = torch.full((batch, config.n_before), self.blank, device=weight.device)
        rows = torch.arange(batch, device=weight.device)
        seen = weight.new_empty(0, config.n_layer, 2, config.n_head, config.n_embd // config.n_head, batch)
        return past, rows, Cache(seen, rows)

    @torch.no_grad()
    def step(self, ix: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) of the character after `ix` (B,), and the state with it.

        It is written to the memory of `state`, from which no other step can be taken then.
        """
        past, cache = state[0], state[2].longer(state[1])
        x = self._embedded(ix, list(past.T), torch.full_like(ix, cache.length - 1))
        for layer, block in enumerate(self.blocks):
            x = cast(Block, block).step(x, cache.seen[: cache.length, layer])
        past = torch.cat([past, ix[:, None]], dim=1)[:, 1:]
        return self.head(self.norm(x)), (past, cache.rows, cache)

    def _embedded(self, ix: Tensor, before: list[Tensor], place: Tensor) -> Tensor:
        """Embeddings (N, C) of characters, of those before them, oldest first, and of their places.

        A name longer than any of train goes on at the last place.
        """
        x = self.characters(ix) + self.places(place.clamp(max=self.places.num_embeddings - 1))
        for embedding, earlier in zip(self.before, before, strict=True):
            x = x + embedding(earlier)
        return torch.as_tensor(x)
