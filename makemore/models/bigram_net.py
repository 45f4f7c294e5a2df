"""The lecture's one-layer net: one-hot characters, a linear layer, softmax."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from makemore.models import FullBatchRecipe
from makemore.models._count_model import CountModel, states_of_characters


@dataclass(frozen=True)
class Config(FullBatchRecipe):
    """The defaults are the lecture's."""


class Model(CountModel):
    """Logits are rows of W (V, V), which equals one-hot @ W (Karpathy, "building makemore", part 1).

    `training.full_batch` trains W with torch; the trained model is a table.
    """

    tensor_names = ("W",)
    W: npt.NDArray[np.float32]

    def __init__(self, vocab_size: int, config: Config) -> None:
        self.config = config
        self.W = np.zeros((vocab_size, vocab_size), dtype=np.float32)

    @classmethod
    def from_weights(cls, weights: npt.NDArray[np.float32], config: Config) -> Self:
        model = cls(len(weights), config)
        model.W[:] = weights
        return model

    def transitions(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        return self.W, states_of_characters(len(self.W))
