"""Many names as one tree of prefixes, in arrays: names that must not be made again are told from others at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from makemore.vocab import END, Vocab, code_points

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trie:
    """Prefixes of names as T nodes: 0 is the empty one; then those of one character, of two, each level in order."""

    names: pl.Series
    """The names, each once, in order."""
    vocab_size: int
    parent: Ids
    """Node of the prefix without its last character, (T,); 0 of the root."""
    last: Ids
    """Its last character, (T,); 0 of the root."""
    is_name: npt.NDArray[np.bool_]
    """Whether it is a name itself, (T,)."""
    levels: tuple[int, ...]
    """Where each level begins, and T: level d is nodes levels[d] to levels[d + 1]."""

    def __len__(self) -> int:
        return len(self.parent)

    @cached_property
    def keys(self) -> Ids:
        """What tells nodes but the root apart, ascending, (T - 1,): parent times V plus character."""
        return self.parent[1:] * self.vocab_size + self.last[1:]

    def level(self, depth: int) -> slice:
        """The nodes of so many characters."""
        return slice(self.levels[depth], self.levels[depth + 1])

    @property
    def depth(self) -> int:
        """Characters of the longest name."""
        return len(self.levels) - 2


def trie_of(names: pl.Series, vocab: Vocab) -> Trie:
    """The trie of names; those with a character that the vocab lacks, which no model of it makes, are left out."""
    names = names.unique().sort()
    ids, start, length = _encoded(names, vocab)
    parents, lasts, ends, levels = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)], [np.zeros(1, np.bool_)], [0, 1]
    node = np.zeros(len(start), dtype=np.int64)
    for depth in range(int(length.max(initial=0))):
        longer = length > depth
        start, length, node = start[longer], length[longer], node[longer]
        key = node * len(vocab) + ids[start + depth]
        # Names are in order, so that those of one prefix stand together.
        first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        parents.append(node[first])
        lasts.append(key[first] % len(vocab))
        # Of the names of a prefix, the one that it is itself stands first.
        ends.append(length[first] == depth + 1)
        marks = np.zeros(len(key), dtype=np.int64)
        marks[first] = 1
        node = levels[-1] + marks.cumsum() - 1
        levels.append(levels[-1] + len(first))
    return Trie(names, len(vocab), np.concatenate(parents), np.concatenate(lasts), np.concatenate(ends), tuple(levels))


def _encoded(names: pl.Series, vocab: Vocab) -> tuple[Ids, Ids, Ids]:
    """Ids of all names in one row, and where each that the vocab can spell begins there, and its length."""
    codes = code_points(END.join(names) + END) if len(names) else np.zeros(0, dtype=np.uint32)
    ids = vocab.ids(codes)
    length = names.str.len_chars().to_numpy().astype(np.int64)
    start = np.concatenate([[0], (length + 1).cumsum()])[:-1]
    strange = np.concatenate([[0], ((ids == len(vocab)) | (ids == 0)).cumsum()])
    known = (strange[start + length] == strange[start]) & (length > 0)
    return ids, start[known], length[known]


def children(trie: Trie, nodes: Ids) -> tuple[Ids, Ids]:
    """For each child of `nodes` (R,): which of them it is of, and the child."""
    first, end = (trie.keys.searchsorted(nodes * trie.vocab_size + edge) for edge in (0, trie.vocab_size))
    counts = end - first
    which = np.repeat(np.arange(len(nodes)), counts)
    within = np.arange(len(which)) - np.repeat(counts.cumsum() - counts, counts)
    return which, first[which] + within + 1


def child(trie: Trie, nodes: Ids, ix: Ids) -> Ids:
    """The child of each of `nodes` (R,) by a character (R,); 0, which is nobody's child, where there is none."""
    wanted = nodes * trie.vocab_size + ix
    place = trie.keys.searchsorted(wanted)
    found = trie.keys[np.minimum(place, len(trie.keys) - 1)] == wanted if len(trie.keys) else np.zeros(len(nodes), bool)
    return np.where(found, place + 1, 0)
