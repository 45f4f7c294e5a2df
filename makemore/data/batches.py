"""Batches of names for training: every line once a pass, in an order that seed and pass decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from makemore.data.dataset import Names
from makemore.data.windows import windows

SIDE_BY_SIDE = 512
"""Names that are looked at together, at most, where nothing is learnt from them."""
ELEMENTS = 1 << 21
"""Probabilities of them that are in memory at a time: names of a large alphabet are looked at in smaller batches."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Names side by side, longest first, and the N places of theirs that are no padding."""

    xs: Tensor
    """Ids (B, T), '.' first; after the end of a name stands anything."""
    keep: Tensor
    """Which of them are of the name (B, T)."""
    ys: Tensor
    """Ids that follow, of the places kept, in time order (N,): models.in_time_order."""
    weights: Tensor
    """What each of them weighs (N,)."""


class Batches:
    """Batches of the examples of a split, by their number: any of them can be made without those before it.

    An example is a line. A name of weight w counts w times; one that weighs more than the mean line stands in a pass
    several times, each with an equal part of its weight, so that no batch hangs on one name.
    """

    def __init__(self, names: Names, batch_size: int, *, seed: int, device: torch.device) -> None:
        self.names, self.seed, self.device = names, seed, device
        relative = names.count / max(names.mean_weight, 1)
        times = np.ceil(relative).astype(np.int64)
        self.which = np.repeat(np.arange(len(times)), times)
        self.whole, self.share = relative.astype(np.float32), (relative / times).astype(np.float32)
        self.batch_size = min(batch_size, max(1, len(self.which)))
        self.per_pass = -(-len(self.which) // self.batch_size)
        self.ids = torch.from_numpy(names.ids.astype(np.int32)).to(device)
        self.start = names.start
        self.mean_characters = float((relative * (names.length + 1)).sum()) * self.batch_size / max(1, len(self.which))
        """Weighted characters of a batch, on average: what its summed loss is divided by."""
        self._order = lru_cache(maxsize=1)(self._order_of)

    def read(self, batches: int) -> int:
        """Examples of so many batches, the last one of a pass being a shorter one."""
        turns, rest = divmod(batches, self.per_pass)
        return turns * len(self.which) + min(rest * self.batch_size, len(self.which))

    def __getitem__(self, number: int) -> Batch:
        """Batch of that number, counted over all passes."""
        turn, place = divmod(number, self.per_pass)
        which = self._order(turn)[place * self.batch_size : (place + 1) * self.batch_size]
        return self._batch(which, self.share)

    def by_length(self, most: int) -> Iterator[Batch]:
        """`most` distinct names, the same at every call, in batches of like length, each with its whole weight."""
        chosen = _rng(0, 0).permutation(len(self.names))[:most]
        order = chosen[np.argsort(-self.names.length[chosen], kind="stable")]
        first, vocab_size = 0, int(self.names.ids.max(initial=0)) + 1
        while first < len(order):
            places = int(self.names.length[order[first]]) + 1
            batch = order[first : first + min(SIDE_BY_SIDE, max(1, ELEMENTS // (places * vocab_size)))]
            yield self._batch(batch, self.whole)
            first += len(batch)

    def _batch(self, which: Numbers, weight: npt.NDArray[np.float32]) -> Batch:
        which = which[np.argsort(-self.names.length[which], kind="stable")]
        length = torch.from_numpy(self.names.length[which]).to(self.device)
        start = torch.from_numpy(self.start[which]).to(self.device)
        xs, ys, keep = windows(self.ids, start, length)
        weights = torch.from_numpy(weight[which]).to(self.device)[:, None].expand(keep.shape)
        return Batch(xs, keep, ys.T[keep.T], weights.T[keep.T])

    def _order_of(self, turn: int) -> Numbers:
        return _rng(self.seed, turn).permutation(self.which)


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, stream]))
