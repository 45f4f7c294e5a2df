"""The trellis: states by positions of a name, with the backward probability of each.

Sampling draws each character in proportion to its probability times the backward probability of the state after it
(Doob's h-transform). No draw is rejected, and names keep their relative frequencies under the model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from makemore.sampling.automaton import Automaton
from makemore.sampling.backward import Semiring, backward, sum_product
from makemore.sampling.constraints import Constraints
from makemore.sampling.product import Product, chunks
from makemore.sampling.trie import Trie
from makemore.vocab import Floats, Ints


@dataclass(frozen=True)
class Trellis:
    """A product automaton of N states with backward probabilities, and an overlay of the excluded names.

    A state is a product state, or N plus a trie node while an excluded name can still follow. If only 'anna' is
    excluded, 'an' leads to N plus the node of 'an', and 'ab' to a product state.
    """

    product: Product
    constraints: Constraints
    semiring: Semiring
    backward: Floats  # without the overlay, (L, N + 1): see `backward`
    overlay: "Overlay | None" = None

    @classmethod
    def of(cls, automaton: Automaton, constraints: Constraints, semiring: Semiring = sum_product) -> Self:
        """Build the product and run the backward pass; raise InvalidOption if the trellis would be too large."""
        product = Product.of(automaton, constraints.text)
        trellis = cls(product, constraints, semiring, backward(product, constraints, semiring))
        return trellis if constraints.excluded is None else trellis.excluding(constraints.excluded)

    def excluding(self, excluded: Trie) -> Self:
        """Return the same trellis with these excluded names in place of its own."""
        overlay = Overlay.of(excluded, self.product, self.semiring, self._product_lookahead)
        return replace(self, constraints=replace(self.constraints, excluded=excluded), overlay=overlay)

    @property
    def start(self) -> int:
        """State of the empty name."""
        return 0 if self.overlay is None else len(self.product)

    @property
    def total(self) -> float:
        """Semiring sum over all allowed names: their probability, their number, or the probability of the best."""
        if not len(self.product):
            return 0.0
        return float(self.backward[0, 0] if self.overlay is None else self.overlay.backward[0])

    @property
    def product_size(self) -> int:
        """Number of product states over all positions: L times N."""
        return len(self.backward) * len(self.product)

    @property
    def size(self) -> int:
        """Number of states over all positions; `index` is below it."""
        return self.product_size + (len(self.overlay.trie) if self.overlay else 0)

    def index(self, position: int, states: Ints) -> Ints:
        """Return an index for states (R,) at a position; equal indices have equal weights."""
        indices = states + min(position, len(self.backward) - 1) * len(self.product)
        if self.overlay is not None:
            in_trie = states >= len(self.product)
            indices[in_trie] = states[in_trie] + (self.product_size - len(self.product))
        return indices

    def after(self, states: Ints, ix: Ints) -> Ints:
        """Return the state after character `ix` (R,) in each of the states (R,)."""
        following, vocab_size = self.product.next, self.product.vocab_size
        if self.overlay is None:
            return np.asarray(following.ravel().take(states * vocab_size + ix, mode="clip"), dtype=np.int64)
        after = following[self._product_state(states), ix].astype(np.int64)
        rows = np.flatnonzero(states >= len(self.product))
        node = self.overlay.trie.child(states[rows] - len(self.product), ix[rows])
        after[rows[node > 0]] = node[node > 0] + len(self.product)
        return after

    def probs(self, states: Ints) -> Floats:
        """Return the decoded probabilities (R, V) of the next character in states (R,)."""
        return self.product.probs(self._product_state(states))

    def nats(self, states: Ints, ix: Ints) -> Floats:
        """Return the negative log-likelihood of character `ix` (R,) in states (R,) under the model itself."""
        product, state = self.product, self._product_state(states)
        if not product.is_unconstrained:
            state = product.automaton_state.take(state)
        return np.asarray(product.automaton.nats.ravel().take(state * product.vocab_size + ix, mode="clip"))

    def weights(self, position: int, states: Ints) -> Floats:
        """Return the unnormalised probabilities (R, V) of the next character in states (R,)."""
        return self.probs(states) * self.lookahead(position, states)

    def lookahead(self, position: int, states: Ints) -> Floats:
        """Return the backward probability (R, V) after each character in states (R,); 1 or 0 for the end."""
        following = self._product_lookahead(position, self._product_state(states))
        if self.overlay is not None:
            rows = np.flatnonzero(states >= len(self.product))
            _exclude(self.overlay.trie, self.overlay.backward, following, rows, states[rows] - len(self.product))
        return following

    def _product_lookahead(self, position: int, states: Ints) -> Floats:
        following = np.asarray(self.backward[min(position + 1, len(self.backward) - 1)])[self.product.next[states]]
        following[:, 0] = self.product.accepts[states] & self.constraints.allow_length(position)
        return following

    def _product_state(self, states: Ints) -> Ints:
        if self.overlay is None:
            return states
        node = states - len(self.product)
        return np.where(node < 0, states, self.overlay.product_state[np.maximum(node, 0)])


@dataclass(frozen=True)
class Overlay:
    """A trie of excluded names with a product state and a backward probability for each of its T nodes."""

    trie: Trie
    product_state: Ints  # product state of each node, (T,); N if no allowed name has this prefix
    backward: Floats  # backward probability of each node, (T,)

    @classmethod
    def of(cls, trie: Trie, product: Product, semiring: Semiring, lookahead: Callable[[int, Ints], Floats]) -> Self:
        """Run the backward pass over a trie, from its longest prefixes to the root.

        `lookahead` returns the backward probabilities (R, V) after each character in product states at a position.
        """
        product_state, backward = _product_states(trie, product), np.zeros(len(trie))
        for depth in reversed(range(trie.depth + 1)):
            level = trie.level(depth)
            alive = np.flatnonzero(product_state[level] < len(product)) + level.start
            for chunk in chunks(len(alive), product.vocab_size):
                nodes = alive[chunk]
                following = lookahead(depth, product_state[nodes])
                _exclude(trie, backward, following, np.arange(len(nodes)), nodes)
                backward[nodes] = semiring(product.probs(product_state[nodes]) * following)
        return cls(trie, product_state, backward)


def _exclude(trie: Trie, backward: Floats, following: Floats, rows: Ints, nodes: Ints) -> None:
    """Exclude names from the backward probabilities `following` (R, V) of `rows`, whose prefixes are `nodes`."""
    following[rows, 0] *= ~trie.is_name[nodes]
    which, children = trie.children(nodes)
    following[rows[which], trie.last[children]] = backward[children]


def _product_states(trie: Trie, product: Product) -> Ints:
    dead = len(product)
    following = np.vstack([product.next, np.full((1, product.vocab_size), dead, dtype=np.int32)])
    states = np.zeros(len(trie), dtype=np.int64)
    for depth in range(1, trie.depth + 1):
        level = trie.level(depth)
        states[level] = following[states[trie.parent[level]], trie.last[level]]
    return states
