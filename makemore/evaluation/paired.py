"""Paired difference of two models on the same names, with a bootstrap interval."""

from dataclasses import dataclass

import numpy as np

from makemore.options import SEED
from makemore.vocab import Floats

RESAMPLES = 2000
"""Bootstrap resamples: the ends of an interval vary by about 3 % of its length between seeds."""
MIN_NAMES = 20
"""Names below which a bootstrap interval would be too narrow."""


@dataclass(frozen=True)
class Difference:
    """nll of one model minus that of another on the same names, nats per character, with its 95 % interval."""

    value: float
    low: float
    high: float
    names: int


def paired(nats: Floats, others: Floats, characters: Floats, counts: Floats) -> Difference | None:
    """Difference of two models, from the nats of n names under both, and their characters and counts (n,).

    One observation is a distinct name with all its lines, as in sql/results/comparison.sql. The interval is the middle
    95 % of bootstrap differences, and unbounded below `MIN_NAMES`. Ignores names with probability 0 under both models;
    a name with probability 0 under one makes its difference infinite. None if no name is left.
    """
    possible = np.isfinite(nats) | np.isfinite(others)
    nats, others, characters, counts = nats[possible], others[possible], characters[possible], counts[possible]
    if not (n := len(nats)):
        return None
    if np.isinf(nats).any() or np.isinf(others).any():
        worse = np.inf if np.isinf(nats).any() else -np.inf
        return Difference(worse, worse, worse, n)
    sums = np.stack([counts * (nats - others), counts * characters], axis=1)
    value = float(sums[:, 0].sum() / sums[:, 1].sum())
    if n < MIN_NAMES:
        return Difference(value, -np.inf, np.inf, n)
    rng = np.random.Generator(np.random.Philox(SEED))
    resampled = (np.bincount(rng.integers(n, size=n), minlength=n) @ sums for _ in range(RESAMPLES))
    differences = np.array([difference / total for difference, total in resampled])
    low, high = np.quantile(differences, [0.025, 0.975])
    return Difference(value, float(low), float(high), n)
