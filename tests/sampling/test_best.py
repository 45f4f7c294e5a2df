"""The most probable names, compared with the sorted list of all names of a tiny alphabet."""

import math
from itertools import islice

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.sampling.backward import max_product
from makemore.sampling.best import best
from makemore.sampling.constraints import Constraints, text_dfa
from makemore.sampling.trellis import Trellis
from makemore.sampling.trie import Trie
from tests.sampling.test_trellis import NAMES, VOCAB, automaton, prob, satisfies, text_options


@settings(max_examples=60)
@given(st.integers(0, 10_000), text_options, st.lists(st.sampled_from(NAMES), max_size=20), st.sampled_from([0.0, 0.3]))
def test_the_best_names_are_those_of_the_sorted_list(seed, options, excluded, zeros):
    """Every allowed name comes once, with its nats, in the order of probability."""
    model = automaton(seed, zeros=zeros)
    trie = Trie.of(pl.Series(excluded, dtype=pl.String), VOCAB)
    names = [name for name in NAMES if satisfies(name, options) and name not in excluded and prob(model, name)]

    found = list(best(Trellis.of(model, Constraints(text_dfa(VOCAB, **options), 1, 6, trie), max_product), VOCAB))

    probs = [prob(model, name) for name, _ in found]
    assert sorted(name for name, _ in found) == sorted(names)
    assert probs == pytest.approx(sorted(probs, reverse=True), rel=1e-9)
    assert [nats for _, nats in found] == pytest.approx([-math.log(p) for p in probs])


def test_names_of_unlimited_length_come_one_by_one():
    """The search yields the first 50 of infinitely many names."""
    model = automaton(1)

    found = list(islice(best(Trellis.of(model, Constraints(text_dfa(VOCAB)), max_product), VOCAB), 50))

    probs = [prob(model, name) for name, _ in found]
    assert probs == sorted(probs, reverse=True)
    assert len(set(found)) == 50
    assert probs[-1] >= max(prob(model, name) for name in NAMES if name not in dict(found)) * (1 - 1e-12)
