"""The GRU: an RNN that learns which part of what it remembers to keep at each character."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from makemore.models import rnn


@dataclass(frozen=True)
class Config(rnn.Config):
    """Settings of the GRU."""


class Model(rnn.Model):
    """The RNN with gated layers (Cho et al. 2014), in the variant of torch and cuDNN.

    That one applies the reset gate after its matrix product, not before: weights of other GRUs may mean something
    else in it.
    """

    layer = nn.GRU
