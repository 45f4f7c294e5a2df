"""Batches of names, by hand and for any names."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from makemore.data.batches import Batches
from makemore.data.dataset import Names
from makemore.vocab import Vocab
from tests.rows import names_of

VOCAB = Vocab.of(["abc"])
names = st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=30)


def batches_of(names, batch_size=4, seed=1):
    return Batches(names_of(names, VOCAB), batch_size, seed=seed, device="cpu")


def read_back(batch):
    """Names of a batch, one per row."""
    return ["".join(VOCAB.chars[ix] for ix in row[kept][1:]) for row, kept in zip(batch.xs, batch.keep, strict=True)]


def test_emma_in_a_batch():
    """Inputs start with '.', targets are in time order, and the longest name comes first."""
    vocab = Vocab.of(["emma", "al"])

    batch = Batches(names_of(["al", "emma"], vocab), 2, seed=1, device="cpu")[0]

    assert batch.xs.tolist()[0] == [vocab.stoi[ch] for ch in ".emma"]
    assert batch.keep.tolist() == [[True] * 5, [True] * 3 + [False] * 2]
    assert "".join(vocab.chars[ix] for ix in batch.ys) == "eamlm.a."


@given(names, st.integers(1, 8))
def test_a_pass_has_every_line_once(names, batch_size):
    """For any batch size; a name on two lines occurs twice."""
    batches = batches_of(names, batch_size)

    read = [name for number in range(batches.per_pass) for name in read_back(batches[number])]

    assert sorted(read) == sorted(names)


@given(names)
def test_targets_are_in_time_order(names):
    """First the characters after '.', then the second ones, ... and an end for each name."""
    batch = batches_of(names, len(names))[0]

    expected = [
        name[pos] if pos < len(name) else "."
        for pos in range(batch.xs.shape[1])
        for name in read_back(batch)
        if pos <= len(name)
    ]
    assert [VOCAB.chars[ix] for ix in batch.ys] == expected


@given(names, st.integers(0, 5))
def test_seed_and_number_decide_a_batch(names, number):
    """A batch does not depend on earlier ones, so a training can resume."""
    batch, again = batches_of(names)[number], batches_of(names)[number]

    assert torch.equal(batch.xs, again.xs)
    assert torch.equal(batch.ys, again.ys)


def test_other_seeds_and_other_passes_have_other_orders():
    """Three orders of 27 names differ."""
    names = [a + b + c for a in "abc" for b in "abc" for c in "abc"]
    first, other = batches_of(names, 27, seed=1), batches_of(names, 27, seed=2)

    orders = {tuple(read_back(batch)) for batch in (first[0], first[1], other[0])}

    assert len(orders) == 3


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=20))
def test_names_are_weighted_by_their_counts(weights):
    """Over a pass each name has its share of the weight, and no row more than a mean line."""
    texts = [f"{'abc'[i % 3] * (i + 1)}" for i in range(len(weights))]
    lengths, counts = np.array([len(t) for t in texts]), np.array(weights)
    batches = Batches(Names(VOCAB.stream(texts), lengths, counts, counts.mean()), 4, seed=1, device="cpu")

    totals = dict.fromkeys(texts, 0.0)
    for number in range(batches.per_pass):
        batch = batches[number]
        first = batch.weights[: len(batch.xs)]
        assert (first <= 1 + 1e-6).all()
        for name, weight in zip(read_back(batch), first, strict=True):
            totals[name] += float(weight)

    np.testing.assert_allclose(list(totals.values()), counts / counts.mean(), rtol=1e-5)


def test_names_by_length_are_distinct_and_have_their_full_weight():
    """`max_names` limits them."""
    batches = batches_of(["a", "ab", "ab", "abc", "b"])

    seen = {
        name: weight
        for batch in batches.by_length(9)
        for name, weight in zip(read_back(batch), batch.weights[: len(batch.xs)].tolist(), strict=True)
    }

    assert seen == {"abc": 1, "ab": 2, "a": 1, "b": 1}
    assert [len(batch.xs) for batch in batches.by_length(2)] == [2]
