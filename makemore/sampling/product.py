"""The product automaton: a model's automaton and the DFA of the constraints, in parallel."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from makemore.errors import InvalidOption
from makemore.sampling.automaton import Automaton, States
from makemore.sampling.dfa import Dfa
from makemore.vocab import Floats, Ints

MAX_PAIRS = 1 << 28
"""Limit of automaton states times DFA states: 256 MB to mark the reachable ones."""
CHUNK_SIZE = 1 << 21
"""Entries (states times characters) per vectorised operation: 16 MB of float64."""


@dataclass(frozen=True)
class Product:
    """N reachable pairs of an automaton state and a DFA state; state 0 is the start, state N is dead."""

    automaton: Automaton
    is_unconstrained: bool  # whether the DFA accepts any text: then product states are automaton states
    automaton_state: Ints  # automaton state of each product state, (N,)
    next: States  # product state after each character, (N, V); N if there is none
    accepts: npt.NDArray[np.bool_]  # whether the text of a name may end in each product state, (N,)

    @classmethod
    def of(cls, automaton: Automaton, dfa: Dfa) -> Self:
        """Build the product of the reachable pairs."""
        states, vocab_size = automaton.next.shape
        if dfa.accepts_any_text:
            following = automaton.next.copy()
            following[:, 0] = states
            return cls(automaton, True, np.arange(states), following, np.ones(states, np.bool_))
        codes = _reachable(automaton, dfa)
        following = np.empty((len(codes), vocab_size), dtype=np.int32)
        for chunk in chunks(len(codes), vocab_size):
            targets = _following(automaton, dfa, codes[chunk])
            following[chunk] = np.where(targets < 0, len(codes), codes.searchsorted(targets))
        automaton_state, dfa_state = np.divmod(codes, len(dfa.next))
        return cls(automaton, False, automaton_state, following, dfa.accepts[dfa_state])

    def __len__(self) -> int:
        return len(self.next)

    @property
    def vocab_size(self) -> int:
        """Number of characters: V."""
        return int(self.next.shape[1])

    def probs(self, states: Ints) -> Floats:
        """Decoded probabilities (R, V) of the next character in product states (R,)."""
        return np.asarray(self.automaton.probs[self.automaton_state[states]])


def chunks(rows: int, vocab_size: int) -> list[slice]:
    """Return slices of rows of `CHUNK_SIZE` entries each."""
    size = max(1, CHUNK_SIZE // vocab_size)
    return [slice(first, min(first + size, rows)) for first in range(0, rows, size)]


def _reachable(automaton: Automaton, dfa: Dfa) -> Ints:
    """Return the reachable pairs, ascending, as codes: automaton state times K plus DFA state."""
    pairs = len(automaton.next) * len(dfa.next)
    if not pairs:
        return np.zeros(0, dtype=np.int64)
    if pairs > MAX_PAIRS:
        message = f"the constraints need {len(dfa.next):,} states, the model has {len(automaton.next):,}"
        raise InvalidOption(f"{message}: too many together", "use fewer texts in --ban or a shorter --pattern")
    is_reached, frontier = np.zeros(pairs, dtype=np.bool_), np.zeros(1, dtype=np.int64)
    is_reached[0] = True
    while len(frontier):
        is_next = np.zeros_like(is_reached)
        targets = _following(automaton, dfa, frontier)
        is_next[targets[targets >= 0]] = True
        frontier = np.flatnonzero(is_next & ~is_reached)
        is_reached |= is_next
    return np.flatnonzero(is_reached)


def _following(automaton: Automaton, dfa: Dfa, codes: Ints) -> Ints:
    """Return the codes (R, V) of the pairs after each character; -1 for none."""
    dfa_state = dfa.next[codes % len(dfa.next)]
    following = automaton.next[codes // len(dfa.next)].astype(np.int64) * len(dfa.next) + dfa_state
    return np.where(dfa_state < 0, -1, following)
