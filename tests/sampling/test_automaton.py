"""Automata of models, and decoding of probabilities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makemore.models import AutomatonModel, model_types
from makemore.sampling.automaton import Decoding, automaton_of, counting_automaton, decoded
from tests.models.test_model_types import IDX, some_model, some_net

AUTOMATA = [model_type for model_type in model_types() if isinstance(some_model(model_type), AutomatonModel)]


def test_the_count_models_are_automata():
    """Nets and mixtures are not."""
    assert AUTOMATA == ["bigram", "bigram_net", "ngram"]


@pytest.mark.parametrize("model_type", AUTOMATA)
def test_an_automaton_gives_the_probabilities_of_its_model(model_type):
    """A walk from state 0 visits the log-probabilities of torch, character by character."""
    automaton = automaton_of(some_model(model_type))
    expected = some_net(model_type)(IDX).double().log_softmax(dim=-1)

    for row, ids in enumerate(IDX.tolist()):
        state = 0
        for position, ix in enumerate(ids):
            state = automaton.next[state, ix] if position else state
            assert automaton.probs[state].tolist() == pytest.approx(expected[row, position].exp().tolist(), abs=1e-12)
            assert (-automaton.nats[state]).tolist() == pytest.approx(expected[row, position].tolist(), abs=1e-9)


def probs_of(*probs, **decoding):
    """Decoded probabilities of a model that predicts `probs`."""
    [found] = decoded(np.log([probs]), Decoding(**decoding)).tolist()
    return found


def test_temperature_by_hand():
    """Temperature 1/2 squares probabilities, 2 takes their square roots; then they are normalised."""
    assert probs_of(0.8, 0.2, temperature=0.5) == pytest.approx([0.64 / 0.68, 0.04 / 0.68])
    assert probs_of(0.64, 0.36, temperature=2) == pytest.approx([0.8 / 1.4, 0.6 / 1.4])


def test_top_k_and_top_p_by_hand():
    """The two most probable characters; the fewest that reach a total probability; both."""
    assert probs_of(0.1, 0.5, 0.4, top_k=2) == pytest.approx([0, 5 / 9, 4 / 9])
    assert probs_of(0.1, 0.5, 0.4, top_p=0.5) == pytest.approx([0, 1, 0])
    assert probs_of(0.1, 0.5, 0.4, top_p=0.51) == pytest.approx([0, 5 / 9, 4 / 9])
    assert probs_of(0.1, 0.5, 0.4, top_k=2, top_p=0.5) == pytest.approx([0, 1, 0])


def test_ties_are_broken_by_id():
    """The same seed then gives the same names on any machine."""
    assert probs_of(0.25, 0.25, 0.25, 0.25, top_k=2) == pytest.approx([0.5, 0.5, 0, 0])


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=9),
    st.integers(1, 9),
    st.floats(0.01, 1),
    st.floats(0.1, 5),
)
def test_decoding_keeps_the_most_probable_characters(weights, top_k, top_p, temperature):
    """A plain loop over the probabilities, largest first, gives the same result."""
    probs = [math.exp(math.log(weight) / temperature) for weight in weights]
    probs = [prob / sum(probs) for prob in probs]
    expected, before = [0.0] * len(probs), 0.0
    kept = sorted(range(len(probs)), key=lambda ix: -probs[ix])[:top_k]
    share = sum(probs[ix] for ix in kept)
    for ix in kept:
        if before < top_p - 1e-9:
            expected[ix] = probs[ix]
        before += probs[ix] / share

    found = probs_of(*[w / sum(weights) for w in weights], top_k=top_k, top_p=top_p, temperature=temperature)

    assert sum(found) == pytest.approx(1)
    if all(abs(share - top_p) > 1e-6 for share in _sums(kept, probs)):
        assert found == pytest.approx([prob / sum(expected) for prob in expected], abs=1e-9)


def _sums(kept, probs):
    share = sum(probs[ix] for ix in kept)
    return [sum(probs[ix] for ix in kept[:i]) / share for i in range(len(kept))]


def test_the_support_gives_each_name_weight_1():
    """One state if every character is possible; else the model's states, with 1 for each possible character."""
    smoothed = automaton_of(some_model("ngram"))
    raw = automaton_of(some_model("bigram"), Decoding(top_k=2))

    assert smoothed.support.probs.tolist() == counting_automaton(5).probs.tolist() == [[1.0] * 5]
    assert raw.support.probs.sum(axis=1).tolist() == [2.0] * 5
