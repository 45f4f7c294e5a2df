"""Minimisation of deterministic finite automata."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from makemore.sampling.dfa import Dfa, Mask
from makemore.vocab import Ints


def minimise(dfa: Dfa) -> Dfa:
    """Return the smallest DFA of the same texts; it has no states if it accepts no text."""
    dfa = _trim(dfa)
    _, first, which = np.unique(_blocks(dfa), return_index=True, return_inverse=True)
    number = np.append(np.argsort(np.argsort(first))[which], -1).astype(np.int32)
    first.sort()
    following = number[dfa.next[first]]
    numbers: dict[bytes, int] = {}
    new_class = [numbers.setdefault(column.tobytes(), len(numbers)) for column in np.ascontiguousarray(following.T)]
    representatives = np.unique(new_class, return_index=True)[1]
    return Dfa(np.array(new_class)[dfa.classes], following[:, representatives], dfa.accepts[first])


def _trim(dfa: Dfa) -> Dfa:
    """Keep the states that are reachable and can reach an accepting state; none unless the start is one."""
    start = np.arange(len(dfa.next)) == 0
    useful = _reachable(start, lambda states: dfa.next[states]) & _reachable(dfa.accepts, _predecessors(dfa))
    useful &= useful[:1].all()
    number = np.append(np.where(useful, np.cumsum(useful) - 1, -1), -1).astype(np.int32)
    return Dfa(dfa.classes, number[dfa.next[useful]], dfa.accepts[useful])


def _reachable(states: Mask, step: Callable[[Ints], npt.NDArray[np.integer]]) -> Mask:
    """Return the closure of a set of states under `step`."""
    reached, frontier = np.append(states, True), np.flatnonzero(states)
    while len(frontier):
        new = np.zeros_like(reached)
        new[step(frontier)] = True
        frontier = np.flatnonzero(new & ~reached)
        reached[frontier] = True
    return reached[:-1]


def _blocks(dfa: Dfa) -> npt.NDArray[np.int32]:
    """Block of each state, (K,): states of one block accept the same continuations (Hopcroft 1971)."""
    block = np.append(dfa.accepts, 2).astype(np.int32)  # The last block is that of -1, no state.
    new_block, touched, predecessors = 3, np.arange(len(dfa.next)), _predecessors(dfa)
    while len(touched):  # the predecessors of states that changed their block
        rows = np.column_stack([block[touched], block[dfa.next[touched]]])
        alike: dict[bytes, list[int]] = {}
        for state, row in zip(touched.tolist(), rows, strict=True):
            alike.setdefault(row.tobytes(), []).append(state)
        staying = np.bincount(block, minlength=new_block) - np.bincount(block[touched], minlength=new_block)
        moved = np.zeros(len(block), dtype=np.bool_)
        for states in sorted(alike.values(), key=len, reverse=True):
            old = block[states[0]]
            if staying[old]:
                block[states], new_block = new_block, new_block + 1
                moved[states] = True
            staying[old] = 1
        touched = np.flatnonzero(np.bincount(predecessors(np.flatnonzero(moved))))
    return block[:-1]


def _predecessors(dfa: Dfa) -> Callable[[Ints], Ints]:
    """Return a function from states to all of their predecessors."""
    targets = dfa.next.ravel().astype(np.min_scalar_type(-len(dfa.next) - 1))
    order = np.argsort(targets, kind="stable") // dfa.next.shape[1]
    first = np.bincount(targets + 1, minlength=len(dfa.next) + 1).cumsum()
    return lambda states: np.concatenate([order[:0], *(order[first[ix] : first[ix + 1]] for ix in states)])
