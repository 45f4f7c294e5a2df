"""How name-like names are: bits by hand, percentiles by a plain loop, and beside the loss."""

import math

import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from makemore.evaluation.loss import nll_of_names
from makemore.evaluation.name_scores import described, percentiles
from makemore.models import bigram, gru
from makemore.vocab import Vocab

VOCAB = Vocab((".", "a", "b"))
HALVES = torch.tensor([[0, 2, 2], [1, 1, 2], [2, 1, 1]])
"""P: '.' leads to a or b, 1/2 each; a to '.' 1/4, a 1/4, b 1/2; b to '.' 1/2, a 1/4, b 1/4. Never '.' to '.'."""
NOTHING = pl.DataFrame(schema={"name": pl.String, "count": pl.Int64, "nats": pl.Float64, "characters": pl.Int32})
NO_NAME = pl.Series([], dtype=pl.String)


def counted(counts=HALVES):
    """The bigram of these counts, without smoothing."""
    return bigram.Model.from_counts(counts, bigram.Config(smoothing=0))


def net():
    """A net of float32 with some weights."""
    torch.manual_seed(1)
    return gru.Model(len(VOCAB), gru.Config()).eval()


def held(*rows):
    """QuarantinedList-out names that cost (nll, times), three characters each."""
    return pl.DataFrame(
        {
            "name": [f"n{i}" for i in range(len(rows))],
            "count": [count for _, count in rows],
            "nats": [3 * nll for nll, _ in rows],
            "characters": [3] * len(rows),
        },
        schema=NOTHING.schema,
    )


def test_a_name_by_hand():
    """'ab' costs a bit a character; so does 'b', which beats 1 of 4 held-out names and is like 2 others."""
    held_out = held((math.log(2), 2), (2 * math.log(2), 1), (math.log(2) / 2, 1))

    told = described(counted(), VOCAB, ["ab", "aa", "b"], held_out=held_out, train=pl.Series(["aa", "bb"]))

    assert told.columns == ["name", "nll", "bits", "percentile", "seen", "surprisal"]
    assert told["name"].to_list() == ["ab", "aa", "b"]
    assert told["nll"].to_list() == pytest.approx([math.log(2), 5 / 3 * math.log(2), math.log(2)])
    assert told["bits"].to_list() == pytest.approx([3, 5, 2])
    assert told["percentile"].to_list() == [50, 25, 50]
    assert told["seen"].to_list() == [False, True, False]
    assert [pytest.approx(bits) for bits in told["surprisal"].to_list()] == [[1, 1, 1], [1, 2, 2], [1, 1]]


def test_a_name_that_cannot_be_is_infinite_and_like_no_other():
    """The character that the model excludes costs all; the others cost what they cost."""
    never_ba = torch.tensor([[0, 2, 2], [1, 1, 2], [2, 0, 2]])

    told = described(counted(never_ba), VOCAB, ["ba", "b"], held_out=held((2, 3), (math.inf, 1)), train=NO_NAME)

    assert [pytest.approx(bits) for bits in told["surprisal"].to_list()] == [[1, math.inf, 2], [1, 1]]
    assert told["bits"].to_list() == [math.inf, pytest.approx(2)]
    assert told["nll"].to_list() == [math.inf, pytest.approx(math.log(2))]
    assert told["percentile"].to_list() == [12.5, 100]


@pytest.mark.parametrize("names", [[], ["b", "ab"]])
def test_nothing_held_out_is_no_percentile(names):
    """Null, not a number; and no name gives no row of the same columns."""
    told = described(counted(), VOCAB, names, held_out=NOTHING, train=NO_NAME)

    assert told["percentile"].to_list() == [None] * len(names)
    assert told.schema == {
        "name": pl.String, "nll": pl.Float64, "bits": pl.Float64, "percentile": pl.Float64, "seen": pl.Boolean,
        "surprisal": pl.List(pl.Float64),
    }  # fmt: skip


@pytest.mark.parametrize("model", [counted(), net()], ids=["bigram", "gru"])
@given(names=st.lists(st.text("ab", min_size=1, max_size=12), max_size=20))
def test_surprise_adds_up_to_bits_and_to_the_loss(model, names):
    """Whatever the names and their order, and however often one is repeated; a list is as good as a Series."""
    told = described(model, VOCAB, pl.Series("any", names, dtype=pl.String), held_out=NOTHING, train=NO_NAME)

    assert told["surprisal"].list.len().to_list() == [len(name) + 1 for name in names]
    assert [sum(bits) for bits in told["surprisal"].to_list()] == pytest.approx(told["bits"].to_list())
    assert told["nll"].to_list() == pytest.approx(nll_of_names(model, VOCAB, names).tolist(), rel=1e-6)
    assert told["bits"].to_list() == pytest.approx(
        [nll * (len(name) + 1) / math.log(2) for name, nll in zip(names, told["nll"], strict=True)]
    )
    assert told.equals(described(model, VOCAB, names, held_out=NOTHING, train=NO_NAME))


GRID = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, math.inf])


@given(st.lists(GRID, max_size=8), st.lists(st.tuples(GRID, st.integers(1, 9)), min_size=1, max_size=8))
def test_percentiles_are_those_of_a_plain_loop(nlls, held_out):
    """Each held-out name as often as it counts; of the same nll, half."""
    told = percentiles(pl.Series(nlls, dtype=pl.Float64).to_numpy(), held(*held_out))

    total = sum(count for _, count in held_out)
    assert told.to_list() == pytest.approx(
        [100 * sum(count * ((other > nll) + (other == nll) / 2) for other, count in held_out) / total for nll in nlls]
    )


def test_the_same_nll_may_be_rounded_otherwise():
    """A held-out name, scored again in another batch of a net, is as name-like as itself."""
    told = percentiles(pl.Series([2 * (1 + 1e-8), 2 * (1 - 1e-8), 2.0001]).to_numpy(), held((2.0, 1)))

    assert told.to_list() == [50, 50, 0]


def test_a_name_that_is_repeated_is_computed_once():
    """Lists of people have few names, many times."""

    class Counted(bigram.Model):
        names = 0

        def forward(self, idx):
            self.names += len(idx)
            return super().forward(idx)

    model = Counted.from_counts(HALVES, bigram.Config(smoothing=0))

    told = described(model, VOCAB, ["ab", "b"] * 50, held_out=NOTHING, train=NO_NAME)

    assert model.names == 2
    assert told["bits"].to_list() == pytest.approx([3, 2] * 50)


def test_a_sure_character_surprises_by_nothing():
    """Zero bits, not minus zero: no sign stands in a table."""
    surely = torch.tensor([[0, 1, 0], [1, 0, 0], [1, 0, 0]])

    told = described(counted(surely), VOCAB, ["a"], held_out=NOTHING, train=NO_NAME)

    assert [str(bits) for bits in told["surprisal"][0]] == ["0.0", "0.0"]


@pytest.mark.parametrize(("name", "message"), [("abc", "'abc' has 'c', which is not"), ("a.b", "'a.b' holds '.'")])
def test_a_name_that_cannot_be_spelled_is_an_error(name, message):
    """In the words of the vocab."""
    with pytest.raises(ValueError, match=message):
        described(counted(), VOCAB, ["ab", name], held_out=NOTHING, train=NO_NAME)
