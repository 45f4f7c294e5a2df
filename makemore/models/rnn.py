"""The RNN: what it remembers of a name is made anew from itself and each next character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from makemore.models import Recipe, at_least, in_time_order


@dataclass(frozen=True)
class Config(Recipe):
    """Settings of the RNN."""

    names: int = 600_000
    dropout: float = 0.25

    n_layer: int = 2
    """Layers, each reading what the one below it remembers."""
    n_embd: int = 64
    """Channels of a character."""
    n_hidden: int = 192
    """Channels that a layer remembers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        model_type = type(self).__module__.rpartition(".")[2]
        at_least(model_type, 1, n_layer=self.n_layer, n_embd=self.n_embd, n_hidden=self.n_hidden)


class Model(nn.Module):
    """A stack of recurrent layers (Elman 1990), a norm after each, each but the first adding to what it reads."""

    layer: ClassVar[Any] = nn.RNN

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.characters = nn.Embedding(vocab_size, config.n_embd)
        reads = [config.n_embd] + [config.n_hidden] * (config.n_layer - 1)
        self.layers = nn.ModuleList(self.layer(size, config.n_hidden, batch_first=True) for size in reads)
        self.norms = nn.ModuleList(nn.LayerNorm(config.n_hidden) for _ in reads)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.n_hidden, vocab_size)

    def initialise(self, rng: torch.Generator) -> None:
        """Set all weights to random numbers; what a layer makes of its own memory keeps that memory's length."""
        for name, parameter in self.named_parameters():
            if "weight_hh" in name:
                for gate in parameter.data.view(-1, self.config.n_hidden, self.config.n_hidden):
                    nn.init.orthogonal_(gate, generator=rng)
            elif "bias" in name:
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                std = 0.3 if name.startswith("characters") else parameter.shape[1] ** -0.5
                nn.init.normal_(parameter, std=std, generator=rng)

    def forward(self, idx: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T); (N, V) of those that `keep` marks."""
        batch, length = idx.shape
        ix, _, place = in_time_order(idx, keep)
        x, alive = self.dropout(self.characters(ix)), place.bincount().cpu()
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = self._add(x, self.dropout(norm(layer(PackedSequence(x, alive))[0].data)))
        logits: Tensor = self.head(x)
        return logits if keep is not None else logits.view(length, batch, -1).transpose(0, 1)

    def initial_state(self, batch: int) -> tuple[Tensor, ...]:
        """Nothing remembered: zeros (B, n_hidden) a layer."""
        return tuple(self.head.weight.new_zeros(batch, self.config.n_hidden) for _ in self.layers)

    def step(self, ix: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Logits (B, V) of the character after `ix` (B,), and what the layers remember after it.

        Not by the layers' own functions: made for many characters of a name at once, they take longer with one.
        """
        x, remembered = self.characters(ix), list[Tensor]()
        for layer, norm, before in zip(self.layers, self.norms, state, strict=True):
            reads = _product("ih", layer, x) if remembered else self._first(ix)
            after = self.remember(reads, _product("hh", layer, before), before)
            remembered.append(after)
            x = self._add(x, norm(after))
        return self.head(x), tuple(remembered)

    @staticmethod
    def remember(reads: Tensor, recalls: Tensor, before: Tensor) -> Tensor:
        """What a layer remembers (B, n_hidden), of its products with what it reads and with what it remembered."""
        return tanh(reads + recalls)

    def _first(self, ix: Tensor) -> Tensor:
        """The first layer's product with each of the characters `ix` (B,): one a character where names are more."""
        characters = self.characters.weight
        if len(ix) < len(characters):
            return _product("ih", self.layers[0], characters[ix])
        return F.embedding(ix, _product("ih", self.layers[0], characters))

    def _add(self, x: Tensor, y: Tensor) -> Tensor:
        """The sum of what a layer read and what it made, where they have as many channels."""
        return x + y if x.shape[1] == y.shape[1] else y


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent, by way of the sigmoid: torch's own takes nearly three times as long on a CPU."""
    return (2 * x).sigmoid_().mul_(2).sub_(1)


def _product(which: str, layer: Any, x: Tensor) -> Tensor:
    """A recurrent layer's product with what it reads, 'ih', or with what it remembers, 'hh'."""
    return F.linear(x, getattr(layer, f"weight_{which}_l0"), getattr(layer, f"bias_{which}_l0"))
