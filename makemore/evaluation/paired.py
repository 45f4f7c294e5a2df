"""Paired differences of two models on the same names, with bootstrap intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

RESAMPLES = 2000
"""Times that the names are drawn again: the ends of an interval then move by some 3 % of it from seed to seed."""
SEED = 2147483647
"""The lecture's: the same names give the same interval."""
FEWEST = 20
"""Names that tell an interval: of fewer, names drawn again are too much like each other, and it would be too narrow."""


@dataclass(frozen=True)
class Difference:
    """nll of one model less that of another on the same names, nats a character, and its 95 % interval."""

    value: float
    low: float
    high: float
    names: int


def paired(nats: Numbers, others: Numbers, characters: Numbers, counts: Numbers) -> Difference | None:
    """The difference of two models, from the nats of each name under both, its characters and how often it counts.

    A distinct name with all its lines is one observation, as in sql/results/comparison.sql. The interval is that of a
    bootstrap: the names are drawn again, as many as there are, and the middle 95 % of the differences are told. It is
    without ends for fewer than `FEWEST` names. A name that both exclude tells nothing; one that one of them excludes
    makes it infinitely worse. None if no name is left.
    """
    told = np.isfinite(nats) | np.isfinite(others)
    nats, others, characters, counts = nats[told], others[told], characters[told], counts[told]
    if not (n := len(nats)):
        return None
    if np.isinf(nats).any() or np.isinf(others).any():
        worse = np.inf if np.isinf(nats).any() else -np.inf
        return Difference(worse, worse, worse, n)
    sums = np.stack([counts * (nats - others), counts * characters], axis=1)
    value = float(sums[:, 0].sum() / sums[:, 1].sum())
    if n < FEWEST:
        return Difference(value, -np.inf, np.inf, n)
    rng = np.random.Generator(np.random.Philox(SEED))
    drawn = (np.bincount(rng.integers(n, size=n), minlength=n) @ sums for _ in range(RESAMPLES))
    again = np.array([difference / total for difference, total in drawn])
    low, high = np.quantile(again, [0.025, 0.975])
    return Difference(value, float(low), float(high), n)
