"""Overlay of excluded names on a trellis: their prefixes are states with backward probabilities of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from makemore.sampling.automaton import Floats, Ids
from makemore.sampling.backward import Semiring
from makemore.sampling.product import Product, chunks
from makemore.sampling.trie import Trie


@dataclass(frozen=True)
class Overlay:
    """A trie of excluded names with a product state and a backward probability for each of its T nodes."""

    trie: Trie
    product_state: Ids
    """Product state of each node, (T,); N if no allowed name has this prefix."""
    backward: Floats
    """Backward probability of each node, (T,)."""

    @classmethod
    def of(cls, trie: Trie, product: Product, semiring: Semiring, lookahead: Callable[[int, Ids], Floats]) -> Overlay:
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

    def apply(self, following: Floats, rows: Ids, nodes: Ids) -> None:
        """Exclude names from the backward probabilities `following` (R, V) of `rows`, whose prefixes are `nodes`."""
        _exclude(self.trie, self.backward, following, rows, nodes)


def _exclude(trie: Trie, backward: Floats, following: Floats, rows: Ids, nodes: Ids) -> None:
    following[rows, 0] *= ~trie.is_name[nodes]
    which, children = trie.children(nodes)
    following[rows[which], trie.last[children]] = backward[children]


def _product_states(trie: Trie, product: Product) -> Ids:
    dead = len(product)
    following = np.vstack([product.next, np.full((1, product.vocab_size), dead, dtype=np.int32)])
    states = np.zeros(len(trie), dtype=np.int64)
    for depth in range(1, trie.depth + 1):
        level = trie.level(depth)
        states[level] = following[states[trie.parent[level]], trie.last[level]]
    return states
