"""Metrics of a model from its scores, by hand and by a second computation."""

import math

import numpy as np
import polars as pl
import pytest

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


def test_metrics_by_hand():
    """Counts are weights: 12 + 2 * 11 + 16 = 50 nats over 18 characters of 4 lines; 28 over 8 of unseen names."""
    metrics = scores.metrics(SCORES.filter(pl.col("split") == "test"))

    residuals = np.array([1, 2, 1]) * (np.array([12, 11, 16]) - 50 / 18 * np.array([4, 5, 4]))
    assert metrics == {
        "nll": pytest.approx(50 / 18),
        "nll_se": pytest.approx(math.sqrt(3 / 2 * (residuals**2).sum()) / 18),
        "bits_per_name": pytest.approx(50 / 4 / math.log(2)),
        "names": 3,
        "names_seen": 1,
        "nll_seen": pytest.approx(22 / 10),
        "nll_unseen": pytest.approx(28 / 8),
    }


def test_train_has_no_seen_and_unseen_names_and_empty_splits_are_left_out():
    """All names of train are seen; splits are in order."""
    metrics = scores.metrics_by_split(SCORES)

    assert list(metrics["nll"]) == ["train", "test"]
    assert list(metrics["names_seen"]) == ["test"]


def test_a_large_split_is_represented_by_its_first_names_by_md5(built):
    """The same names in each run, so that runs are comparable."""
    con = built([f"n{i}" for i in range(100)], holdout=10)

    names = scores.names_to_score(con, limit=3)

    expected = con.execute(
        "select split, name from (select *, rank() over (partition by split order by md5(name)) as place from names) "
        "where place <= 3 order by split, name"
    ).fetchall()
    assert names.select("split", "name").rows() == expected
    assert len(names) == 9


def test_a_score_is_the_total_nats_of_a_name():
    """'ab' under a uniform model of three characters has 3 ln 3 nats."""
    vocab = Vocab.of(["ab"])
    even = bigram.Model.from_counts(np.ones((3, 3), dtype=np.int64), bigram.Config(smoothing=0))

    scored = scores.score(even, vocab, pl.DataFrame({"name": ["ab", "a"]}))

    assert scored["nats"].to_list() == pytest.approx([3 * math.log(3), 2 * math.log(3)])
    assert scored["characters"].to_list() == [3, 2]


def test_an_infinite_name_makes_only_its_own_metrics_infinite():
    """The nll of names seen in train remains finite."""
    excluded = SCORES.with_columns(nats=pl.when(pl.col("name") == "mia").then(math.inf).otherwise("nats"))

    metrics = scores.metrics(excluded.filter(pl.col("split") == "test"))

    assert [metrics[metric] for metric in ("nll", "nll_se", "bits_per_name", "nll_unseen")] == [math.inf] * 4
    assert metrics["nll_seen"] == pytest.approx(2.2)
