"""The transformer: each character looks at all those before it, in several layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from makemore.models import Recipe, at_least, in_time_order

Cache = tuple[Tensor, Tensor]
State = tuple[Tensor, tuple[Cache, ...]]


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

    def step(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """What the next character (B, C) gathers, and the keys and values (B, n_head, T, C / n_head) so far."""
        q, k, v = self._heads(self.qkv(x)[:, None])
        k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        return self.out(F.scaled_dot_product_attention(q, k, v).flatten(1)), (k, v)

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

    def step(self, x: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
        """The next layer's (B, C) of the next character, and this layer's cache."""
        gathered, cache = self.attention.step(self.norm1(x), cache)
        return self._own(x + gathered), cache

    def _own(self, x: Tensor) -> Tensor:
        return torch.as_tensor(x + self.dropout(self.narrow(F.gelu(self.wide(self.norm2(x))))))


class Model(nn.Module):
    """A decoder with norms before its layers, as GPT-2 has them (Radford et al. 2019).

    Each character is read along with the `n_before` before it, which have embeddings of their own: no layer has to
    learn first to look one place back. That is worth 0.03 nats early in a training, 0.01 late (docs/log.md).
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
        """Blank ids before (B, n_before), and no keys and values yet: a pair (B, n_head, 0, C / n_head) a layer."""
        config = self.config
        empty = self.head.weight.new_zeros(batch, config.n_head, 0, config.n_embd // config.n_head)
        past = torch.full((batch, config.n_before), self.blank, device=empty.device)
        return past, tuple((empty, empty) for _ in self.blocks)

    def step(self, ix: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) of the character after `ix` (B,), and the ids, keys and values with its own."""
        past, caches = state
        x, after = self._embedded(ix, list(past.T), torch.full_like(ix, caches[0][0].shape[2])), []
        for block, cache in zip(self.blocks, caches, strict=True):
            x, grown = cast(Block, block).step(x, cache)
            after.append(grown)
        return self.head(self.norm(x)), (torch.cat([past, ix[:, None]], dim=1)[:, 1:], tuple(after))

    def _embedded(self, ix: Tensor, before: list[Tensor], place: Tensor) -> Tensor:
        """Embeddings (N, C) of characters, of those before them, oldest first, and of their places.

        A name longer than any of train goes on at the last place.
        """
        x = self.characters(ix) + self.places(place.clamp(max=self.places.num_embeddings - 1))
        for embedding, earlier in zip(self.before, before, strict=True):
            x = x + embedding(earlier)
        return torch.as_tensor(x)
