"""The base classes of the nets, and count models as nets."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from makemore.models import AutomatonModel, LanguageModel, NetModel


class Module(nn.Module):
    """A torch module with tensors that are read and written as numpy arrays."""

    @property
    def device(self) -> torch.device:
        return next(chain(self.parameters(), self.buffers())).device

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.state_dict().items()}

    def load_tensors(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        """Replace the tensors, and leave the training mode."""
        self.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
        self.eval()


class Net(Module):
    """A net that minibatches train: it computes the characters of names and no padding.

    Their order is that of a PackedSequence: first characters of all names, then second ones, ... The longest name is
    in the first row.
    """

    gain = 1.0  # factor of the initial weights of linear layers

    def initialise(self, rng: torch.Generator) -> None:
        """Draw the initial parameters."""
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.3, generator=rng)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=self.gain * module.in_features**-0.5, generator=rng)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, idx: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T), or (N, V) of those that `keep` (B, T) marks."""
        pos, row = (idx >= 0 if keep is None else keep).T.nonzero(as_tuple=True)
        logits = self.logits_at(idx, row, pos)
        return logits if keep is not None else logits.view(*idx.T.shape, -1).transpose(0, 1)

    def logits_at(self, idx: Tensor, row: Tensor, pos: Tensor) -> Tensor:
        """Logits (N, V) after the characters in rows and at positions (N,) of `idx` (B, T)."""
        raise NotImplementedError


class Tables(Module):
    """A count model as a net, to mix it with nets."""

    logits: Tensor
    next: Tensor

    def __init__(self, model: AutomatonModel) -> None:
        super().__init__()
        self.config = model.config
        logits, states = model.transitions()
        self.register_buffer("logits", torch.from_numpy(logits))
        self.register_buffer("next", torch.from_numpy(np.ascontiguousarray(states)))

    def forward(self, idx: Tensor) -> Tensor:
        state, states = self.initial_state(len(idx)), []
        for ix in idx.T:
            state = self.next[state, ix]
            states.append(state)
        return self.logits[torch.stack(states, dim=1)]

    def initial_state(self, batch: int) -> Tensor:
        """State 0 (B,), the start of a name."""
        return torch.zeros(batch, dtype=torch.int32, device=self.next.device)

    def step(self, ix: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        state = self.next[state, ix]
        return self.logits[state], state


def as_net(model: LanguageModel) -> NetModel:
    """Return a net unchanged, and a count model as a net."""
    if isinstance(model, AutomatonModel):
        return Tables(model)
    assert isinstance(model, NetModel)
    return model
