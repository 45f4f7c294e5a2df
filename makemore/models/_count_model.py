"""The base class of the count models, whose parameters are tables of numpy."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from makemore.vocab import Floats, Ints


class CountModel:
    """A model of finitely many states: the logits of each state are a row of a table. It needs no torch."""

    tensor_names: ClassVar[tuple[str, ...]]
    """Attributes that are the tensors of the model."""

    def transitions(self) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]]:
        raise NotImplementedError

    def log_probs_of(self, states: Ints | slice) -> Floats:
        logits = self.transitions()[0][states].astype(np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        return logits

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        return {name: getattr(self, name) for name in self.tensor_names}

    def load_tensors(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        """Replace the tensors; the number of states may differ, since only the tensors tell it."""
        if tensors.keys() != set(self.tensor_names):
            raise ValueError(f"the tensors are {sorted(tensors)}, not {sorted(self.tensor_names)}")
        for name, own in self.tensors().items():
            found = tensors[name]
            if (found.dtype, found.shape[1:]) != (own.dtype, own.shape[1:]):
                raise ValueError(f"{name} is {found.dtype} {found.shape}, not {own.dtype} {own.shape}")
            setattr(self, name, found)


def states_of_characters(vocab_size: int) -> npt.NDArray[np.int32]:
    """Next states (V, V) of a model whose state is the last character."""
    return np.broadcast_to(np.arange(vocab_size, dtype=np.int32), (vocab_size, vocab_size))
