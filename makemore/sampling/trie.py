"""Tries: the prefixes of excluded names as nodes in arrays."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from makemore.vocab import END, Ints, Vocab, code_points


@dataclass(frozen=True)
class Trie:
    """T nodes, one for each prefix: the empty one (node 0), then those of length 1, of length 2, ..., sorted."""

    names: pl.Series  # distinct names, sorted
    vocab_size: int
    parent: Ints  # node of the prefix without its last character, (T,); 0 for the root
    last: Ints  # last character of the prefix, (T,); 0 for the root
    is_name: npt.NDArray[np.bool_]  # whether the prefix is a name, (T,)
    levels: tuple[int, ...]  # first node of each length, then T: level d is nodes levels[d] to levels[d + 1]

    @classmethod
    def of(cls, names: pl.Series, vocab: Vocab) -> Self:
        """Build the trie of the names that the vocab can spell; no model of this vocab generates others."""
        names = names.unique().sort()
        ids, start, length = _encoded(names, vocab)
        parents, lasts, ends, levels = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)], [np.zeros(1, np.bool_)], [0, 1]
        node = np.zeros(len(start), dtype=np.int64)
        for depth in range(int(length.max(initial=0))):
            longer = length > depth
            start, length, node = start[longer], length[longer], node[longer]
            key = node * len(vocab) + ids[start + depth]
            # Names are sorted: those with the same prefix are adjacent, and the prefix itself is the first of them.
            first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
            parents.append(node[first])
            lasts.append(key[first] % len(vocab))
            ends.append(length[first] == depth + 1)
            marks = np.zeros(len(key), dtype=np.int64)
            marks[first] = 1
            node = levels[-1] + marks.cumsum() - 1
            levels.append(levels[-1] + len(first))
        return cls(names, len(vocab), np.concatenate(parents), np.concatenate(lasts), np.concatenate(ends), (*levels,))

    def __len__(self) -> int:
        return len(self.parent)

    @property
    def depth(self) -> int:
        """Length of the longest name."""
        return len(self.levels) - 2

    def level(self, depth: int) -> slice:
        """Nodes of the prefixes of this length."""
        return slice(self.levels[depth], self.levels[depth + 1])

    def children(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Return all children of `nodes` (R,): for each child the index of its parent in `nodes`, and its node."""
        first, end = (self._keys.searchsorted(nodes * self.vocab_size + edge) for edge in (0, self.vocab_size))
        counts = end - first
        which = np.repeat(np.arange(len(nodes)), counts)
        within = np.arange(len(which)) - np.repeat(counts.cumsum() - counts, counts)
        return which, first[which] + within + 1

    def child(self, nodes: Ints, ix: Ints) -> Ints:
        """Return the child of each of `nodes` (R,) by character `ix` (R,); 0 if it has none."""
        keys = nodes * self.vocab_size + ix
        index = self._keys.searchsorted(keys)
        return np.where(self._keys[index] == keys, index + 1, 0)

    @cached_property
    def _keys(self) -> Ints:
        """Parent times V plus last character of each node but the root, ascending, then the largest integer, (T,)."""
        return np.append(self.parent[1:] * self.vocab_size + self.last[1:], np.iinfo(np.int64).max)


def _encoded(names: pl.Series, vocab: Vocab) -> tuple[Ints, Ints, Ints]:
    """Return the ids of all names in one array, and start and length of each name that the vocab can spell."""
    codes = code_points(END.join(names) + END) if len(names) else np.zeros(0, dtype=np.uint32)
    ids = vocab.ids(codes)
    length = names.str.len_chars().to_numpy().astype(np.int64)
    start = np.concatenate([[0], (length + 1).cumsum()])[:-1]
    unknown = np.concatenate([[0], ((ids == len(vocab)) | (ids == 0)).cumsum()])
    is_known = (unknown[start + length] == unknown[start]) & (length > 0)
    return ids, start[is_known], length[is_known]
