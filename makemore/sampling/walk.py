"""Random walks on a trellis: batches of names of an automaton."""

from typing import Self

import numpy as np
import numpy.typing as npt

from makemore.errors import UnsatisfiableRequest
from makemore.options import MAX_LENGTH
from makemore.sampling.trellis import Trellis
from makemore.vocab import Floats, Ints

CACHE_SIZE = 1 << 27
"""Bytes of cached distributions: 128 MB."""


class DistributionCache:
    """Cumulative distributions of the next character, one row for each state, computed on first use."""

    def __init__(self, trellis: Trellis, warm: Self | None = None) -> None:
        """Copy the rows of product states from `warm`, whose trellis differs at most in its excluded names."""
        self.trellis = trellis
        # A row has V entries, padded to a power of two for binary search.
        self.width = 1 << (trellis.product.vocab_size - 1).bit_length()
        self.capacity = max(1, CACHE_SIZE // (8 * self.width))
        self.table = np.empty((self.capacity, self.width))
        self.used = 0
        self.row_of = np.full(trellis.size, -1, dtype=np.int32)
        if warm is not None:
            self.table[: warm.used], self.used = warm.table[: warm.used], warm.used
            self.row_of[: trellis.product_size] = warm.row_of[: trellis.product_size]

    def draw(self, position: int, states: Ints, uniform: Floats) -> Ints:
        """Draw the next character (R,) in states (R,): the first with a cumulative probability above `uniform` (R,)."""
        indices = self.trellis.index(position, states)
        if not self._fill(position, states, indices):
            half = len(states) // 2
            parts = (slice(half), slice(half, None))
            return np.concatenate([self.draw(position, states[part], uniform[part]) for part in parts])
        first = self.row_of.take(indices).astype(np.int64) * self.width
        at, flat, half = first.copy(), self.table.ravel(), self.width // 2
        while half:
            # mode="clip" skips the bounds check: all indices are in range.
            at += half * (flat.take(at + (half - 1), mode="clip") <= uniform)
            half //= 2
        return np.asarray(at - first)

    def _fill(self, position: int, states: Ints, indices: Ints) -> bool:
        """Compute the missing rows; return whether the cache can hold the rows of all states at once."""
        missing = np.flatnonzero(self.row_of.take(indices) < 0)
        if not len(missing):
            return True
        new, which = np.unique(indices[missing], return_index=True)
        if self.used + len(new) > self.capacity:
            self.row_of.fill(-1)
            self.used = 0
            new, which = np.unique(indices, return_index=True)
            missing = np.arange(len(indices))
        if len(new) > self.capacity:
            return False
        rows = slice(self.used, self.used + len(new))
        self.table[rows] = _cumulative(self.trellis.weights(position, states[missing[which]]), self.width)
        self.row_of[new] = np.arange(rows.start, rows.stop)
        self.used = rows.stop
        return True


def walk(cache: DistributionCache, rng: np.random.Generator, n: int) -> tuple[npt.NDArray[np.unsignedinteger], Floats]:
    """Return ids (n, T) of names, each row up to its first 0, and their nats (n,) under the model itself.

    Each unfinished name takes one number of `rng` per position, in order. A name ends after `MAX_LENGTH` characters.
    """
    trellis, nats, sums = cache.trellis, np.zeros(n), np.zeros(n)
    active, states = np.arange(n), np.full(n, trellis.start, dtype=np.int64)
    columns: list[npt.NDArray[np.unsignedinteger]] = []
    while len(active):
        uniform = rng.random(len(active))
        is_last = len(columns) == MAX_LENGTH
        ix = np.zeros(len(active), np.int64) if is_last else cache.draw(len(columns), states, uniform)
        sums += trellis.nats(states, ix)
        column = np.zeros(n, dtype=np.min_scalar_type(trellis.product.vocab_size - 1))
        column[active] = ix
        columns.append(column)
        unfinished, ended = np.flatnonzero(ix), np.flatnonzero(ix == 0)
        nats[active[ended]] = sums[ended]
        active, sums, states = active[unfinished], sums[unfinished], trellis.after(states[unfinished], ix[unfinished])
    return np.stack(columns, axis=1), nats


def _cumulative(weights: Floats, width: int) -> Floats:
    """Return normalised cumulative sums (R, width) of weights (R, V); infinite from the last non-zero weight on."""
    sums = weights.cumsum(axis=1)
    if not (sums[:, -1] > 0).all():
        raise UnsatisfiableRequest("the model generates only the empty name")
    rows = np.full((len(weights), width), np.inf)
    rows[:, : weights.shape[1]] = np.where(sums < sums[:, -1:], sums / sums[:, -1:], np.inf)
    return rows
