"""The loss over rows and over names, and its standard error, by hand."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makemore.errors import InvalidInput
from makemore.evaluation import loss
from makemore.evaluation.loss import Estimate, estimate, nats_of_names, nll_of_names, nll_of_rows
from makemore.models import bigram, bigram_net
from makemore.vocab import Vocab
from tests.rows import rows_of

NAMES = ["emma", "olivia", "ava", "emma", "zoë", "李"]
VOCAB = Vocab.of(NAMES)
LENGTHS = np.array([len(name) + 1.0 for name in NAMES])


def counted(smoothing, names=NAMES, vocab=VOCAB):
    """The bigram counted from the names."""
    return bigram.Model.from_counts(rows_of(names, vocab).matrix(len(vocab)), bigram.Config(smoothing))


def net():
    """The one-layer net with random weights."""
    weights = np.random.default_rng(1).normal(size=(len(VOCAB), len(VOCAB)))
    return bigram_net.Model.from_weights(weights, bigram_net.Config())


@pytest.mark.parametrize("model", [counted(1), counted(0), net()], ids=["bigram", "unsmoothed", "bigram_net"])
def test_rows_and_names_give_the_same_nll(model):
    """Weighted by counts or name by name, the mean over all characters is the same."""
    by_name = nll_of_names(model, VOCAB, NAMES)

    assert (by_name * LENGTHS).sum() / LENGTHS.sum() == pytest.approx(nll_of_rows(model, rows_of(NAMES, VOCAB)))
    assert by_name[0] == by_name[3]


@pytest.mark.parametrize("logits", [1, 3000, 1 << 23])
def test_batches_do_not_change_the_nll_of_a_name(monkeypatch, logits):
    """One character per batch, a few hundred, or all."""
    monkeypatch.setattr(loss, "MAX_LOGITS", logits)
    rng = random.Random(1)
    names = ["".join(rng.choices(VOCAB.chars[1:], k=rng.randint(1, 30))) for _ in range(100)]
    model = counted(1)

    def by_hand(name):
        pairs = zip(f".{name}", f"{name}.", strict=True)
        return -sum(float(model.logits[VOCAB.stoi[ch1], VOCAB.stoi[ch2]]) for ch1, ch2 in pairs) / (len(name) + 1)

    assert nll_of_names(model, VOCAB, names) == pytest.approx([by_hand(name) for name in names], rel=1e-12)


@pytest.mark.parametrize("logits", [1, 3000, 1 << 23])
def test_nats_are_per_character_in_the_order_of_the_names(monkeypatch, logits):
    """The end comes last, also for repeated names; the mean over a name is its nll."""
    monkeypatch.setattr(loss, "MAX_LOGITS", logits)
    model = counted(1)

    nats = nats_of_names(model, VOCAB, NAMES)

    pairs = [pair for name in NAMES for pair in zip(f".{name}", f"{name}.", strict=True)]
    by_hand = [-float(model.logits[VOCAB.stoi[ch1], VOCAB.stoi[ch2]]) for ch1, ch2 in pairs]
    assert nats.tolist() == pytest.approx(by_hand, rel=1e-12)
    assert np.add.reduceat(nats, np.cumsum(LENGTHS).astype(int) - LENGTHS.astype(int)) / LENGTHS == pytest.approx(
        nll_of_names(model, VOCAB, NAMES)
    )


def test_no_names_give_empty_arrays():
    """A split without names has no nll and no nats."""
    assert nll_of_names(counted(1), VOCAB, []).shape == nats_of_names(counted(1), VOCAB, []).shape == (0,)


def test_an_impossible_name_is_infinite_and_changes_no_other_name():
    """A name of probability 0 has infinite nll; the other names of its batch keep theirs."""
    model = counted(0)

    alone = nll_of_names(model, VOCAB, ["emma"])
    together = nll_of_names(model, VOCAB, ["emma", "eeeeeeeee"])

    assert together.tolist() == [alone[0], math.inf]
    assert math.isfinite(alone[0])


def test_a_character_outside_the_vocab_is_an_error():
    """The error has the name, the character and a hint."""
    with pytest.raises(
        InvalidInput, match=r"'anna' contains 'n', which is not in this vocab of 11 characters. hint: ingest"
    ):
        nll_of_names(counted(1), VOCAB, ["ava", "anna"])


def test_golden_nll_of_the_lecture(lecture_names):
    """2.4540145 with smoothing 0, 2.4545768 with 1, over rows and over names; 'andrejq' is infinite with 0 only."""
    vocab = Vocab.of(lecture_names)
    lengths = np.array([len(name) + 1.0 for name in lecture_names])
    rows = rows_of(lecture_names, vocab)
    plain, smoothed = (counted(smoothing, lecture_names, vocab) for smoothing in (0, 1))

    nlls = [(nll_of_names(model, vocab, lecture_names) * lengths).sum() / lengths.sum() for model in (plain, smoothed)]

    assert nlls == pytest.approx([2.4540145, 2.4545768], abs=5e-8)
    assert [nll_of_rows(plain, rows), nll_of_rows(smoothed, rows)] == pytest.approx(nlls, abs=1e-12)
    assert nll_of_names(plain, vocab, ["andrejq"]).tolist() == [math.inf]
    assert math.isfinite(nll_of_names(smoothed, vocab, ["andrejq"])[0])


def test_a_standard_error_by_hand():
    """2 and 4 characters, 3 and 9 nats, counts 2 and 1: nll 15/8, residuals 2 (3 - 30/8) and 9 - 60/8."""
    result = estimate(np.array([3.0, 9.0]), np.array([2.0, 4.0]), np.array([2.0, 1.0]))

    assert result == Estimate(pytest.approx(15 / 8), pytest.approx(math.sqrt(2 * (1.5**2 + 1.5**2)) / 8))


def test_the_standard_error_is_the_spread_over_samples():
    """The nll of 500 lists of 400 names from one population has the standard deviation that each list estimates."""
    rng = np.random.default_rng(1)
    characters = rng.integers(3, 12, 100_000).astype(float)
    nats = characters * rng.gamma(9, 0.25, len(characters))
    lists = [rng.choice(len(nats), 400) for _ in range(500)]

    estimates = [estimate(nats[chosen], characters[chosen], np.ones(400)) for chosen in lists]

    assert np.mean([one.se for one in estimates]) == pytest.approx(np.std([one.nll for one in estimates]), rel=0.1)


@given(
    st.lists(st.tuples(st.floats(0.1, 50), st.integers(2, 20), st.integers(1, 9)), min_size=2, max_size=20),
    st.integers(1, 5),
)
def test_scaling_all_counts_changes_nothing(names, times):
    """A list with every name repeated equally often gives the same estimate."""
    nats, characters, counts = (np.array(column, dtype=float) for column in zip(*names, strict=True))

    once, often = estimate(nats, characters, counts), estimate(nats, characters, counts * times)

    assert (often.nll, often.se) == (pytest.approx(once.nll), pytest.approx(once.se, abs=1e-9))


@pytest.mark.parametrize("nats", [[], [2.0], [2.0, math.inf]])
def test_an_undefined_standard_error_is_infinite(nats):
    """Without names, with one name, or with a name of probability 0."""
    result = estimate(np.array(nats), np.full(len(nats), 4.0), np.ones(len(nats)))

    assert result.se == math.inf
    assert result.nll == (0.5 if nats == [2.0] else math.inf)
