"""The GRU: an RNN that learns which part of what it remembers to keep at each character."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from makemore.models import rnn


@dataclass(frozen=True)
class Config(rnn.Config):
    """Settings of the GRU."""

    names: int = 700_000
    learning_rate: float = 4e-3
    dropout: float = 0.3
    n_hidden: int = 128


class Model(rnn.Model):
    """The RNN with gated layers (Cho et al. 2014), in the variant of torch and cuDNN.

    That one applies the reset gate after its matrix product, not before: weights of other GRUs may mean something
    else in it.
    """

    layer = nn.GRU

    @staticmethod
    def remember(reads: Tensor, recalls: Tensor, before: Tensor) -> Tensor:
        """What a layer remembers (B, n_hidden), made of its products (B, 3 n_hidden): reset, update and new."""
        (read, read_new), (recalled, recalled_new) = (
            product.tensor_split([2 * before.shape[1]], dim=1) for product in (reads, recalls)
        )
        reset, update = (read + recalled).sigmoid_().chunk(2, dim=1)
        return rnn.tanh(torch.addcmul(read_new, reset, recalled_new)).lerp(before, update)
