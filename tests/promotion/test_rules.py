"""The gate: its interval beside two witnesses, and each of its rules at its limit."""

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
    """Two lines of -1 nats, one of 0, one of 3, on ten characters: 0.1; of three names no interval is told."""
    found = paired(numbers(4, 6, 15), numbers(5, 6, 12), numbers(2, 2, 4), numbers(2, 1, 1))

    assert found == Difference(pytest.approx(0.1), -math.inf, math.inf, 3)


def test_an_interval_beside_the_formula():
    """Of 3,000 names the ends are where the error of a ratio estimate puts them, to a tenth of its width."""
    nats, others, characters, counts = drawn(3000, seed=1)

    found = paired(nats, others, characters, counts)

    expected = estimate(nats - others, characters, counts)
    assert found.value == pytest.approx(expected.nll)
    assert found.low == pytest.approx(expected.nll - 1.96 * expected.se, abs=0.2 * expected.se)
    assert found.high == pytest.approx(expected.nll + 1.96 * expected.se, abs=0.2 * expected.se)


def test_an_interval_beside_names_that_are_drawn_again_one_by_one():
    """Of forty skewed names: the ends of another bootstrap, which takes the names themselves."""
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
    """And the other way round its negative."""
    nats, others, characters, counts = drawn(100, seed=4)

    found, again = (paired(nats, others, characters, counts) for _ in range(2))
    swapped = paired(others, nats, characters, counts)

    assert found == again
    assert (swapped.value, swapped.low, swapped.high) == pytest.approx((-found.value, -found.high, -found.low))


def test_an_interval_is_of_lines_of_a_name_together():
    """A name on a hundred lines is one observation: the interval is that of one line each, not a tenth of it."""
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
def test_names_that_a_model_excludes(nats, others, value, names):
    """One that both exclude tells nothing; one that one of them does makes that one infinitely worse."""
    found = paired(numbers(*nats), numbers(*others), numbers(2, 2), numbers(1, 1))

    assert (found.value, found.names) == (value, names)


def test_without_a_name_there_is_no_difference():
    """Nor where both exclude all there are; the finding says so and refuses nothing."""
    assert paired(numbers(), numbers(), numbers(), numbers()) is None
    assert paired(numbers(math.inf), numbers(math.inf), numbers(2), numbers(1)) is None
    assert rules.nll_finding(None, "the champion's ngram") == Finding(
        "nll is not compared with that of the champion's ngram: there is no held-out name to ask both about"
    )


@pytest.mark.parametrize(
    ("difference", "refuses", "told"),
    [
        (
            (-0.02, -0.03, -0.01),
            False,
            "nll is -0.0200 (-0.0300 to -0.0100) beside that of X on 700 held-out names: better",
        ),
        ((0.0, 0.0, 0.0), False, "nll is +0.0000 (+0.0000 to +0.0000) beside that of X on 700 held-out names"),
        ((0.01, -0.001, 0.02), False, "nll is +0.0100 (-0.0010 to +0.0200) beside that of X on 700 held-out names"),
        ((0.02, 0.001, 0.04), True, "held-out names: worse than chance explains, and by more than 0.015"),
        ((0.016, 0.015, 0.017), True, "held-out names: worse than chance explains, and by more than 0.015"),
        ((0.015, 0.014, 0.016), False, "held-out names: worse than chance explains, but by no more than 0.015, which"),
        ((0.0118, 0.0006, 0.0224), False, "worse than chance explains, but by no more than 0.015, which is let pass"),
        ((0.06, -0.01, 0.13), True, "worse by more than 0.05, on too few names"),
        ((0.05, -0.01, 0.11), False, "nll is +0.0500"),
        ((0.06, -math.inf, math.inf), True, "nll is +0.0600 beside that of X"),
        ((0.04, -math.inf, math.inf), False, "nll is +0.0400 beside that of X"),
        ((math.inf,) * 3, True, "nll is infinitely worse than that of X on 700 held-out names"),
        ((-math.inf,) * 3, False, "nll is infinitely better than that of X on 700 held-out names"),
    ],
)
def test_a_difference_is_refused_beyond_chance_or_beyond_the_margin(difference, refuses, told):
    """More than the tolerance and the low end above zero, or more than the margin on names that tell nothing."""
    found = rules.nll_finding(Difference(*difference, 700), "X")

    assert found.refuses is refuses
    assert told in found.reason


@pytest.mark.parametrize(
    ("candidate", "champion", "refusing"),
    [
        ((0.38, 0.24), (0.28, 0.24), []),
        (
            (0.3801, 0.24),
            (0.28, 0.24),
            ["copy rate of the samples is 0.380, the champion's 0.280: above it by more than"],
        ),
        (
            (0.28, 0.291),
            (0.28, 0.24),
            ["length TV of the samples is 0.291, the champion's 0.240: above it by more than"],
        ),
        ((0.0, 0.0), (0.9, 0.9), []),
        ((0.9, 0.9), (0.0, 0.0), ["copy rate", "length TV"]),
    ],
)
def test_samples_may_be_worse_by_a_margin_and_better_by_any(candidate, champion, refusing):
    """Each rate for itself; both are told either way."""
    found = rules.sample_findings(Samples(10_000, *candidate), Samples(10_000, *champion))

    assert [finding.reason.startswith(told) for finding, told in zip(found, ["copy rate", "length TV"], strict=True)]
    refused = [finding.reason for finding in found if finding.refuses]
    assert len(refused) == len(refusing)
    assert all(told in reason for told, reason in zip(refusing, refused, strict=True))


def test_a_version_that_is_better_on_unseen_names_may_copy_more():
    """It is told, and refuses nothing: a model that knows how names are made makes more of those that there are."""
    better, as_good = Difference(-0.4, -0.5, -0.3, 600), Difference(-0.1, -0.2, 0.0, 600)
    samples = Samples(10_000, 0.28, 0.2), Samples(10_000, 0.03, 0.1)

    told = rules.sample_findings(*samples, better)

    assert [finding.refuses for finding in told] == [False, False]
    assert [finding.refuses for finding in rules.sample_findings(*samples, as_good)] == [True, True]
    assert told[0].reason == rules.sample_findings(*samples, as_good)[0].reason


@pytest.mark.parametrize(
    ("candidate", "told"), [(Samples(999, 1, 1), "999 samples are too few"), (None, "no samples to compare")]
)
def test_few_samples_or_none_say_nothing(candidate, told):
    """Of fewer, chance alone would be above the margins."""
    [found] = rules.sample_findings(candidate, Samples(10_000, 0, 0))

    assert not found.refuses
    assert found.reason.startswith(told)


def test_one_refusing_finding_decides_and_is_told_first():
    """The others are told after it, in their order."""
    findings = [Finding("a"), Finding("b", True), Finding("c")]

    assert rules.decide(findings) == (False, ("b", "a", "c"))
    assert rules.decide([findings[0], findings[2]]) == (True, ("a", "c"))
