"""Backward probabilities, compared with the enumeration of all names of a tiny alphabet."""

import math
import re
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.options import MAX_LENGTH
from makemore.sampling.automaton import Automaton, counting_automaton
from makemore.sampling.backward import MAX_COUNT, max_product
from makemore.sampling.constraints import Constraints, text_dfa
from makemore.sampling.trellis import Trellis
from makemore.sampling.trie import Trie
from makemore.vocab import Vocab

VOCAB = Vocab((".", "a", "b"))
LENGTH = 6
NAMES = ["".join(name) for length in range(1, LENGTH + 1) for name in product("ab", repeat=length)]


def automaton(seed, states=4, zeros=0.0):
    """An automaton of random probabilities, some of them zero, and random transitions."""
    rng = np.random.default_rng(seed)
    probs = rng.random((states, 3)) * (rng.random((states, 3)) >= zeros)
    probs[:, 0] += 0.05
    probs /= probs.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return Automaton(probs, -np.log(probs), rng.integers(0, states, (states, 3), dtype=np.int32))


def prob(model, name):
    """Probability of a name, end included: the product along its walk."""
    state, product_ = 0, 1.0
    for ch in name:
        ix = VOCAB.stoi[ch]
        product_, state = product_ * model.probs[state, ix], model.next[state, ix]
    return product_ * model.probs[state, 0]


text_options = st.fixed_dictionaries(
    {
        "prefix": st.text("ab", max_size=2),
        "suffix": st.text("ab", max_size=2),
        "contains": st.text("ab", max_size=2),
        "pattern": st.sampled_from(["", "a.*", "(ab|b)+", "[^a]{2,}.*", ".*aa.*b"]),
        "ban": st.lists(st.text("ab", min_size=1, max_size=3), max_size=2),
    }
)


def satisfies(name, options):
    """Whether a name satisfies the options, by Python's string methods."""
    return (
        name.startswith(options["prefix"])
        and name.endswith(options["suffix"])
        and options["contains"] in name
        and (not options["pattern"] or re.fullmatch(options["pattern"], name) is not None)
        and not any(ban in name for ban in options["ban"])
    )


@settings(max_examples=150)
@given(
    st.integers(0, 10_000), text_options, st.integers(1, 4), st.integers(0, LENGTH - 1),
    st.none() | st.lists(st.sampled_from(NAMES), max_size=20), st.sampled_from([0.0, 0.3]),
)  # fmt: skip
def test_totals_equal_those_of_the_enumeration(seed, options, min_length, more, excluded, zeros):
    """The probability of all allowed names to 1e-9, their number, and the probability of the best one."""
    model = automaton(seed, zeros=zeros)
    max_length = min(LENGTH, min_length + more)
    trie = None if excluded is None else Trie.of(pl.Series(excluded, dtype=pl.String), VOCAB)
    constraints = Constraints(text_dfa(VOCAB, **options), min_length, max_length, trie)
    names = [
        name for name in NAMES
        if min_length <= len(name) <= max_length and satisfies(name, options) and name not in (excluded or [])
    ]  # fmt: skip
    probs = [prob(model, name) for name in names]

    assert Trellis.of(model, constraints).total == pytest.approx(sum(probs), rel=1e-9, abs=1e-15)
    assert Trellis.of(model.support, constraints).total == sum(p > 0 for p in probs)
    assert Trellis.of(model, constraints, max_product).total == pytest.approx(max(probs, default=0), rel=1e-12)


def test_totals_of_names_of_unlimited_length_by_hand():
    """Geometric series of a, aa, aaa, ... and of b, ab, aab, ..."""
    probs = np.array([[0.25, 0.5, 0.25], [0.25, 0.5, 0.25], [1.0, 0.0, 0.0]])
    model = Automaton(probs, probs, np.array([[0, 1, 2], [0, 1, 2], [0, 0, 0]], dtype=np.int32))

    assert Trellis.of(model, Constraints(text_dfa(VOCAB, pattern="a+"))).total == pytest.approx(0.25, rel=1e-12)
    assert Trellis.of(model, Constraints(text_dfa(VOCAB, suffix="b"))).total == pytest.approx(0.5, rel=1e-12)
    assert Trellis.of(model, Constraints(text_dfa(VOCAB), min_length=3)).total == pytest.approx(0.1875, rel=1e-12)
    assert Trellis.of(model, Constraints(text_dfa(VOCAB))).total == pytest.approx(0.75, rel=1e-12)


def test_names_of_a_model_that_rarely_ends_one_are_cut_off():
    """Names have at most 1,000 characters; the total covers those that end before."""
    probs = np.array([[0.0, 1.0, 0.0]])
    never = Automaton(probs, probs, np.zeros((1, 3), dtype=np.int32))
    rarely = Automaton(np.array([[0.001, 0.999, 0.0]]), probs, np.zeros((1, 3), dtype=np.int32))

    assert Trellis.of(never, Constraints(text_dfa(VOCAB, contains="a"))).total == 0
    assert Trellis.of(rarely, Constraints(text_dfa(VOCAB, contains="a"))).total == pytest.approx(
        sum(0.999**n * 0.001 for n in range(1, MAX_LENGTH + 1)), rel=1e-9
    )


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"pattern": "a{3}"}, 1),
        ({"pattern": "a*"}, MAX_LENGTH),
        ({"prefix": "ab", "max": 3}, 3),
        ({"min": 2, "max": 3}, 12),
        ({}, MAX_COUNT),
        ({"pattern": "a{3}", "contains": "b"}, 0),
    ],
)
def test_counts_of_names_by_hand(options, count):
    """Counts are exact and saturate at 1e18."""
    lengths = options.get("min", 1), options.get("max")

    assert Trellis.of(counting_automaton(3), Constraints(text_dfa(VOCAB, **options), *lengths)).total == count


def test_long_names_keep_full_precision():
    """A name of 60 characters of probability 1/2 each has probability 2 ** -61."""
    probs = np.array([[0.5, 0.5, 0.0]])
    model = Automaton(probs, probs, np.zeros((1, 3), dtype=np.int32))

    total = Trellis.of(model, Constraints(text_dfa(VOCAB, pattern="a{60}"))).total

    assert total == 2.0**-61
    assert math.log2(Trellis.of(model, Constraints(text_dfa(VOCAB), 60, 60), max_product).total) == -61
