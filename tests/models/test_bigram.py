"""The counting bigram against counts by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.errors import InvalidOption
from makemore.evaluation.loss import nll_of_names
from makemore.models.bigram import Config, Model
from makemore.vocab import Vocab

# emma alone: vocab . a e m; (., e) (e, m) (m, m) (m, a) (a, .)
VOCAB = Vocab((".", "a", "e", "m"))
EMMA = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 1]])


def test_probabilities_of_emma_by_hand():
    """m is followed by a or m with probability 0.5 each; every other character has one successor."""
    expected = [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0.5, 0, 0.5]]

    assert Model.from_counts(EMMA, Config(smoothing=0)).P.tolist() == expected


def test_nll_of_emma_by_hand():
    """Two of five characters have probability 0.5: 2 ln 2 / 5 nats a character."""
    model = Model.from_counts(EMMA, Config(smoothing=0))

    assert nll_of_names(model, VOCAB, ["emma"]) == pytest.approx([2 * math.log(2) / 5])


def test_an_unseen_pair_has_probability_zero_without_smoothing():
    """Without smoothing the nll of 'ae' is infinite; with smoothing 1 it is finite."""
    without, smoothed = (Model.from_counts(EMMA, Config(smoothing=s)) for s in (0, 1))

    assert nll_of_names(without, VOCAB, ["ae"]) == [math.inf]
    # (., a) 1/5, (a, e) 1/5, (e, .) 1/5: row sums 1 + 4.
    assert nll_of_names(smoothed, VOCAB, ["ae"]) == pytest.approx([math.log(5)])


def test_a_character_without_successors_is_uniform_without_smoothing():
    """The row of a character that only held-out names contain is uniform, not nan."""
    model = Model.from_counts(np.array([[0, 2], [0, 0]]), Config(smoothing=0))

    assert model.P.tolist() == [[0, 1], [0.5, 0.5]]


@settings(deadline=None)
@given(
    st.integers(1, 6).flatmap(
        lambda v: st.lists(st.lists(st.integers(0, 10**9), min_size=v, max_size=v), min_size=v, max_size=v)
    ),
    st.floats(0, 1e6),
)
def test_rows_sum_to_one(counts, smoothing):
    """For any counts and smoothing, each row of P is a distribution."""
    probs = Model.from_counts(np.array(counts), Config(smoothing=smoothing)).P

    assert probs.sum(axis=1) == pytest.approx(1)


@settings(deadline=None)
@given(st.floats(0.01, 100))
def test_more_smoothing_gives_smoother_rows(smoothing):
    """The entropy of each row grows with smoothing, towards that of the uniform row."""

    def entropy(value):
        probs = Model.from_counts(EMMA, Config(smoothing=value)).P
        return -(probs * np.log(probs)).sum(axis=1)

    assert (entropy(2 * smoothing) > entropy(smoothing)).all()


@pytest.mark.parametrize("smoothing", [-1, math.inf, math.nan])
def test_invalid_smoothing_is_an_error(smoothing):
    """Smoothing is a count: finite, 0 or more."""
    with pytest.raises(InvalidOption, match="use 0 or more"):
        Config(smoothing=smoothing)
