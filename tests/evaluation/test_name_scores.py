"""Scores of names: bits by hand, percentiles by a plain loop, both against the loss."""

import math

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from makemore.errors import InvalidInput
from makemore.evaluation.loss import nll_of_names
from makemore.evaluation.name_scores import percentiles, score_names
from makemore.models import bigram, gru
from makemore.vocab import Vocab

VOCAB = Vocab((".", "a", "b"))
HALVES = np.array([[0, 2, 2], [1, 1, 2], [2, 1, 1]])
"""P of '.': a 1/2, b 1/2; of a: '.' 1/4, a 1/4, b 1/2; of b: '.' 1/2, a 1/4, b 1/4."""
NONE_HELD_OUT = pl.DataFrame(schema={"name": pl.String, "count": pl.Int64, "nats": pl.Float64, "characters": pl.Int32})
NO_NAMES = pl.Series([], dtype=pl.String)


def counted(counts=HALVES):
    """The bigram of these counts, with smoothing 0."""
    return bigram.Model.from_counts(counts, bigram.Config(smoothing=0))


def net():
    """A float32 net with random weights."""
    torch.manual_seed(1)
    return gru.Model(len(VOCAB), gru.Config()).eval()


def held_out_names(*rows):
    """Held-out names of three characters from pairs (nll, count)."""
    return pl.DataFrame(
        {
            "name": [f"n{i}" for i in range(len(rows))],
            "count": [count for _, count in rows],
            "nats": [3 * nll for nll, _ in rows],
            "characters": [3] * len(rows),
        },
        schema=NONE_HELD_OUT.schema,
    )


def test_a_name_by_hand():
    """'ab' and 'b' have one bit per character: 1 of 4 held-out names has a higher nll, 2 have the same."""
    held_out = held_out_names((math.log(2), 2), (2 * math.log(2), 1), (math.log(2) / 2, 1))

    scored = score_names(counted(), VOCAB, ["ab", "aa", "b"], held_out=held_out, train=pl.Series(["aa", "bb"]))

    assert scored.columns == ["name", "nll", "bits", "percentile", "seen", "surprisal"]
    assert scored["name"].to_list() == ["ab", "aa", "b"]
    assert scored["nll"].to_list() == pytest.approx([math.log(2), 5 / 3 * math.log(2), math.log(2)])
    assert scored["bits"].to_list() == pytest.approx([3, 5, 2])
    assert scored["percentile"].to_list() == [50, 25, 50]
    assert scored["seen"].to_list() == [False, True, False]
    assert [pytest.approx(bits) for bits in scored["surprisal"].to_list()] == [[1, 1, 1], [1, 2, 2], [1, 1]]


def test_an_impossible_name_has_infinite_nll():
    """The surprisal of the impossible character is infinite; that of the others is not."""
    never_ba = np.array([[0, 2, 2], [1, 1, 2], [2, 0, 2]])

    scored = score_names(
        counted(never_ba), VOCAB, ["ba", "b"], held_out=held_out_names((2, 3), (math.inf, 1)), train=NO_NAMES
    )

    assert [pytest.approx(bits) for bits in scored["surprisal"].to_list()] == [[1, math.inf, 2], [1, 1]]
    assert scored["bits"].to_list() == [math.inf, pytest.approx(2)]
    assert scored["nll"].to_list() == [math.inf, pytest.approx(math.log(2))]
    assert scored["percentile"].to_list() == [12.5, 100]


@pytest.mark.parametrize("names", [[], ["b", "ab"]])
def test_without_held_out_names_the_percentile_is_null(names):
    """No names give no rows, with the same columns."""
    scored = score_names(counted(), VOCAB, names, held_out=NONE_HELD_OUT, train=NO_NAMES)

    assert scored["percentile"].to_list() == [None] * len(names)
    assert scored.schema == {
        "name": pl.String, "nll": pl.Float64, "bits": pl.Float64, "percentile": pl.Float64, "seen": pl.Boolean,
        "surprisal": pl.List(pl.Float64),
    }  # fmt: skip


@pytest.mark.parametrize("model", [counted(), net()], ids=["bigram", "gru"])
@given(names=st.lists(st.text("ab", min_size=1, max_size=12), max_size=20))
def test_surprisal_sums_to_bits_and_agrees_with_the_loss(model, names):
    """For any names in any order, repeated or not, as a list or a Series."""
    scored = score_names(model, VOCAB, pl.Series("any", names, dtype=pl.String), held_out=NONE_HELD_OUT, train=NO_NAMES)

    assert scored["surprisal"].list.len().to_list() == [len(name) + 1 for name in names]
    assert [sum(bits) for bits in scored["surprisal"].to_list()] == pytest.approx(scored["bits"].to_list())
    assert scored["nll"].to_list() == pytest.approx(nll_of_names(model, VOCAB, names).tolist(), rel=1e-6)
    assert scored["bits"].to_list() == pytest.approx(
        [nll * (len(name) + 1) / math.log(2) for name, nll in zip(names, scored["nll"], strict=True)]
    )
    assert scored.equals(score_names(model, VOCAB, names, held_out=NONE_HELD_OUT, train=NO_NAMES))


GRID = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, math.inf])


@given(st.lists(GRID, max_size=8), st.lists(st.tuples(GRID, st.integers(1, 9)), min_size=1, max_size=8))
def test_percentiles_are_those_of_a_plain_loop(nlls, held_out):
    """Held-out names are weighted by count; ties count half."""
    scored = percentiles(pl.Series(nlls, dtype=pl.Float64).to_numpy(), held_out_names(*held_out))

    total = sum(count for _, count in held_out)
    assert scored.to_list() == pytest.approx(
        [100 * sum(count * ((other > nll) + (other == nll) / 2) for other, count in held_out) / total for nll in nlls]
    )


def test_percentiles_tolerate_rounding():
    """A held-out name that a net scores again in another batch ties with itself."""
    scored = percentiles(pl.Series([2 * (1 + 1e-8), 2 * (1 - 1e-8), 2.0001]).to_numpy(), held_out_names((2.0, 1)))

    assert scored.to_list() == [50, 50, 0]


def test_a_net_computes_a_repeated_name_once():
    """Lists of people have few distinct names."""

    class Counted(gru.Model):
        names = 0

        def forward(self, idx):
            self.names += len(idx)
            return super().forward(idx)

    model = Counted(len(VOCAB), gru.Config()).eval()

    scored = score_names(model, VOCAB, ["ab", "b"] * 50, held_out=NONE_HELD_OUT, train=NO_NAMES)

    assert model.names == 2
    assert scored["bits"].n_unique() == 2


def test_a_certain_character_has_zero_surprisal():
    """0 bits, not -0: tables show no sign."""
    surely = np.array([[0, 1, 0], [1, 0, 0], [1, 0, 0]])

    scored = score_names(counted(surely), VOCAB, ["a"], held_out=NONE_HELD_OUT, train=NO_NAMES)

    assert [str(bits) for bits in scored["surprisal"][0]] == ["0.0", "0.0"]


@pytest.mark.parametrize(
    ("name", "message"), [("abc", "'abc' contains 'c', which is not"), ("a.b", "'a.b' contains '.'")]
)
def test_a_name_outside_the_vocab_is_an_error(name, message):
    """It is the error of the vocab."""
    with pytest.raises(InvalidInput, match=message):
        score_names(counted(), VOCAB, ["ab", name], held_out=NONE_HELD_OUT, train=NO_NAMES)
