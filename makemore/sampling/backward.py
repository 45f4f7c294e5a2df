"""Backward probabilities of a product automaton over a semiring.

The backward probability of a state at a position is the semiring sum, over all completions of a name that satisfy the
constraints, of the product of their character probabilities (the backward pass of a hidden Markov model).
"""

from collections.abc import Callable

import numpy as np

from makemore.errors import InvalidOption
from makemore.options import MAX_LENGTH
from makemore.sampling.constraints import Constraints
from makemore.sampling.product import Product, chunks
from makemore.vocab import Floats

MAX_COUNT = 1e18
"""Upper bound of sums: counts of names are exact below 2**53 and saturate here."""
MAX_TRELLIS_SIZE = 1 << 27
"""Limit of positions times product states: 1 GB of float64."""

Semiring = Callable[[Floats], Floats]
"""How weights of alternative characters combine: sum or maximum. It reduces the rows of an array (R, V) to (R,)."""


def sum_product(weights: Floats) -> Floats:
    """Add up: total probabilities, or counts of names."""
    return np.asarray(np.minimum(weights.sum(axis=1), MAX_COUNT))


def max_product(weights: Floats) -> Floats:
    """Take the maximum: the probability of the most probable name."""
    return np.asarray(weights.max(axis=1))


def backward(product: Product, constraints: Constraints, semiring: Semiring) -> Floats:
    """Return the backward probabilities (L, N + 1); the last position holds for all later ones, the dead state has 0.

    Excluded names are not considered.
    """
    max_length, states = constraints.max_length, len(product)
    values, is_free = np.zeros(states + 1), product.is_unconstrained and semiring is sum_product
    if max_length is None and is_free and np.allclose(product.automaton.probs.sum(axis=1), 1):
        values = np.append(np.ones(states), 0)
    elif max_length is None:
        values, converged = _fixed_point(product, constraints, semiring)
        if not converged:
            max_length, values = MAX_LENGTH, np.zeros(states + 1)
    positions = max(1, constraints.min_length) if max_length is None else max_length + 1
    if positions * states > MAX_TRELLIS_SIZE:
        message = f"{positions:,} positions of {states:,} states are more than {MAX_TRELLIS_SIZE:,} entries"
        raise InvalidOption(message, "use a lower --max-length, or fewer or simpler constraints")
    table = [values]
    for position in reversed(range(positions)):
        values = _step(product, semiring, values, may_end=constraints.allow_length(position))
        table.append(values)
    return np.stack(table[::-1])


def _fixed_point(product: Product, constraints: Constraints, semiring: Semiring) -> tuple[Floats, bool]:
    """Return backward probabilities (N + 1,) for names of any length, and whether they converge by `MAX_LENGTH`."""
    values = np.zeros(len(product) + 1)
    for _ in range(MAX_LENGTH - constraints.min_length):
        before, values = values, _step(product, semiring, values, may_end=True)
        if np.allclose(values, before, rtol=1e-14, atol=0):
            return values, True
    return values, False


def _step(product: Product, semiring: Semiring, following: Floats, *, may_end: bool) -> Floats:
    """Return backward probabilities (N + 1,) of a position from those of the next position."""
    values = np.zeros(len(product) + 1)
    for chunk in chunks(len(product), product.vocab_size):
        weights = following[product.next[chunk]]
        weights[:, 0] = product.accepts[chunk] & may_end
        weights *= product.automaton.probs[product.automaton_state[chunk]]
        values[chunk] = semiring(weights)
    return values
