"""Names of a model of finitely many states: walks on its trellis, many side by side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from makemore.options import LONGEST
from makemore.sampling.trellis import Floats, Ids, Trellis

TABLE = 1 << 27
"""Bytes of the rows that are kept."""


class Rows:
    """Cumulative probabilities of the next character, a row a state, each made when a walk first comes there."""

    def __init__(self, trellis: Trellis, known: Rows | None = None) -> None:
        """Rows of a trellis; those `known` of another, whose names are the same but for a trie, are not made again."""
        self.trellis = trellis
        vocab_size = trellis.next.shape[1]
        self.width = 1 << (vocab_size - 1).bit_length()
        """Of a row: V and what pads it to a power of two, so that it can be searched by halves."""
        self.capacity = max(1, TABLE // (8 * self.width))
        self.table = np.empty((self.capacity, self.width))
        self.used = 0
        self.row_of = np.full(trellis.size, -1, dtype=np.int32)
        if known is not None:
            pairs = trellis.size - len(trellis.wanted.without or ())
            self.table[: known.used], self.used = known.table[: known.used], known.used
            self.row_of[:pairs] = known.row_of[:pairs]

    def draw(self, place: int, states: Ids, uniform: Floats) -> Ids:
        """Ids (R,) of what follows states (R,): the first whose cumulative probability exceeds `uniform` (R,).

        What has probability zero is never drawn.

        Raises:
            ValueError: nothing can follow in one of the states.
        """
        keys = self.trellis.key(place, states)
        if not self._make(place, states, keys):
            half = len(states) // 2
            parts = (slice(half), slice(half, None))
            return np.concatenate([self.draw(place, states[part], uniform[part]) for part in parts])
        first = self.row_of.take(keys).astype(np.int64) * self.width
        at, line, half = first.copy(), self.table.ravel(), self.width // 2
        while half:
            # No index is out of range: that is not looked at again.
            at += half * (line.take(at + (half - 1), mode="clip") <= uniform)
            half //= 2
        return np.asarray(at - first)

    def _make(self, place: int, states: Ids, keys: Ids) -> bool:
        """Whether there was room to have the rows of all these states at once."""
        missing = np.flatnonzero(self.row_of.take(keys) < 0)
        if not len(missing):
            return True
        new, which = np.unique(keys[missing], return_index=True)
        if self.used + len(new) > self.capacity:
            self.row_of.fill(-1)
            self.used = 0
            new, which = np.unique(keys, return_index=True)
            missing = np.arange(len(keys))
        if len(new) > self.capacity:
            return False
        rows = slice(self.used, self.used + len(new))
        self.table[rows] = _cumulative(self.trellis.weights(place, states[missing[which]]), self.width)
        self.row_of[new] = np.arange(rows.start, rows.stop)
        self.used = rows.stop
        return True


def walk(rows: Rows, rng: np.random.Generator, n: int) -> tuple[npt.NDArray[np.unsignedinteger], Floats]:
    """Ids (n, T) of names, each row up to its first 0, and the nats (n,) of each under the model itself.

    At each place every name that goes on takes one number of `rng`, in order. A name has at most `LONGEST`
    characters: there it ends.
    """
    trellis, nats, so_far = rows.trellis, np.zeros(n), np.zeros(n)
    going, states = np.arange(n), np.full(n, trellis.start, dtype=np.int64)
    columns: list[npt.NDArray[np.unsignedinteger]] = []
    while len(going):
        uniform = rng.random(len(going))
        ix = rows.draw(len(columns), states, uniform) if len(columns) < LONGEST else np.zeros(len(going), np.int64)
        so_far += trellis.nats(states, ix)
        column = np.zeros(n, dtype=np.min_scalar_type(trellis.next.shape[1] - 1))
        column[going] = ix
        columns.append(column)
        on, ended = np.flatnonzero(ix), np.flatnonzero(ix == 0)
        nats[going[ended]] = so_far[ended]
        going, so_far, states = going[on], so_far[on], trellis.after(states[on], ix[on])
    return np.stack(columns, axis=1), nats


def _cumulative(weights: Floats, width: int) -> Floats:
    """Cumulative shares (R, width) of weights (R, V); above any number from the last one that is not zero on."""
    sums = weights.cumsum(axis=1)
    if not (sums[:, -1] > 0).all():
        raise ValueError("no character has a probability: the model makes nothing but the empty name.")
    rows = np.full((len(weights), width), np.inf)
    rows[:, : weights.shape[1]] = np.where(sums < sums[:, -1:], sums / sums[:, -1:], np.inf)
    return rows
