"""Exact values of all names that are wanted, against all names of a tiny alphabet, one by one."""

import math
import re
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.options import LONGEST
from makemore.sampling.automaton import Automaton, everything
from makemore.sampling.constraints import constraint
from makemore.sampling.trellis import MOST, Trellis, Wanted, largest
from makemore.sampling.trie import trie_of
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
    """How probable a name is, its end included: the product along its walk."""
    state, product_ = 0, 1.0
    for ch in name:
        ix = VOCAB.stoi[ch]
        product_, state = product_ * model.probs[state, ix], model.next[state, ix]
    return product_ * model.probs[state, 0]


asked = st.fixed_dictionaries(
    {
        "prefix": st.text("ab", max_size=2),
        "suffix": st.text("ab", max_size=2),
        "contains": st.text("ab", max_size=2),
        "pattern": st.sampled_from([None, "a.*", "(ab|b)+", "[^a]{2,}.*", ".*aa.*b"]),
        "ban": st.lists(st.text("ab", min_size=1, max_size=3), max_size=2),
    }
)


def is_as_asked(name, asked):
    """In the words of Python's own text."""
    return (
        name.startswith(asked["prefix"])
        and name.endswith(asked["suffix"])
        and asked["contains"] in name
        and (asked["pattern"] is None or re.fullmatch(asked["pattern"], name) is not None)
        and not any(ban in name for ban in asked["ban"])
    )


@settings(max_examples=150)
@given(
    st.integers(0, 10_000), asked, st.integers(1, 4), st.integers(0, LENGTH - 1),
    st.none() | st.lists(st.sampled_from(NAMES), max_size=20), st.sampled_from([0.0, 0.3]),
)  # fmt: skip
def test_values_are_those_of_all_names_one_by_one(seed, asked, shortest, more, without, zeros):
    """The probability of all names as asked to 1e-9, their number, and the probability of the best."""
    model = automaton(seed, zeros=zeros)
    longest = min(LENGTH, shortest + more)
    trie = None if without is None else trie_of(pl.Series(without, dtype=pl.String), VOCAB)
    wanted = Wanted(constraint(VOCAB, **asked), shortest, longest, trie)
    names = [
        name for name in NAMES
        if shortest <= len(name) <= longest and is_as_asked(name, asked) and name not in (without or [])
    ]  # fmt: skip
    probs = [prob(model, name) for name in names]

    assert Trellis(model, wanted).value == pytest.approx(sum(probs), rel=1e-9, abs=1e-15)
    assert Trellis(model.support, wanted).value == sum(p > 0 for p in probs)
    assert Trellis(model, wanted, gather=largest).value == pytest.approx(max(probs, default=0), rel=1e-12)


def test_names_of_any_length_by_hand():
    """a, aa, aaa, ... and b, ab, aab, ...: geometric series; of three characters and more, what follows aa."""
    probs = np.array([[0.25, 0.5, 0.25], [0.25, 0.5, 0.25], [1.0, 0.0, 0.0]])
    model = Automaton(probs, probs, np.array([[0, 1, 2], [0, 1, 2], [0, 0, 0]], dtype=np.int32))

    assert Trellis(model, Wanted(constraint(VOCAB, pattern="a+"))).value == pytest.approx(0.25, rel=1e-12)
    assert Trellis(model, Wanted(constraint(VOCAB, suffix="b"))).value == pytest.approx(0.5, rel=1e-12)
    assert Trellis(model, Wanted(constraint(VOCAB), min_length=3)).value == pytest.approx(0.1875, rel=1e-12)
    assert Trellis(model, Wanted(constraint(VOCAB))).value == pytest.approx(0.75, rel=1e-12)


def test_a_model_that_does_not_end_has_names_of_the_longest_length_at_most():
    """1,000 characters, and no name that ends before."""
    probs = np.array([[0.0, 1.0, 0.0]])
    never = Automaton(probs, probs, np.zeros((1, 3), dtype=np.int32))
    seldom = Automaton(np.array([[0.001, 0.999, 0.0]]), probs, np.zeros((1, 3), dtype=np.int32))

    assert Trellis(never, Wanted(constraint(VOCAB, contains="a"))).value == 0
    assert Trellis(seldom, Wanted(constraint(VOCAB, contains="a"))).value == pytest.approx(
        sum(0.999**n * 0.001 for n in range(1, LONGEST + 1)), rel=1e-9
    )


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"pattern": "a{3}"}, 1),
        ({"pattern": "a*"}, LONGEST),
        ({"prefix": "ab", "max": 3}, 3),
        ({"min": 2, "max": 3}, 12),
        ({}, MOST),
        ({"pattern": "a{3}", "contains": "b"}, 0),
    ],
)
def test_numbers_of_names_by_hand(asked, number):
    """Exact where names can be counted; from 1e18 on it is told no more exactly."""
    bounds = asked.pop("min", 1), asked.pop("max", None)

    assert Trellis(everything(3), Wanted(constraint(VOCAB, **asked), *bounds)).value == number


def test_long_prefixes_cost_nothing_of_the_exactness():
    """A name of 60 characters of which each has probability 1/2 is found with its 2 ** -61."""
    probs = np.array([[0.5, 0.5, 0.0]])
    model = Automaton(probs, probs, np.zeros((1, 3), dtype=np.int32))

    value = Trellis(model, Wanted(constraint(VOCAB, pattern="a{60}"))).value

    assert value == 2.0**-61
    assert math.log2(Trellis(model, Wanted(constraint(VOCAB), 60, 60), gather=largest).value) == -61
