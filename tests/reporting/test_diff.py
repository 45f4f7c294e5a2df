"""Differences between two versions, by hand: lists, options, models on shared names, shares of bigrams."""

import math

import duckdb
import polars as pl
import pytest

from makemore.files.atomic import write_json
from makemore.reporting.diff import bigram_changes, list_changes, model_changes, option_changes
from makemore.versions.version import Version

SOURCE = {"source_id": 1, "uri": "a.txt", "sha256": "aa", "options": {"lower": False}, "names": 3, "rejects": 0}
SCORES = ["split", "name", "count", "seen", "characters", "nats"]


@pytest.fixture
def version(tmp_path):
    """Return a function that creates a version with the given parts."""

    def make(name, made_from=None, scores=None, counts=None, names=None):
        folder = tmp_path / name
        manifest = {"version": name, "created_at": "2026-11-22T02:00:00Z", "made_from": made_from or {}}
        folder.mkdir()
        write_json(folder / "manifest.json", manifest)
        for model_type, rows in (scores or {}).items():
            (folder / "models" / model_type).mkdir(parents=True)
            write_json(folder / "models" / model_type / "config.json", {})
            pl.DataFrame(rows, schema=SCORES, orient="row").write_parquet(
                folder / "models" / model_type / "scores.parquet"
            )
        if counts:
            pl.DataFrame(counts, schema=["ch1", "ch2", "count"], orient="row").write_parquet(folder / "counts.parquet")
            with duckdb.connect(str(folder / "stats.duckdb")) as con:
                con.execute("create table name_counts (name varchar, count bigint)")
                con.executemany("insert into name_counts values (?, ?)", names)
        return Version(folder)

    return make


def test_lists_are_compared_by_uri(version):
    """Other bytes or other options count as a change, the order of the lists does not."""
    before = version(
        "before", {"sources": [SOURCE, SOURCE | {"uri": "b.txt"}, SOURCE | {"uri": "c.txt"}, SOURCE | {"uri": "d"}]}
    )
    after = version(
        "after",
        {
            "sources": [
                SOURCE | {"uri": "e.txt", "names": 9}, SOURCE, SOURCE | {"uri": "b.txt", "sha256": "bb", "names": 4},
                SOURCE | {"uri": "d", "options": {"lower": True}},
            ]
        },
    )  # fmt: skip

    assert list(list_changes(before, after)) == [
        ("b.txt", "changed", [3, 4]),
        ("c.txt", "removed", [3]),
        ("d", "changed", [3, 3]),
        ("e.txt", "added", [9]),
    ]


def test_options_are_compared_by_path(version):
    """Everything in made_from except the lists is an option; a value that only one version has is None in the other."""
    before = version("before", {"sources": [SOURCE], "build": {"order": 6, "holdout": 10}, "git_commit": "a"})
    after = version(
        "after", {"build": {"order": 5, "holdout": 10}, "git_commit": "a", "models": {"gru": {"n_hidden": 4}}}
    )

    assert option_changes(before, after) == [("build.order", 6, 5), ("models.gru.n_hidden", None, 4)]


def test_models_are_compared_on_names_that_both_versions_held_out(version):
    """Two names of ten characters cost 3 nats less. Names that only one held out, or that are in train, are ignored."""
    rows = [("test", "ab", 1, False, 3, 6.0), ("dev", "abcdef", 1, False, 7, 15.0)]
    others = [("test", "only", 1, False, 5, 1.0), ("test", "seen", 1, False, 5, 1.0)]
    before = version("before", scores={"bigram": [*rows, *others], "gru": rows})
    after = version(
        "after",
        scores={
            "bigram": [(*row[:-1], row[-1] - 1.5) for row in rows] + [("test", "seen", 1, True, 5, 9.0)],
            "rnn": rows,
        },
    )

    [(model_type, old, new, difference)] = model_changes(before, after)

    assert model_type == "bigram"
    assert (old, new) == pytest.approx((2.1, 1.8))
    assert (difference.value, difference.names) == (pytest.approx(-0.3), 2)
    assert difference.low == -math.inf


def test_the_largest_bigram_change_comes_first_with_its_names(version):
    """(a, b) falls from 3 in 4 to 1 in 4 and shows 'ab', which became rarer; (b, a) rises and shows 'ba'."""
    before = version("before", counts=[("a", "b", 3), ("b", "a", 1), ("c", "c", 0)], names=[("ab", 3), ("ba", 1)])
    after = version(
        "after", counts=[("a", "b", 25), ("b", "a", 70), ("b", "c", 5)], names=[("ab", 1), ("ba", 8), ("bc", 1)]
    )

    changes = bigram_changes(before, after)

    assert changes.select("ch1", "ch2", "names").rows() == [("a", "b", ["ab"]), ("b", "a", ["ba"]), ("b", "c", ["bc"])]
    assert changes["before"].to_list() == pytest.approx([0.75, 0.25, 0])
    assert changes["after"].to_list() == pytest.approx([0.25, 0.7, 0.05])
    assert len(bigram_changes(before, before)) == 0


def test_examples_match_the_start_and_the_end_of_a_name(version):
    """'.' in a bigram stands for the start or the end of a name, not for any character."""
    before = version("before", counts=[(".", "e", 1), ("a", ".", 1)], names=[("xeax", 1)])
    after = version("after", counts=[(".", "e", 3), ("a", ".", 1)], names=[("xeax", 1), ("emma", 1), ("eva", 1)])

    names = dict(bigram_changes(before, after).select(pl.col("ch1") + pl.col("ch2"), "names").iter_rows())

    assert names[".e"] == ["emma", "eva"]
    assert names["a."] == []
