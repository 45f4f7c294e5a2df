"""The pilot run of guided sampling: it chooses the smoothing of the guide and the bound of the importance weights."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from makemore.errors import UnsatisfiableRequest
from makemore.sampling.guided import ProposalDistribution, propose
from makemore.sampling.trellis import Trellis
from makemore.vocab import Floats

PILOT_BATCHES = 2
"""Batches of proposals for each candidate smoothing."""
GUIDE_SMOOTHINGS = (math.inf, 0.0, 1.0)
"""Candidate smoothings, as multiples of the guide's probability that a name satisfies the constraints."""
SUFFICIENT_ACCEPTANCE = 0.3
"""Acceptance rate at which the pilot tries no further smoothing."""
TRUNCATED_MASS = 1e-3
"""Maximum share of the total weight that may lie above the bound: the error of the sampled distribution."""
ABANDON_MARGIN = 20.0
"""Nats by which the weight of an unfinished name can still rise, for early rejection."""


@dataclass(frozen=True)
class Pilot:
    """Result of a pilot run."""

    distribution: ProposalDistribution  # with the smoothing of the highest acceptance rate
    log_bound: float  # logarithm of the weight at or above which a proposal is always accepted
    probability: float  # estimated probability that a name of the net satisfies the constraints


def run_pilot(
    distribution: ProposalDistribution, guide: Trellis, batch_size: int, stream: Callable[[int], np.random.Generator]
) -> Pilot:
    """Propose names with each candidate smoothing and keep the one with the highest acceptance rate."""
    best, highest = None, 0.0
    for factor in GUIDE_SMOOTHINGS:
        candidate = replace(distribution, smoothing=factor * guide.total)
        min_log_weights = np.full(batch_size, math.log(guide.total) - ABANDON_MARGIN)
        batches = [propose(candidate, stream(batch), min_log_weights) for batch in range(PILOT_BATCHES)]
        weights = np.exp(np.concatenate([proposals.log_weights for proposals in batches]))
        bound = 1.0 if np.isinf(factor) else _truncation_bound(weights)
        forced = batches[0].log_forced
        if weights.mean() > highest * bound and forced > -math.inf:
            highest = weights.mean() / bound
            probability = math.exp(forced) * weights.mean() / (1 - candidate.empty_probability())
            best = Pilot(candidate, math.log(bound), probability)
        if highest > SUFFICIENT_ACCEPTANCE:
            break
    if best is None:
        tried = len(GUIDE_SMOOTHINGS) * PILOT_BATCHES * batch_size
        raise UnsatisfiableRequest(f"none of {tried:,} proposals satisfies these constraints")
    return best


def _truncation_bound(weights: Floats) -> float:
    """Return the lowest bound such that `TRUNCATED_MASS` of the sum of weights or less exceeds it."""
    ordered = np.sort(weights)[::-1]
    above = ordered.cumsum() - ordered * np.arange(1, len(ordered) + 1)
    return float(ordered[np.count_nonzero(above <= TRUNCATED_MASS * ordered.sum()) - 1])
