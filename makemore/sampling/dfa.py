"""Deterministic finite automata of patterns and of excluded texts, and their intersection; each is limited in size."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from makemore.errors import InvalidOption
from makemore.sampling.positions import MAX_STATES, Positions
from makemore.vocab import Ints, Vocab

Mask = npt.NDArray[np.bool_]

MAX_TABLE_SIZE = 1 << 24
"""Limit of states times character classes: 64 MB."""


@dataclass(frozen=True)
class Dfa:
    """K states, 0 being the start, and C classes of characters that no transition distinguishes."""

    classes: Ints  # class of each character id, (V,)
    next: npt.NDArray[np.int32]  # state after a character of each class, (K, C); -1 for none, as after the end, id 0
    accepts: Mask  # whether a text may end in each state, (K,)

    @property
    def accepts_any_text(self) -> bool:
        """Whether it accepts every text, given that it is minimal."""
        return len(self.next) == 1 and bool(self.accepts[0] and (self.next[0, 1:] == 0).all())


def excludes(words: Sequence[Sequence[int]], vocab_size: int) -> Dfa:
    """Accept texts that contain none of the words (Aho and Corasick 1975); a state is the longest prefix of a word."""
    # Class 0 is that of the end, 1 that of all characters that occur in no word.
    classes, own = np.ones(vocab_size, dtype=np.intp), sorted(set().union(*words))
    classes[0], classes[own] = 0, range(2, len(own) + 2)
    numbers: dict[tuple[int, int], int] = {}
    nodes, ends = [(0, 0, 0)], []
    for word in words:
        node = 0
        for depth, ch in enumerate(classes[word].tolist(), start=1):
            parent, node = node, numbers.setdefault((node, ch), len(nodes))
            if node == len(nodes):
                nodes.append((parent, ch, depth))
        ends.append(node)
    parent, last, depth = np.array(nodes).T
    check_size(len(nodes), classes.max() + 1)
    following = np.zeros((len(nodes), classes.max() + 1), dtype=np.int32)
    following[0, 0] = -1
    suffix, contains = np.zeros_like(parent), np.isin(np.arange(len(nodes)), ends)
    for level in range(depth.max() + 1):
        at, longer = np.flatnonzero(depth == level), np.flatnonzero(depth == level + 1)
        following[at] = following[suffix[at]]
        suffix[longer] = following[parent[longer], last[longer]]
        following[parent[longer], last[longer]] = longer
        contains[longer] |= contains[suffix[longer]]
    return Dfa(classes, np.where(contains[following], -1, following), ~contains)


def matches(positions: Positions, vocab: Vocab) -> Dfa:
    """Accept texts that match a pattern; a state is the set of the positions that can come next."""
    reads = _reads(positions.atoms, vocab)
    classes = {read: number for number, read in enumerate(dict.fromkeys(reads))}
    numbers, states, rows = {positions.first: 0}, [positions.first], []
    for state in states:
        after = {0: -1}
        for read in classes:
            if state & read not in after:
                following = positions.following(state & read)
                after[state & read] = numbers.setdefault(following, len(states))
                if len(numbers) > len(states):
                    states.append(following)
        rows.append([after[state & read] for read in classes])
        # Rows of Python integers take more memory and time than rows of numpy.
        if len(states) > min(MAX_STATES, MAX_TABLE_SIZE // 4 // len(classes)):
            raise positions.too_large()
    accepts = np.array([state & 1 for state in states], dtype=np.bool_)
    return Dfa(np.array([classes[read] for read in reads]), np.array(rows, dtype=np.int32), accepts)


def intersect(one: Dfa, other: Dfa) -> Dfa:
    """Accept texts that both accept; a state is a reachable pair of their states."""
    pairs, classes = np.unique(one.classes * other.next.shape[1] + other.classes, return_inverse=True)
    lefts, rights = np.divmod(pairs, other.next.shape[1])
    count, numbers = len(other.next), {-1: -1, 0: 0}
    frontier = np.zeros(min(1, count, len(one.next)), dtype=np.int64)
    codes, rows = [frontier], [np.zeros((0, len(pairs)), dtype=np.int32)]
    while len(frontier):
        left, right = one.next[frontier // count][:, lefts], other.next[frontier % count][:, rights]
        following = np.where((left < 0) | (right < 0), -1, left.astype(np.int64) * count + right)
        distinct, which = np.unique(following, return_inverse=True)
        known = len(numbers) - 1
        numbered = np.array([numbers.setdefault(code, len(numbers) - 1) for code in distinct.tolist()], dtype=np.int32)
        check_size(len(numbers), len(pairs))
        rows.append(numbered[which].reshape(-1, len(pairs)))
        frontier = distinct[numbered >= known]
        codes.append(frontier)
    reached = np.concatenate(codes)
    return Dfa(classes, np.concatenate(rows), one.accepts[reached // count] & other.accepts[reached % count])


def _reads(atoms: list[str], vocab: Vocab) -> list[int]:
    """Set of the positions that match each character of the vocab, as bits; none matches the end."""
    positions_of: dict[str, int] = {}
    for position, atom in enumerate(atoms[1:], start=1):
        positions_of[atom] = positions_of.get(atom, 0) | 1 << position
    reads, text = [0] * len(vocab), "".join(vocab.chars[1:])
    for atom, positions in positions_of.items():
        for ch in re.findall(atom, text, re.DOTALL):
            reads[vocab.stoi[ch]] |= positions
    return reads


def check_size(states: int, classes: int, limit: int | None = None) -> None:
    """Raise InvalidOption if a DFA would be too large."""
    if states * classes > (limit or MAX_TABLE_SIZE):
        message = f"the constraints need {states:,} states of {classes:,} character classes"
        raise InvalidOption(message, "use fewer or simpler constraints")
