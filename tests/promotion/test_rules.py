"""The promotion rules at their thresholds, and the interval of a difference beside two other methods."""

import math

import numpy as np
import pytest

from makemore.evaluation.loss import estimate
from makemore.evaluation.paired import Difference, paired
from makemore.promotion import rules
from makemore.promotion.rules import Finding, Samples


def numbers(*values):
    return np.array(values, dtype=np.float64)


def drawn(n, seed, shift=0.02):
    """Nats under two models, characters and counts of n names."""
    rng = np.random.default_rng(seed)
    characters = rng.integers(3, 12, n).astype(np.float64)
    nats = characters * rng.uniform(1.5, 3.0, n)
    others = nats + characters * rng.normal(-shift, 0.3, n)
    return nats, others, characters, rng.integers(1, 5, n).astype(np.float64)


def test_a_difference_by_hand():
    """Two lines of -1 nats, one of 0, one of 3, on ten characters: 0.1. Three names are too few for an interval."""
    found = paired(numbers(4, 6, 15), numbers(5, 6, 12), numbers(2, 2, 4), numbers(2, 1, 1))

    assert found == Difference(pytest.approx(0.1), -math.inf, math.inf, 3)


def test_an_interval_agrees_with_the_formula():
    """For 3,000 names its ends agree with the standard error of a ratio estimate, to a tenth of its width."""
    nats, others, characters, counts = drawn(3000, seed=1)

    found = paired(nats, others, characters, counts)

    expected = estimate(nats - others, characters, counts)
    assert found.value == pytest.approx(expected.nll)
    assert found.low == pytest.approx(expected.nll - 1.96 * expected.se, abs=0.2 * expected.se)
    assert found.high == pytest.approx(expected.nll + 1.96 * expected.se, abs=0.2 * expected.se)


def test_an_interval_agrees_with_a_second_bootstrap():
    """For forty skewed names its ends agree with a bootstrap that draws the names one by one."""
    rng = np.random.default_rng(2)
    nats, others, characters, counts = drawn(40, seed=3)
    nats[:3] += 8

    found = paired(nats, others, characters, counts)

    again = []
    for _ in range(4000):
        names = rng.choice(40, size=40)
        again.append(
            sum(counts[i] * (nats[i] - others[i]) for i in names) / sum(counts[i] * characters[i] for i in names)
        )
    low, high = np.sort(again)[[100, 3900]]
    assert found.low == pytest.approx(low, abs=0.1 * (high - low))
    assert found.high == pytest.approx(high, abs=0.1 * (high - low))


def test_the_same_names_give_the_same_interval():
    """Swapping the models negates it."""
    nats, others, characters, counts = drawn(100, seed=4)

    found, again = (paired(nats, others, characters, counts) for _ in range(2))
    swapped = paired(others, nats, characters, counts)

    assert found == again
    assert (swapped.value, swapped.low, swapped.high) == pytest.approx((-found.value, -found.high, -found.low))


def test_all_lines_of_a_name_are_one_observation():
    """A hundred lines of each name give the interval of one line each, not a tenth of it."""
    nats, others, characters, _ = drawn(200, seed=5)

    once, often = (paired(nats, others, characters, np.full(200, n)) for n in (1.0, 100.0))

    assert (often.low, often.high) == pytest.approx((once.low, once.high))


@pytest.mark.parametrize(
    ("nats", "others", "value", "names"),
    [
        ((math.inf, 2), (2, 2), math.inf, 2),
        ((2, 2), (math.inf, 2), -math.inf, 2),
        ((math.inf, 2), (2, math.inf), math.inf, 2),
        ((math.inf, 2), (math.inf, 2), 0, 1),
    ],
)
def test_names_of_probability_zero(nats, others, value, names):
    """A name that both models exclude is ignored; one that a single model excludes makes it infinitely worse."""
    found = paired(numbers(*nats), numbers(*others), numbers(2, 2), numbers(1, 1))

    assert (found.value, found.names) == (value, names)


def test_no_name_gives_no_difference():
    """The same holds if both models exclude every name; the finding does not refuse."""
    assert paired(numbers(), numbers(), numbers(), numbers()) is None
    assert paired(numbers(math.inf), numbers(math.inf), numbers(2), numbers(1)) is None
    assert rules.nll_finding(None, "the champion's ngram") == Finding(
        "nll not compared with the champion's ngram: no common held-out name"
    )


@pytest.mark.parametrize(
    ("difference", "refuses", "reason"),
    [
        (
            (-0.02, -0.03, -0.01),
            False,
            "Δ nll -0.0200 (-0.0300 to -0.0100) against X on 700 held-out names: significantly better",
        ),
        ((0.0, 0.0, 0.0), False, "Δ nll +0.0000 (+0.0000 to +0.0000) against X on 700 held-out names"),
        ((0.01, -0.001, 0.02), False, "Δ nll +0.0100 (-0.0010 to +0.0200) against X on 700 held-out names"),
        ((0.02, 0.001, 0.04), True, "held-out names: significantly worse, above the tolerance of 0.015"),
        ((0.016, 0.015, 0.017), True, "held-out names: significantly worse, above the tolerance of 0.015"),
        ((0.015, 0.014, 0.016), False, "held-out names: significantly worse, within the tolerance of 0.015"),
        ((0.0118, 0.0006, 0.0224), False, "significantly worse, within the tolerance of 0.015"),
        ((0.06, -0.01, 0.13), True, "not significant, but above the margin of 0.05"),
        ((0.05, -0.01, 0.11), False, "Δ nll +0.0500"),
        ((0.06, -math.inf, math.inf), True, "Δ nll +0.0600 against X"),
        ((0.04, -math.inf, math.inf), False, "Δ nll +0.0400 against X"),
        ((math.inf,) * 3, True, "nll infinitely higher than X on 700 held-out names"),
        ((-math.inf,) * 3, False, "nll infinitely lower than X on 700 held-out names"),
    ],
)
def test_a_worse_nll_is_refused_above_the_thresholds(difference, refuses, reason):
    """A significant increase is refused above the tolerance, an insignificant one above the margin."""
    found = rules.nll_finding(Difference(*difference, 700), "X")

    assert found.refuses is refuses
    assert reason in found.reason


@pytest.mark.parametrize(
    ("candidate", "champion", "refusing"),
    [
        ((0.38, 0.24), (0.28, 0.24), []),
        (
            (0.3801, 0.24),
            (0.28, 0.24),
            ["copy rate of samples 0.380, champion 0.280: increase above"],
        ),
        (
            (0.28, 0.291),
            (0.28, 0.24),
            ["length TV of samples 0.291, champion 0.240: increase above"],
        ),
        ((0.0, 0.0), (0.9, 0.9), []),
        ((0.9, 0.9), (0.0, 0.0), ["copy rate", "length TV"]),
    ],
)
def test_samples_may_be_worse_by_a_margin_and_better_by_any(candidate, champion, refusing):
    """Each rate is judged alone; both are reported in any case."""
    found = rules.sample_findings(Samples(10_000, *candidate), Samples(10_000, *champion))

    assert [finding.reason.startswith(start) for finding, start in zip(found, ["copy rate", "length TV"], strict=True)]
    refused = [finding.reason for finding in found if finding.refuses]
    assert len(refused) == len(refusing)
    assert all(start in reason for start, reason in zip(refusing, refused, strict=True))


def test_a_better_nll_on_unseen_names_allows_more_copies():
    """The rates are reported and do not refuse: a better model of names generates more real ones."""
    better, as_good = Difference(-0.4, -0.5, -0.3, 600), Difference(-0.1, -0.2, 0.0, 600)
    samples = Samples(10_000, 0.28, 0.2), Samples(10_000, 0.03, 0.1)

    findings = rules.sample_findings(*samples, better)

    assert [finding.refuses for finding in findings] == [False, False]
    assert [finding.refuses for finding in rules.sample_findings(*samples, as_good)] == [True, True]
    assert findings[0].reason == rules.sample_findings(*samples, as_good)[0].reason


@pytest.mark.parametrize(
    ("candidate", "reason"), [(Samples(999, 1, 1), "samples not compared: 999 of"), (None, "samples not compared: one")]
)
def test_too_few_samples_are_not_compared(candidate, reason):
    """With fewer samples chance alone exceeds the thresholds."""
    [found] = rules.sample_findings(candidate, Samples(10_000, 0, 0))

    assert not found.refuses
    assert found.reason.startswith(reason)


def test_one_refusal_decides_and_comes_first():
    """The other reasons follow in order. Without a champion no finding refuses."""
    findings = [Finding("a"), Finding("b", True), Finding("c")]

    assert rules.decide(findings) == (False, ("b", "a", "c"))
    assert rules.decide([findings[0], findings[2]]) == (True, ("a", "c"))
    assert rules.decide_unopposed("first", findings) == (True, ("first", "a", "b", "c"))
