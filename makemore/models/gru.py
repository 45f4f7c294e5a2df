"""The GRU: an RNN whose gates learn what to keep of the hidden state."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from makemore.models import rnn


@dataclass(frozen=True)
class Config(rnn.Config):
    names: int = 700_000
    learning_rate: float = 4e-3
    dropout: float = 0.3
    n_hidden: int = 128


class Model(rnn.Model):
    """The RNN with gated layers (Cho et al. 2014), in the variant of torch and cuDNN.

    That variant applies the reset gate after its matrix product: weights trained with the other one are invalid here.
    """

    layer = nn.GRU

    @staticmethod
    def activate(from_input: Tensor, from_hidden: Tensor, hidden: Tensor) -> Tensor:
        """Next hidden state (B, n_hidden) from the products (B, 3 n_hidden) for reset, update and new."""
        (input_gates, input_new), (hidden_gates, hidden_new) = (
            product.tensor_split([2 * hidden.shape[1]], dim=1) for product in (from_input, from_hidden)
        )
        reset, update = (input_gates + hidden_gates).sigmoid_().chunk(2, dim=1)
        return rnn.tanh(torch.addcmul(input_new, reset, hidden_new)).lerp(hidden, update)
