"""The RNN: a hidden state, updated by each character."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from makemore.models import Recipe
from makemore.models._net import Net


@dataclass(frozen=True)
class Config(Recipe):
    names: int = 600_000
    dropout: float = 0.25
    n_layer: int = 2  # recurrent layers
    n_embd: int = 64  # channels of an embedding
    n_hidden: int = 192  # channels of a hidden state

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(1, "n_layer", "n_embd", "n_hidden")


class Model(Net):
    """Recurrent layers (Elman 1990), each followed by a layer norm, with residual connections from the second on."""

    layer: ClassVar[type[nn.RNN] | type[nn.GRU]] = nn.RNN

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.characters = nn.Embedding(vocab_size, config.n_embd)
        sizes = [config.n_embd] + [config.n_hidden] * (config.n_layer - 1)
        self.layers = nn.ModuleList(self.layer(size, config.n_hidden, batch_first=True) for size in sizes)
        self.norms = nn.ModuleList(nn.LayerNorm(config.n_hidden) for _ in sizes)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.n_hidden, vocab_size)

    def initialise(self, rng: torch.Generator) -> None:
        """Draw the initial parameters: orthogonal matrices for the hidden state keep its norm."""
        for name, parameter in self.named_parameters():
            if "weight_hh" in name:
                for gate in parameter.data.view(-1, self.config.n_hidden, self.config.n_hidden):
                    nn.init.orthogonal_(gate, generator=rng)
            elif "bias" in name:
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                std = 0.3 if name.startswith("characters") else parameter.shape[1] ** -0.5
                nn.init.normal_(parameter, std=std, generator=rng)

    def logits_at(self, idx: Tensor, row: Tensor, pos: Tensor) -> Tensor:
        x, batch_sizes = self.dropout(self.characters(idx[row, pos])), pos.bincount().cpu()
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = _add(x, self.dropout(norm(layer(PackedSequence(x, batch_sizes))[0].data)))
        return torch.as_tensor(self.head(x))

    def initial_state(self, batch: int) -> tuple[Tensor, ...]:
        """Hidden state (B, n_hidden) of each layer: zeros."""
        return tuple(self.head.weight.new_zeros(batch, self.config.n_hidden) for _ in self.layers)

    def step(self, ix: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        # A call of the layers themselves is slow for a single character per name.
        x, states = self.characters(ix), list[Tensor]()
        for layer, norm, hidden in zip(self.layers, self.norms, state, strict=True):
            from_input = _product("ih", layer, x) if states else self._first_layer(ix)
            states.append(self.activate(from_input, _product("hh", layer, hidden), hidden))
            x = _add(x, norm(states[-1]))
        return self.head(x), tuple(states)

    @staticmethod
    def activate(from_input: Tensor, from_hidden: Tensor, hidden: Tensor) -> Tensor:
        """Next hidden state (B, n_hidden) from a layer's products with its input and with its hidden state."""
        return tanh(from_input + from_hidden)

    def _first_layer(self, ix: Tensor) -> Tensor:
        """Product of the first layer with the characters `ix` (B,); for large batches, compute each character once."""
        characters = self.characters.weight
        if len(ix) < len(characters):
            return _product("ih", self.layers[0], characters[ix])
        return F.embedding(ix, _product("ih", self.layers[0], characters))


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent by way of the sigmoid: almost three times as fast as torch.tanh on a CPU."""
    return (2 * x).sigmoid_().mul_(2).sub_(1)


def _add(x: Tensor, y: Tensor) -> Tensor:
    """Residual connection, where a layer's input and output have the same shape."""
    return x + y if x.shape[1] == y.shape[1] else y


def _product(which: str, layer: nn.Module, x: Tensor) -> Tensor:
    """Product of a recurrent layer with its input, 'ih', or its hidden state, 'hh'."""
    return F.linear(x, layer.get_parameter(f"weight_{which}_l0"), layer.get_parameter(f"bias_{which}_l0"))
