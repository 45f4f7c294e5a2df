"""Counts kept up by what is new are the counts of all."""

from datetime import UTC, datetime

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.database import connect
from makemore.ingest import store as wh
from makemore.relations import catalog, incremental
from makemore.relations.bigram_counts import source_bigram_counts

NO_REJECTS = pl.DataFrame(schema={"row": pl.Int64, "raw": pl.String, "reason": pl.String})
NAMES = st.lists(st.tuples(st.text("ab😀", min_size=1, max_size=4), st.integers(1, 3)), min_size=1, max_size=6)
# An address, what it brings, the split that it is read with, and whether the night builds after it.
NIGHTS = st.lists(
    st.tuples(st.sampled_from("uvw"), NAMES, st.sampled_from([None, None, "train", "test"]), st.booleans()),
    min_size=1,
    max_size=6,
)


def ingest(con, uri, lines, split=None):
    sha256 = repr(lines)
    source = wh.Source(uri, sha256, 1, {"split": split}, datetime(2026, 11, 24, tzinfo=UTC))
    if wh.recognise(con, source) is None:
        entries = pl.DataFrame(
            {
                "row": range(1, len(lines) + 1),
                "name": [name for name, _ in lines],
                "weight": [weight for _, weight in lines],
            }
        )
        wh.ingest(con, source, [(entries, NO_REJECTS)])


def warehouse(holdout=0):
    con = duckdb.connect()
    wh.create_tables(con)
    con.execute(
        "create table settings as select ?::integer as holdout, 1.0::double as smoothing, "
        "4::integer as ngram_order, 1::bigint as ngram_min_count",
        [holdout],
    )
    return con


def everything(con):
    return {name: con.execute(f"from {name} order by all").fetchall() for name in catalog.selects() if not parts(name)}


def parts(name):
    return name == "ngram_parts"


@settings(max_examples=10)
@given(NIGHTS, st.sampled_from([None, source_bigram_counts]), st.sampled_from([0.01, 0.3, 5]))
def test_counts_that_are_kept_up_are_those_of_counting_anew(nights, counter, most):
    """Whatever lists came, were replaced or went, in whatever order, and however seldom the home was built."""
    con = warehouse(holdout=30)
    ingest(con, "first", [("aba", 2), ("b", 1), ("ab", 1), ("aba", 1)])
    incremental.count_anew(con, counter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incremental, "MOST", most)
        for uri, lines, split, builds in nights:
            ingest(con, uri, lines, split)
            if builds and not incremental.keep_up(con, counter):
                incremental.count_anew(con, counter)
        incremental.MOST = 1e9
        assert incremental.keep_up(con, counter)
    kept = everything(con)
    catalog.run_checks(con, catalog.checks())
    catalog.run_checks(con, catalog.ngram_checks())

    incremental.count_anew(con, None)

    assert everything(con) == kept
    con.close()


def test_names_by_the_many_are_counted_anew():
    """A list that is longer than the tenth of all is no small thing to add: the caller counts anew."""
    con = warehouse()
    ingest(con, "first", [("emma", 1)] * 10)
    incremental.count_anew(con, None)
    ingest(con, "second", [("olivia", 1)] * 2)

    assert not incremental.keep_up(con, None)


def test_parts_are_joined_before_they_are_many():
    """What is added night by night does not make the n-grams slower to read for ever."""
    con = warehouse()
    ingest(con, "first", [(f"{a}{b}{c}", 1) for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"])
    incremental.count_anew(con, None)
    parts = []
    for night in range(12):
        ingest(con, f"list {night}", [("abcd" * (night + 1), 1), ("qrstuv", 1)])
        assert incremental.keep_up(con, None)
        parts.append(con.execute("select max(part) from ngram_parts").fetchall()[0][0])

    assert 0 < max(parts) < 12
    assert 0 in parts


def test_a_list_that_came_and_went_between_two_builds_leaves_nothing():
    """It was never counted, so nothing is taken away for it."""
    con = warehouse()
    ingest(con, "first", [("emma", 1)] * 50)
    incremental.count_anew(con, None)
    before = everything(con)
    ingest(con, "other", [("ava", 1)])
    ingest(con, "other", [("mia", 1)])
    ingest(con, "other", [("emma", 1)])

    assert incremental.keep_up(con, None)

    assert everything(con)["split_names"] == [("train", "emma", 4, 51, 51, 2, True)]
    assert before["split_names"] == [("train", "emma", 4, 50, 50, 1, True)]


def test_what_was_deleted_is_gone_from_the_file(tmp_path):
    """Its bytes too, and all else is as it was: views, macros, the next id."""
    db = tmp_path / "makemore.duckdb"
    with connect(db) as con:
        wh.create_tables(con)
        con.execute(
            "create table settings as select 0 as holdout, 1.0::double as smoothing, "
            "4 as ngram_order, 1 as ngram_min_count"
        )
        ingest(con, "first", [("emma", 1)])
        ingest(con, "second", [(f"wilhelmina{i:05}", 1) for i in range(20_000)])
        incremental.count_anew(con, None)
    with connect(db) as con:
        con.execute("delete from entries where source_id = 2")
        con.execute("delete from sources where source_id = 2")
        incremental.count_anew(con, None)
        kept = everything(con)
    assert b"wilhelmina" in db.read_bytes()

    with connect(db) as con:
        assert incremental.free_share(con) > 0.5

    incremental.compact(db)

    assert b"wilhelmina" not in db.read_bytes()
    with connect(db) as con:
        assert incremental.free_share(con) < 0.5
        assert everything(con) == kept
        assert con.execute("select nextval('source_ids')").fetchall() == [(3,)]
        assert con.execute("select count(*) from score_name('emma')").fetchall() == [(5,)]
