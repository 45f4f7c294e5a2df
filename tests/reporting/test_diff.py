"""How two versions differ, by hand: lists, options, models on shared names, shares of bigrams."""

import math

import duckdb
import polars as pl
import pytest

from makemore.files.atomic import write_json
from makemore.reporting import diff
from makemore.reporting.diff import ListChange
from makemore.versions.version import Version

SOURCE = {"source_id": 1, "uri": "a.txt", "sha256": "aa", "options": {"lower": False}, "names": 3, "rejects": 0}
SCORES = ["split", "name", "count", "seen", "characters", "nats"]


@pytest.fixture
def version(tmp_path):
    """A function of a version's name and its parts to the version; what is not given is the same in all."""

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


def test_lists_are_told_apart_by_their_address(version):
    """Other bytes, other options: changed; the folder's order says nothing."""
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

    assert diff.of_lists(before, after) == [
        ListChange("b.txt", "changed", 3, 4),
        ListChange("c.txt", "removed", 3, None),
        ListChange("d", "changed", 3, 3),
        ListChange("e.txt", "added", None, 9),
    ]


def test_options_are_told_by_their_place(version):
    """Whatever is in made_from but the lists; what only one has is None in the other."""
    before = version("before", {"sources": [SOURCE], "build": {"order": 6, "holdout": 10}, "git_commit": "a"})
    after = version(
        "after", {"build": {"order": 5, "holdout": 10}, "git_commit": "a", "models": {"gru": {"n_hidden": 4}}}
    )

    assert diff.of_options(before, after) == [("build.order", 6, 5), ("models.gru.n_hidden", None, 4)]


def test_models_are_compared_on_names_that_both_held_out(version):
    """Two names of ten characters in all, 3 nats less: not the one that only one held out, nor one that train had."""
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

    [change] = diff.of_models(before, after)

    assert change.model_type == "bigram"
    assert (change.before, change.after) == pytest.approx((2.1, 1.8))
    assert (change.difference.value, change.difference.names) == (pytest.approx(-0.3), 2)
    assert change.difference.low == -math.inf


def test_bigrams_that_moved_most_come_first_with_names(version):
    """(a, b) from 3 in 4 to 1 in 4, of 'ab', which became rarer; the other way for 'ba', which became more."""
    before = version("before", counts=[("a", "b", 3), ("b", "a", 1), ("c", "c", 0)], names=[("ab", 3), ("ba", 1)])
    after = version(
        "after", counts=[("a", "b", 25), ("b", "a", 70), ("b", "c", 5)], names=[("ab", 1), ("ba", 8), ("bc", 1)]
    )

    moved = diff.of_bigrams(before, after)

    assert moved.select("ch1", "ch2", "names").rows() == [("a", "b", ["ab"]), ("b", "a", ["ba"]), ("b", "c", ["bc"])]
    assert moved["before"].to_list() == pytest.approx([0.75, 0.25, 0])
    assert moved["after"].to_list() == pytest.approx([0.25, 0.7, 0.05])
    assert len(diff.of_bigrams(before, before)) == 0


def test_starts_and_ends_find_their_names_too(version):
    """'.' is both ends of a name, and no pattern for any character."""
    before = version("before", counts=[(".", "e", 1), ("a", ".", 1)], names=[("xeax", 1)])
    after = version("after", counts=[(".", "e", 3), ("a", ".", 1)], names=[("xeax", 1), ("emma", 1), ("eva", 1)])

    moved = dict(diff.of_bigrams(before, after).select(pl.col("ch1") + pl.col("ch2"), "names").iter_rows())

    assert moved[".e"] == ["emma", "eva"]
