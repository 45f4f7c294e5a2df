"""The base class of the nets that minibatches train."""

import torch
from torch import Tensor, nn


class Net(nn.Module):
    """A net that computes the characters of names and no padding.

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
