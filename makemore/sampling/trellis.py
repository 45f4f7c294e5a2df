"""A model and a constraint, place by place: how probable it is, from anywhere in a name, that it ends as asked.

A name is drawn character by character, each weighed by what can still come of it (the backward probabilities of a
hidden Markov model; Doob's h-transform). So no draw is ever in vain, and names come as often as the model would
make them, were all others left out.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from makemore.options import LONGEST
from makemore.sampling.automaton import Automaton
from makemore.sampling.constraints import Dfa
from makemore.sampling.trie import Trie, child, children

MOST = 1e18
"""What a number of names is told as at most."""
MOST_PAIRS = 1 << 28
"""States of a model times those of a constraint, at most: 256 MB to mark those that are reached."""
MOST_VALUES = 1 << 27
"""Values of pairs at places, at most: 1 GB of them."""
CHUNK = 1 << 21
"""Probabilities that are looked at together."""

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Sum = Callable[[Floats], Floats]


def total(weights: Floats) -> Floats:
    """The sum of each row of weights (R, V): of probabilities, how probable the names are together."""
    return np.asarray(np.minimum(weights.sum(axis=1), MOST))


def largest(weights: Floats) -> Floats:
    """The largest of each row of weights (R, V): of probabilities, that of the most probable name."""
    return np.asarray(weights.max(axis=1))


@dataclass(frozen=True)
class Wanted:
    """Which names are wanted."""

    form: Dfa
    """What they look like; each state can be reached, and an end from it."""
    min_length: int = 1
    """Characters of the shortest one: 1 or more."""
    max_length: int | None = None
    """Characters of the longest one."""
    without: Trie | None = None
    """Names that are not among them."""

    @property
    def anything(self) -> bool:
        """Whether any name will do that has a character."""
        form = self.form
        return self.min_length <= 1 and self.max_length is None and self.without is None and form_is_free(form)


@dataclass
class Trellis:
    """The states of an automaton and of a constraint side by side, N pairs of them, at each place of a name.

    A state is a pair, or N plus a node of the trie where a name might still become one that is not wanted. `value` is
    what `gather` makes of all the ways in which a name can end from there: with `total`, its probability.
    """

    automaton: Automaton
    wanted: Wanted
    gather: Sum = total
    model_state: Ids = field(init=False)
    """State of the automaton of each pair, (N,)."""
    next: npt.NDArray[np.int32] = field(init=False)
    """Pair after each character, (N, V); N where none is."""
    may_end: npt.NDArray[np.bool_] = field(init=False)
    """Whether a name may end there, but for its length, (N,)."""
    values: Floats = field(init=False)
    """Value of each pair at each place, and 0 for no pair, (L, N + 1); the last place stands for all later ones."""

    node_pair: Ids = field(init=False)
    """Pair of each node of the trie, (T,); N where no wanted name goes."""
    node_values: Floats = field(init=False)
    """Value of each node of the trie, (T,)."""

    def __post_init__(self) -> None:
        self.model_state, self.next, self.may_end = _pairs(self.automaton, self.wanted.form)
        self.values = self._backward()
        self._read_trie()

    def but_for(self, without: Trie) -> Trellis:
        """The trellis of the same names without these."""
        other = copy(self)
        other.wanted = replace(self.wanted, without=without)
        other._read_trie()
        return other

    @property
    def start(self) -> int:
        """The state of the empty name."""
        return 0 if self.wanted.without is None else len(self.next)

    @property
    def value(self) -> float:
        """The value of the empty name: all names that are wanted."""
        if not len(self.next):
            return 0.0
        return float(self.values[0, 0] if self.wanted.without is None else self.node_values[0])

    @property
    def size(self) -> int:
        """Different states of all places: `key` is below it."""
        return len(self.values) * len(self.next) + (len(self.wanted.without) if self.wanted.without else 0)

    def key(self, place: int, states: Ids) -> Ids:
        """A number for each of the states (R,) at a place; states of one number have the same weights."""
        pairs = len(self.next)
        keys = states + min(place, len(self.values) - 1) * pairs
        if self.wanted.without is not None:
            nodes = states >= pairs
            keys[nodes] = states[nodes] + (len(self.values) - 1) * pairs
        return keys

    def after(self, states: Ids, ix: Ids) -> Ids:
        """The state after a character `ix` (R,) in each of the states (R,)."""
        pairs, trie = len(self.next), self.wanted.without
        if trie is None:
            return np.asarray(self.next.ravel().take(states * self.next.shape[1] + ix, mode="clip"), dtype=np.int64)
        following = self.next[self.pair(states), ix].astype(np.int64)
        at = np.flatnonzero(states >= pairs)
        node = child(trie, states[at] - pairs, ix[at])
        following[at[node > 0]] = node[node > 0] + pairs
        return following

    def pair(self, states: Ids) -> Ids:
        """The pair of each of the states (R,)."""
        if self.wanted.without is None:
            return states
        node = states - len(self.next)
        return np.where(node < 0, states, self.node_pair[np.maximum(node, 0)])

    def nats(self, states: Ids, ix: Ids) -> Floats:
        """What a character `ix` (R,) costs in each of the states (R,) under the model itself."""
        pair = self.pair(states)
        state = pair if form_is_free(self.wanted.form) else self.model_state.take(pair)
        return np.asarray(self.automaton.nats.ravel().take(state * self.next.shape[1] + ix, mode="clip"))

    def weights(self, place: int, states: Ids) -> Floats:
        """Weights (R, V) of the next character in each of the states (R,), in proportion to its probability."""
        return self.automaton.probs[self.model_state[self.pair(states)]] * self.ahead(place, states)

    def ahead(self, place: int, states: Ids) -> Floats:
        """Value (R, V) of what each next character leads to from each of the states (R,); of the end 1 or 0."""
        pair = self.pair(states)
        ahead = self._at(place + 1)[self.next[pair]]
        ahead[:, 0] = self.may_end[pair] & self._long_enough(place)
        if self.wanted.without is not None:
            at = np.flatnonzero(states >= len(self.next))
            node = states[at] - len(self.next)
            ahead[at, 0] *= ~self.wanted.without.is_name[node]
            which, below = children(self.wanted.without, node)
            ahead[at[which], self.wanted.without.last[below]] = self.node_values[below]
        return ahead

    def _at(self, place: int) -> Floats:
        return np.asarray(self.values[min(place, len(self.values) - 1)])

    def _long_enough(self, place: int) -> bool:
        longest = self.wanted.max_length
        return place >= max(1, self.wanted.min_length) and (longest is None or place <= longest)

    def _backward(self) -> Floats:
        """Values of all pairs, from the last place to the first."""
        longest, pairs = self.wanted.max_length, len(self.next)
        later = np.zeros(pairs + 1)
        if longest is None and self._free:
            later = np.append(np.ones(pairs), 0)
        elif longest is None:
            later, settled = self._ever()
            if not settled:
                longest, later = LONGEST, np.zeros(pairs + 1)
        places = max(1, self.wanted.min_length) if longest is None else longest + 1
        if places * pairs > MOST_VALUES:
            raise ValueError(
                f"{places:,} places by {pairs:,} states of the model and of what is asked are more than "
                f"{MOST_VALUES:,} values: ask for shorter names, or for less at once."
            )
        values = [later]
        for place in reversed(range(places)):
            later = self._step(later, ends=self._long_enough(place))
            values.append(later)
        return np.stack(values[::-1])

    @property
    def _free(self) -> bool:
        """Whether any name will do, as far as pairs tell: each draw is then the model's own."""
        return bool(
            self.gather is total
            and self.may_end.all()
            and (self.next[:, 1:] < len(self.next)).all()
            and np.allclose(self.automaton.probs.sum(axis=1), 1)
        )

    def _ever(self) -> tuple[Floats, bool]:
        """Values (N + 1,) where a name may be as long as it likes, and whether they settle for those that there are."""
        values = np.zeros(len(self.next) + 1)
        for _ in range(LONGEST - self.wanted.min_length):
            before, values = values, self._step(values, ends=True)
            if np.allclose(values, before, rtol=1e-14, atol=0):
                return values, True
        return values, False

    def _step(self, later: Floats, *, ends: bool) -> Floats:
        """Values (N + 1,) of a place from those of the next one."""
        pairs, vocab_size = self.next.shape
        values = np.zeros(pairs + 1)
        size = max(1, CHUNK // vocab_size)
        for first in range(0, pairs, size):
            chunk = slice(first, min(first + size, pairs))
            ahead = later[self.next[chunk]]
            ahead[:, 0] = self.may_end[chunk] & ends
            ahead *= self.automaton.probs[self.model_state[chunk]]
            values[chunk] = self.gather(ahead)
        return values

    def _read_trie(self) -> None:
        if self.wanted.without is not None:
            self.node_pair = self._pairs_of_nodes(self.wanted.without)
            self.node_values = np.zeros(len(self.node_pair))
            self._fill_node_values(self.wanted.without)

    def _pairs_of_nodes(self, trie: Trie) -> Ids:
        dead = len(self.next)
        following = np.vstack([self.next, np.full((1, self.next.shape[1]), dead, dtype=np.int32)])
        pair = np.zeros(len(trie), dtype=np.int64)
        for depth in range(1, trie.depth + 1):
            level = trie.level(depth)
            pair[level] = following[pair[trie.parent[level]], trie.last[level]]
        return pair

    def _fill_node_values(self, trie: Trie) -> None:
        """From the longest prefixes to the empty one: each is told by those that are one character longer."""
        size = max(1, CHUNK // self.next.shape[1])
        for depth in reversed(range(trie.depth + 1)):
            level = trie.level(depth)
            alive = np.flatnonzero(self.node_pair[level] < len(self.next)) + level.start
            for first in range(0, len(alive), size):
                nodes = alive[first : first + size]
                self.node_values[nodes] = self.gather(self.weights(depth, nodes + len(self.next)))


def form_is_free(form: Dfa) -> bool:
    """Whether any text has this form."""
    return len(form.next) == 1 and bool(form.accepts[0] and (form.next[0, 1:] == 0).all())


def _pairs(automaton: Automaton, form: Dfa) -> tuple[Ids, npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Pairs of a model's state and a constraint's that a name can reach: their model states, where each character
    leads from each of them, and which may end a name. Pair 0 is the start.
    """
    states, vocab_size = automaton.next.shape
    kinds = len(form.next)
    if not kinds:
        return np.zeros(0, np.int64), np.zeros((0, vocab_size), np.int32), np.zeros(0, np.bool_)
    if form_is_free(form):
        following = automaton.next.copy()
        following[:, 0] = states
        return np.arange(states), following, np.ones(states, np.bool_)
    if states * kinds > MOST_PAIRS:
        raise ValueError(
            f"what is asked comes to {kinds:,} states, beside {states:,} of the model: ask for less at once, "
            "with fewer texts in --ban or a shorter --pattern."
        )
    is_reached, frontier = np.zeros(states * kinds, dtype=np.bool_), np.zeros(1, dtype=np.int64)
    is_reached[0] = True
    while len(frontier):
        ahead = np.zeros_like(is_reached)
        reached = _following(automaton, form, frontier)
        ahead[reached[reached >= 0]] = True
        frontier = np.flatnonzero(ahead & ~is_reached)
        is_reached |= ahead
    codes = np.flatnonzero(is_reached)
    size = max(1, CHUNK // vocab_size)
    leads_to = np.empty((len(codes), vocab_size), dtype=np.int32)
    for first in range(0, len(codes), size):
        chunk = slice(first, first + size)
        targets = _following(automaton, form, codes[chunk])
        leads_to[chunk] = np.where(targets < 0, len(codes), codes.searchsorted(targets))
    return codes // kinds, leads_to, form.accepts[codes % kinds]


def _following(automaton: Automaton, form: Dfa, codes: Ids) -> Ids:
    """Codes (R, V) of the pairs after each character in pairs of these codes (R,); -1 where there is none."""
    kinds = len(form.next)
    kind = form.next[codes % kinds]
    following = automaton.next[codes // kinds].astype(np.int64) * kinds + kind
    return np.where(kind < 0, -1, following)
