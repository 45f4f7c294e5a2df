"""The gate: whether a new version is as good as the one that serves, from numbers of both; a reason for each rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from makemore.evaluation.paired import Difference

TOLERANCE = 0.015
"""Nats a character that a version may be worse by, though names tell it from chance: 1.5 % in perplexity. Another seed
alone makes 0.012, and very many names tell anything from chance."""
MARGIN = 0.05
"""Nats a character that a version may be worse by where names are too few to tell: 5 % in perplexity, and more than one
kind of net is from the next."""
COPIES = 0.10
"""Share of the samples that train has, above the champion's: one name in ten more that is somebody's. Chance moves it
by 0.01 in 10,000 names."""
LENGTHS = 0.05
"""Total variation of the lengths from train's, above the champion's: one name in twenty more that is too long or too
short. Chance alone gives 0.005 in 10,000 names."""
FEWEST_SAMPLES = 1000
"""Samples of which rates can be compared: of fewer, chance alone moves them by about as much as is allowed."""


@dataclass(frozen=True)
class Samples:
    """What the samples of a model are like."""

    n: int
    copy_rate: float
    length_tv: float


@dataclass(frozen=True)
class Finding:
    """What one rule found, in a sentence, and whether a version is refused for it."""

    reason: str
    refuses: bool = False


def nll_finding(difference: Difference | None, other: str) -> Finding:
    """Whether a version is worse than the other on the names that both could be asked about."""
    if difference is None:
        return Finding(f"nll is not compared with that of {other}: there is no held-out name to ask both about")
    names = "1 held-out name" if difference.names == 1 else f"{difference.names:,} held-out names"
    if np.isinf(difference.value):
        side = "worse" if difference.value > 0 else "better"
        return Finding(f"nll is infinitely {side} than that of {other} on {names}", difference.value > 0)
    told = f"nll is {difference.value:+.4f}"
    if np.isfinite(difference.low):
        told += f" ({difference.low:+.4f} to {difference.high:+.4f})"
    told += f" beside that of {other} on {names}"
    if difference.low > 0 and difference.value > TOLERANCE:
        return Finding(f"{told}: worse than chance explains, and by more than {TOLERANCE:g}", True)
    if difference.low > 0:
        return Finding(f"{told}: worse than chance explains, but by no more than {TOLERANCE:g}, which is let pass")
    if difference.value > MARGIN:
        return Finding(f"{told}: worse by more than {MARGIN:g}, on too few names to tell that from chance", True)
    return Finding(f"{told}: better than chance explains" if difference.high < 0 else told)


def sample_findings(
    candidate: Samples | None, champion: Samples | None, difference: Difference | None = None
) -> list[Finding]:
    """Whether a version's samples copy more of train, or have less of its lengths, than the champion's.

    It is told, and no reason to refuse, where the version is better on the names that neither was trained on: who knows
    how names are made also makes more of those that there are.
    """
    if candidate is None or champion is None:
        return [Finding("no samples to compare with the champion's")]
    if (fewest := min(candidate.n, champion.n)) < FEWEST_SAMPLES:
        return [Finding(f"{fewest:,} samples are too few to compare: from {FEWEST_SAMPLES:,} on")]
    findings = [
        _rate("copy rate", candidate.copy_rate, champion.copy_rate, COPIES),
        _rate("length TV", candidate.length_tv, champion.length_tv, LENGTHS),
    ]
    is_better = difference is not None and difference.high < 0
    return [Finding(finding.reason, finding.refuses and not is_better) for finding in findings]


def _rate(name: str, value: float, champion: float, margin: float) -> Finding:
    told = f"{name} of the samples is {value:.3f}, the champion's {champion:.3f}"
    if value - champion > margin:
        return Finding(f"{told}: above it by more than {margin:g}", True)
    return Finding(told)


def decide(findings: Sequence[Finding]) -> tuple[bool, tuple[str, ...]]:
    """Whether a version of which this was found serves, and all reasons, those against it first."""
    in_order = sorted(findings, key=lambda finding: not finding.refuses)
    return not any(finding.refuses for finding in findings), tuple(finding.reason for finding in in_order)
