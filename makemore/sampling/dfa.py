"""Deterministic finite automata as tables: of words, of the positions of a pattern, of two at once; the smallest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from makemore.sampling.regex import LARGEST, Positions
from makemore.vocab import Vocab

Ids = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

LARGEST_TABLE = 2**24
"""States by classes of characters."""


@dataclass(frozen=True)
class Table:
    """K states, 0 being the start, and C classes of characters that are not told apart."""

    classes: Ids
    """Class of each character id, (V,)."""
    next: npt.NDArray[np.int32]
    """State after a character of each class, (K, C); -1 where there is none, as after the end, id 0."""
    accepts: Mask
    """Whether a text may end in each state, (K,)."""


def starting(word: Sequence[int], vocab_size: int) -> Table:
    """Accepts texts that start with a word."""
    classes = _classes([word], vocab_size)
    states = np.full((len(word) + 1, classes.max() + 1), -1, dtype=np.int32)
    states[range(len(word)), classes[word]] = range(1, len(word) + 1)
    states[-1, 1:] = len(word)
    return Table(classes, states, np.arange(len(word) + 1) == len(word))


def containing(word: Sequence[int], vocab_size: int) -> Table:
    """Accepts texts that hold a word."""
    table = ending([word], vocab_size)
    table.next[table.accepts, 1:] = np.flatnonzero(table.accepts)[:, None]
    return table


def without(words: Sequence[Sequence[int]], vocab_size: int) -> Table:
    """Accepts texts that hold none of the words."""
    table = ending(words, vocab_size)
    return Table(table.classes, np.where(table.accepts[table.next], -1, table.next), ~table.accepts)


def ending(words: Sequence[Sequence[int]], vocab_size: int) -> Table:
    """Accepts texts that end with one of the words (Aho and Corasick 1975); a state is the longest start of a word."""
    classes = _classes(words, vocab_size)
    numbers: dict[tuple[int, int], int] = {}
    nodes, found = [(0, 0, 0)], []
    for word in words:
        node = 0
        for depth, ch in enumerate(classes[word].tolist(), start=1):
            before, node = node, numbers.setdefault((node, ch), len(nodes))
            if node == len(nodes):
                nodes.append((before, ch, depth))
        found.append(node)
    before, last, depth = np.array(nodes).T
    _check_size(len(nodes), classes.max() + 1)
    states = np.zeros((len(nodes), classes.max() + 1), dtype=np.int32)
    states[0, 0] = -1
    shorter, accepts = np.zeros_like(before), np.isin(np.arange(len(nodes)), found)
    for level in range(depth.max() + 1):
        at, longer = np.flatnonzero(depth == level), np.flatnonzero(depth == level + 1)
        states[at] = states[shorter[at]]
        shorter[longer] = states[before[longer], last[longer]]
        states[before[longer], last[longer]] = longer
        accepts[longer] |= accepts[shorter[longer]]
    return Table(classes, states, accepts)


def matching(positions: Positions, vocab: Vocab) -> Table:
    """Accepts what a pattern of these positions matches; a state is the positions that can come next.

    Raises:
        ValueError: it has too many states.
    """
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
        # Rows of Python's numbers take more room, and time, than those of numpy.
        if len(states) > min(LARGEST, LARGEST_TABLE // 4 // len(classes)):
            raise positions.too_large()
    accepts = np.array([state & 1 for state in states], dtype=np.bool_)
    return Table(np.array([classes[read] for read in reads]), np.array(rows, dtype=np.int32), accepts)


def both(one: Table, other: Table) -> Table:
    """Accepts what both do; a state is a pair of theirs that can be reached.

    Raises:
        ValueError: it has too many states.
    """
    pairs, classes = np.unique(one.classes * other.next.shape[1] + other.classes, return_inverse=True)
    lefts, rights = np.divmod(pairs, other.next.shape[1])
    count, numbers = len(other.next), {-1: -1, 0: 0}
    frontier = np.zeros(min(1, count, len(one.next)), dtype=np.int64)
    codes, rows = [frontier], [np.zeros((0, len(pairs)), dtype=np.int32)]
    while len(frontier):
        left, right = one.next[frontier // count][:, lefts], other.next[frontier % count][:, rights]
        ahead = np.where((left < 0) | (right < 0), -1, left.astype(np.int64) * count + right)
        seen, which = np.unique(ahead, return_inverse=True)
        known = len(numbers) - 1
        numbered = np.array([numbers.setdefault(code, len(numbers) - 1) for code in seen.tolist()], dtype=np.int32)
        _check_size(len(numbers), len(pairs))
        rows.append(numbered[which].reshape(-1, len(pairs)))
        frontier = seen[numbered >= known]
        codes.append(frontier)
    reached = np.concatenate(codes)
    return Table(classes, np.concatenate(rows), one.accepts[reached // count] & other.accepts[reached % count])


def smallest(table: Table) -> Table:
    """Accepts the same, with as few states as can be; with none if it accepts nothing."""
    table = _useful(table)
    _, first, which = np.unique(_blocks(table), return_index=True, return_inverse=True)
    number = np.append(np.argsort(np.argsort(first))[which], -1).astype(np.int32)
    first.sort()
    states = number[table.next[first]]
    kinds: dict[bytes, int] = {}
    kind = [kinds.setdefault(column.tobytes(), len(kinds)) for column in np.ascontiguousarray(states.T)]
    one_of_each = np.unique(kind, return_index=True)[1]
    return Table(np.array(kind)[table.classes], states[:, one_of_each], table.accepts[first])


def _useful(table: Table) -> Table:
    """The states that can be reached and from which an end can be; none if not the start."""
    start = np.arange(len(table.next)) == 0
    useful = _reach(start, lambda states: table.next[states]) & _reach(table.accepts, _sources(table))
    useful &= useful[:1].all()
    number = np.append(np.where(useful, np.cumsum(useful) - 1, -1), -1).astype(np.int32)
    return Table(table.classes, number[table.next[useful]], table.accepts[useful])


def _reach(states: Mask, step: Callable[[Ids], npt.NDArray[np.integer]]) -> Mask:
    """These states and all that one comes to from them, step by step."""
    reached, ahead = np.append(states, True), np.flatnonzero(states)
    while len(ahead):
        new = np.zeros_like(reached)
        new[step(ahead)] = True
        ahead = np.flatnonzero(new & ~reached)
        reached[ahead] = True
    return reached[:-1]


def _blocks(table: Table) -> npt.NDArray[np.int32]:
    """Block of each state: from two of one block the same can follow (Hopcroft 1971).

    Only states that lead to one which has left its block are looked at again.
    """
    block = np.append(table.accepts, 2).astype(np.int32)  # The last one is that of -1, no state.
    free, touched, sources = 3, np.arange(len(table.next)), _sources(table)
    while len(touched):
        rows = np.column_stack([block[touched], block[table.next[touched]]])
        alike: dict[bytes, list[int]] = {}
        for state, row in zip(touched.tolist(), rows, strict=True):
            alike.setdefault(row.tobytes(), []).append(state)
        staying = np.bincount(block, minlength=free) - np.bincount(block[touched], minlength=free)
        moved = np.zeros(len(block), dtype=np.bool_)
        for states in sorted(alike.values(), key=len, reverse=True):
            old = block[states[0]]
            if staying[old]:
                block[states], free = free, free + 1
                moved[states] = True
            staying[old] = 1
        touched = np.flatnonzero(np.bincount(sources(np.flatnonzero(moved))))
    return block[:-1]


def _sources(table: Table) -> Callable[[Ids], Ids]:
    """A function of states to those that lead to one of them."""
    targets = table.next.ravel().astype(np.min_scalar_type(-len(table.next) - 1))
    order = np.argsort(targets, kind="stable") // table.next.shape[1]
    first = np.bincount(targets + 1, minlength=len(table.next) + 1).cumsum()
    return lambda states: np.concatenate([order[:0], *(order[first[ix] : first[ix + 1]] for ix in states)])


def _classes(words: Sequence[Sequence[int]], vocab_size: int) -> Ids:
    """Class of each character: 0 of the end, 1 of all that are in no word, each other one its own."""
    classes, own = np.ones(vocab_size, dtype=np.intp), sorted(set().union(*words))
    classes[0], classes[own] = 0, range(2, len(own) + 2)
    return classes


def _reads(atoms: list[str], vocab: Vocab) -> list[int]:
    """Positions that read each character of the vocab, as bits of a number; none reads the end."""
    at: dict[str, int] = {}
    for position, atom in enumerate(atoms[1:], start=1):
        at[atom] = at.get(atom, 0) | 1 << position
    reads, text = [0] * len(vocab), "".join(vocab.chars[1:])
    for atom, positions in at.items():
        for ch in re.findall(atom, text, re.DOTALL):
            reads[vocab.stoi[ch]] |= positions
    return reads


def _check_size(states: int, classes: int) -> None:
    if states * classes > LARGEST_TABLE:
        raise ValueError(
            f"what is asked of names comes to more than {LARGEST_TABLE // classes:,} states of {classes:,} kinds of "
            "characters: ask for less at once."
        )
