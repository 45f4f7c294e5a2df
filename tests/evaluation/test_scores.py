"""What a model's scores say, by hand and beside a second computation."""

import math

import numpy as np
import polars as pl
import pytest
import torch

from makemore.evaluation import scores
from makemore.models import bigram
from makemore.vocab import Vocab

SCORES = pl.DataFrame(
    {
        "split": ["train", "test", "test", "test"],
        "name": ["emma", "ava", "emma", "mia"],
        "count": [1, 1, 2, 1],
        "seen": [True, False, True, False],
        "characters": [5, 4, 5, 4],
        "nats": [10.0, 12.0, 11.0, 16.0],
    }
)


def test_figures_by_hand():
    """Lines are weighted: 12 + 2 * 11 + 16 = 50 nats over 18 characters of 4 lines; 28 over 8 of names not in train."""
    told = scores.figures(SCORES.filter(pl.col("split") == "test"))

    residuals = np.array([1, 2, 1]) * (np.array([12, 11, 16]) - 50 / 18 * np.array([4, 5, 4]))
    assert told == {
        "nll": pytest.approx(50 / 18),
        "nll_se": pytest.approx(math.sqrt(3 / 2 * (residuals**2).sum()) / 18),
        "bits_per_name": pytest.approx(50 / 4 / math.log(2)),
        "names": 3,
        "names_seen": 1,
        "nll_seen": pytest.approx(22 / 10),
        "nll_unseen": pytest.approx(28 / 8),
    }


def test_train_is_not_divided_and_an_absent_split_is_absent():
    """All names of train are seen; a figure has the splits that have one, in order."""
    told = scores.figures_by_split(SCORES)

    assert list(told["nll"]) == ["train", "test"]
    assert list(told["names_seen"]) == ["test"]


def test_the_first_by_md5_stand_for_a_large_split(built, monkeypatch):
    """Of each split: the same ones however many others come, so that nights can be compared."""
    monkeypatch.setattr(scores, "MOST", 3)
    con = built([f"n{i}" for i in range(100)], holdout=10)

    told = scores.names_to_score(con)

    expected = con.execute(
        "select split, name from (select *, rank() over (partition by split order by md5(name)) as place from names) "
        "where place <= 3 order by split, name"
    ).fetchall()
    assert told.select("split", "name").rows() == expected
    assert len(told) == 9


def test_a_score_is_the_nats_of_the_whole_name():
    """'ab' under even odds of three characters: three times ln 3; a name that cannot be is infinite."""
    vocab = Vocab.of(["ab"])
    even = bigram.Model.from_counts(torch.ones(3, 3, dtype=torch.int64), bigram.Config(smoothing=0))

    told = scores.score(even, vocab, pl.DataFrame({"name": ["ab", "a"]}))

    assert told["nats"].to_list() == pytest.approx([3 * math.log(3), 2 * math.log(3)])
    assert told["characters"].to_list() == [3, 2]


def test_an_infinite_name_is_in_every_figure_that_has_it():
    """And in no other: names seen in train keep their finite nll."""
    excluded = SCORES.with_columns(nats=pl.when(pl.col("name") == "mia").then(math.inf).otherwise("nats"))

    told = scores.figures(excluded.filter(pl.col("split") == "test"))

    assert [told[figure] for figure in ("nll", "nll_se", "bits_per_name", "nll_unseen")] == [math.inf] * 4
    assert told["nll_seen"] == pytest.approx(2.2)
