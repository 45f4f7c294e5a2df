"""Batches of names for training: each pass reads every line once, in an order that seed and pass decide."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from makemore.data.dataset import Names
from makemore.vocab import Ints

MAX_EVAL_BATCH_SIZE = 512
"""Names per batch in an evaluation during training."""
MAX_LOGITS = 1 << 21
"""Logits of an evaluation batch: limits memory where the vocab is large."""


class Batch(NamedTuple):
    """B names, the longest first, and their N positions without padding."""

    xs: Tensor  # ids (B, T), '.' first; padding has arbitrary ids
    keep: Tensor  # whether a position belongs to the name (B, T)
    ys: Tensor  # targets (N,) of the kept positions, in time order
    weights: Tensor  # weights (N,) of the targets


class Batches:
    """The batches of a split, by number: any of them can be built without those before it.

    An example is a line. A name with a weight above the average of all lines is repeated within a pass, each time with
    an equal part of its weight, so that no single name dominates a batch.
    """

    def __init__(self, names: Names, batch_size: int, *, seed: int, device: str) -> None:
        self.names, self.device, self.start = names, device, names.start
        relative = names.count / max(names.mean_weight, 1)
        repeats = np.ceil(relative).astype(np.int64)
        self.examples = np.repeat(np.arange(len(repeats)), repeats)
        self.weight = relative.astype(np.float32)
        self.example_weight = (relative / repeats).astype(np.float32)
        self.batch_size = min(batch_size, max(1, len(self.examples)))
        self.per_pass = -(-len(self.examples) // self.batch_size)
        self.ids = torch.from_numpy(names.ids.astype(np.int32)).to(device)
        characters = float((relative * (names.length + 1)).sum())
        self.mean_characters = characters * self.batch_size / max(1, len(self.examples))
        """Mean weight of a batch in characters: the divisor of its summed loss."""
        self._order = lru_cache(maxsize=1)(lambda epoch: _rng(seed, epoch).permutation(self.examples))

    def read(self, batches: int) -> int:
        """Examples in this number of batches; the last batch of a pass may be smaller."""
        passes, rest = divmod(batches, self.per_pass)
        return passes * len(self.examples) + min(rest * self.batch_size, len(self.examples))

    def __getitem__(self, number: int) -> Batch:
        """Batch number `number`, counted over all passes."""
        epoch, pos = divmod(number, self.per_pass)
        which = self._order(epoch)[pos * self.batch_size : (pos + 1) * self.batch_size]
        return self._batch(which, self.example_weight)

    def by_length(self, max_names: int) -> Iterator[Batch]:
        """Yield up to `max_names` distinct names, always the same ones, in batches of similar length."""
        chosen = _rng(0, 0).permutation(len(self.names))[:max_names]
        order = chosen[np.argsort(-self.names.length[chosen], kind="stable")]
        first, vocab_size = 0, int(self.names.ids.max(initial=0)) + 1
        while first < len(order):
            positions = int(self.names.length[order[first]]) + 1
            size = min(MAX_EVAL_BATCH_SIZE, max(1, MAX_LOGITS // (positions * vocab_size)))
            yield self._batch(order[first : first + size], self.weight)
            first += size

    def _batch(self, which: Ints, weight: npt.NDArray[np.float32]) -> Batch:
        which = which[np.argsort(-self.names.length[which], kind="stable")]
        columns = (self.start, self.names.length, weight)
        start, length, weights = (torch.from_numpy(column[which]).to(self.device) for column in columns)
        xs, ys, keep = windows(self.ids, start, length)
        return Batch(xs, keep, ys.T[keep.T], weights.expand(keep.T.shape)[keep.T])


def windows(ids: Tensor, start: Tensor, length: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs (B, T), targets (B, T), and whether a position belongs to the name (B, T).

    `ids` is a `Vocab.stream`; `start` (B,) is the index of the '.' before each name and `length` (B,) its characters,
    the longest name first. The padding is what follows in the stream: no model looks ahead, and it is not scored.
    """
    pos = torch.arange(int(length[0]) + 2, device=ids.device)
    window = ids[(start[:, None] + pos).clamp(max=len(ids) - 1)].long()
    return window[:, :-1], window[:, 1:], pos[:-1] <= length[:, None]


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, stream]))
