"""The most probable names, in their order, against all names of a tiny alphabet, sorted."""

import math
from itertools import islice

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.sampling.best import best
from makemore.sampling.constraints import constraint
from makemore.sampling.trellis import Trellis, Wanted, largest
from makemore.sampling.trie import trie_of
from tests.sampling.test_trellis import NAMES, VOCAB, asked, automaton, is_as_asked, prob


@settings(max_examples=60)
@given(st.integers(0, 10_000), asked, st.lists(st.sampled_from(NAMES), max_size=20), st.sampled_from([0.0, 0.3]))
def test_the_best_names_are_those_of_the_sorted_list(seed, asked, without, zeros):
    """All names as asked, each once, and each with its nats; the order is that of their probabilities."""
    model = automaton(seed, zeros=zeros)
    trie = trie_of(pl.Series(without, dtype=pl.String), VOCAB)
    names = [name for name in NAMES if is_as_asked(name, asked) and name not in without and prob(model, name)]

    found = list(best(Trellis(model, Wanted(constraint(VOCAB, **asked), 1, 6, trie), gather=largest), VOCAB))

    probs = [prob(model, name) for name, _ in found]
    assert sorted(name for name, _ in found) == sorted(names)
    assert probs == pytest.approx(sorted(probs, reverse=True), rel=1e-9)
    assert [nats for _, nats in found] == pytest.approx([-math.log(p) for p in probs])


def test_names_of_any_length_come_one_by_one():
    """There is no end to them, and none is needed."""
    model = automaton(1)

    found = list(islice(best(Trellis(model, Wanted(constraint(VOCAB)), gather=largest), VOCAB), 50))

    probs = [prob(model, name) for name, _ in found]
    assert probs == sorted(probs, reverse=True)
    assert len(set(found)) == 50
    assert probs[-1] >= max(prob(model, name) for name in NAMES if name not in dict(found)) * (1 - 1e-12)
