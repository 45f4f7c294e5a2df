"""The promotion rules: numbers in, a decision with reasons out. Every threshold is here.

docs/decisions/0010-promotion-rules.md gives the reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from makemore.evaluation.paired import Difference

BASELINE = "ngram"
"""Model type that every other one is compared with: interpolated Kneser-Ney, which costs almost nothing."""
TOLERANCE = 0.015
"""Largest accepted significant nll increase, nats per character: 1.5 % in perplexity. Changing only the seed changes
it by up to 0.012."""
MARGIN = 0.05
"""Largest accepted insignificant nll increase, nats per character: 5 % in perplexity, larger than the difference
between net types."""
MAX_COPY_RATE_INCREASE = 0.10
"""Share of samples that occur in train, above the champion's. Chance moves it by 0.01 in 10,000 names."""
MAX_LENGTH_TV_INCREASE = 0.05
"""Total variation between the lengths of samples and train, above the champion's. Chance: 0.005 in 10,000 names."""
MIN_SAMPLES = 1000
"""Samples needed to compare rates: with fewer, chance moves them by about the accepted increase."""


@dataclass(frozen=True)
class Samples:
    """Statistics of the samples of a model."""

    n: int
    copy_rate: float
    length_tv: float


@dataclass(frozen=True)
class Finding:
    """The result of one rule."""

    reason: str
    refuses: bool = False


def champion_findings(
    difference: Difference | None,
    champion_model: str,
    excluded: Mapping[str, int],
    held_out: int,
    *,
    samples: Samples | None,
    champion_samples: Samples | None,
) -> list[Finding]:
    """Compare a version with the champion. `excluded` counts the held-out names left out, by reason."""
    return [
        nll_finding(difference, f"the champion's {champion_model}"),
        *(Finding(f"excluded {n:,} of {held_out:,} held-out names: {reason}") for reason, n in excluded.items() if n),
        *sample_findings(samples, champion_samples, difference),
    ]


def baseline_findings(model_type: str, model_types: Sequence[str], difference: Difference | None) -> list[Finding]:
    """Compare the best model of a version with the baseline of the same version."""
    if model_type == BASELINE:
        return []
    if BASELINE not in model_types:
        return [Finding(f"no {BASELINE} in this version to compare {model_type} with")]
    return [nll_finding(difference, f"its own {BASELINE}")]


def failed_findings(failed: Sequence[str]) -> list[Finding]:
    """Mention the models that failed; they do not refuse a version."""
    return [Finding(f"failed models: {', '.join(failed)}")] if failed else []


def nll_finding(difference: Difference | None, other: str) -> Finding:
    """Refuse a version whose nll is too much higher than that of the other model on the same names."""
    if difference is None:
        return Finding(f"nll not compared with {other}: no common held-out name")
    names = "1 held-out name" if difference.names == 1 else f"{difference.names:,} held-out names"
    if np.isinf(difference.value):
        side = "higher" if difference.value > 0 else "lower"
        return Finding(f"nll infinitely {side} than {other} on {names}", difference.value > 0)
    interval = f" ({difference.low:+.4f} to {difference.high:+.4f})" if np.isfinite(difference.low) else ""
    reason = f"Δ nll {difference.value:+.4f}{interval} against {other} on {names}"
    if difference.low > 0:
        if difference.value > TOLERANCE:
            return Finding(f"{reason}: significantly worse, above the tolerance of {TOLERANCE:g}", True)
        return Finding(f"{reason}: significantly worse, within the tolerance of {TOLERANCE:g}")
    if difference.value > MARGIN:
        return Finding(f"{reason}: not significant, but above the margin of {MARGIN:g}", True)
    return Finding(f"{reason}: significantly better" if difference.high < 0 else reason)


def sample_findings(
    candidate: Samples | None, champion: Samples | None, difference: Difference | None = None
) -> list[Finding]:
    """Refuse a version whose samples copy more of train, or match its lengths less, than the champion's.

    A significantly lower nll on unseen names overrides both: a better model of names also generates more real ones.
    """
    if candidate is None or champion is None:
        return [Finding("samples not compared: one model has none")]
    if (n := min(candidate.n, champion.n)) < MIN_SAMPLES:
        return [Finding(f"samples not compared: {n:,} of at least {MIN_SAMPLES:,}")]
    is_better = difference is not None and difference.high < 0
    return [
        _rate_finding("copy rate", candidate.copy_rate, champion.copy_rate, MAX_COPY_RATE_INCREASE, is_better),
        _rate_finding("length TV", candidate.length_tv, champion.length_tv, MAX_LENGTH_TV_INCREASE, is_better),
    ]


def _rate_finding(name: str, value: float, champion: float, limit: float, is_better: bool) -> Finding:
    reason = f"{name} of samples {value:.3f}, champion {champion:.3f}"
    if value - champion > limit:
        return Finding(f"{reason}: increase above {limit:g}", not is_better)
    return Finding(reason)


def decide(findings: Sequence[Finding]) -> tuple[bool, tuple[str, ...]]:
    """Whether the version is promoted, and all reasons, refusals first."""
    in_order = sorted(findings, key=lambda finding: not finding.refuses)
    return not any(finding.refuses for finding in findings), tuple(finding.reason for finding in in_order)


def decide_unopposed(reason: str, findings: Sequence[Finding]) -> tuple[bool, tuple[str, ...]]:
    """The decision without a usable champion: the version is promoted whatever its findings."""
    return decide([Finding(reason), *(replace(finding, refuses=False) for finding in findings)])
