"""Counts that are updated incrementally equal counts of everything."""

from datetime import UTC, datetime

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.database import connect
from makemore.ingest import contents, store
from makemore.ingest.store import Source
from makemore.relations import catalog, incremental
from makemore.relations.bigram_counts import content_bigram_counts

NO_REJECTS = pl.DataFrame(schema={"row": pl.Int64, "raw": pl.String, "reason": pl.String})
NAMES = st.lists(st.tuples(st.text("ab😀", min_size=1, max_size=4), st.integers(1, 3)), min_size=1, max_size=6)
# A URI, its lines, the split that it is read with, and whether the run builds after it.
RUNS = st.lists(
    st.tuples(st.sampled_from("uvw"), NAMES, st.sampled_from([None, None, "train", "test"]), st.booleans()),
    min_size=1,
    max_size=6,
)


def ingest(con, uri, lines, split=None):
    source = Source(uri, repr(lines), 1, {"split": split}, datetime(2026, 11, 24, tzinfo=UTC))
    if store.find_known(con, source) is None:
        entries = pl.DataFrame(
            {
                "row": range(1, len(lines) + 1),
                "name": [name for name, _ in lines],
                "weight": [weight for _, weight in lines],
            }
        )
        store.ingest(con, source, [(entries, NO_REJECTS)])


def create(con, holdout=0):
    store.create_tables(con)
    con.execute(
        "create table settings as select ?::integer as holdout, 1.0::double as smoothing, "
        "4::integer as ngram_order, 1::bigint as ngram_min_count",
        [holdout],
    )
    return con


def all_relations(con):
    names = [name for name in catalog.selects() if name != "ngram_parts"]
    return {name: con.execute(f"from {name} order by all").fetchall() for name in names}


@settings(max_examples=10)
@given(RUNS, st.sampled_from([None, content_bigram_counts]), st.sampled_from([0.01, 0.3, 5]))
def test_updated_counts_equal_counts_of_everything(runs, counter, max_changed):
    """For lists that are new, replaced or removed, in any order, and builds after any of them."""
    con = create(duckdb.connect(), holdout=30)
    ingest(con, "first", [("aba", 2), ("b", 1), ("ab", 1), ("aba", 1)])
    incremental.count_all(con, counter)
    for uri, lines, split, builds in runs:
        ingest(con, uri, lines, split)
        if builds and not incremental.update(con, counter, max_changed):
            incremental.count_all(con, counter)
    assert incremental.update(con, counter, 1e9)
    updated = all_relations(con)
    catalog.run_checks(con, catalog.checks())
    catalog.run_checks(con, catalog.ngram_checks())

    incremental.count_all(con, None)

    assert all_relations(con) == updated
    con.close()


def test_a_long_list_is_not_added():
    """Above a tenth of all lines the caller counts everything again."""
    con = create(duckdb.connect())
    ingest(con, "first", [("emma", 1)] * 10)
    incremental.count_all(con, None)
    ingest(con, "second", [("olivia", 1)] * 2)

    assert not incremental.update(con, None)


def test_parts_are_merged():
    """The number of parts of the n-grams stays small for any number of updates."""
    con = create(duckdb.connect())
    ingest(con, "first", [(f"{a}{b}{c}", 1) for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"])
    incremental.count_all(con, None)
    parts = []
    for run in range(12):
        ingest(con, f"list {run}", [("abcd" * (run + 1), 1), ("qrstuv", 1)])
        assert incremental.update(con, None)
        parts.append(con.execute("select max(part) from ngram_parts").fetchall()[0][0])

    assert 0 < max(parts) < 12
    assert 0 in parts


def test_a_content_replaced_before_it_was_counted_leaves_nothing():
    """It was never added, so it is not subtracted."""
    con = create(duckdb.connect())
    ingest(con, "first", [("emma", 1)] * 50)
    incremental.count_all(con, None)
    before = all_relations(con)
    ingest(con, "other", [("ava", 1)])
    ingest(con, "other", [("mia", 1)])
    ingest(con, "other", [("emma", 1)])

    assert incremental.update(con, None)

    assert all_relations(con)["split_names"] == [("train", "emma", 4, 51, 51, 2, True)]
    assert before["split_names"] == [("train", "emma", 4, 50, 50, 1, True)]


def test_a_second_list_of_the_same_content_keeps_its_counts():
    """The first list changes: the names of the content are shown under the second one, and are not counted again."""
    con = create(duckdb.connect())
    ingest(con, "first", [("emma", 1)] * 50)
    ingest(con, "copy", [("emma", 1)] * 50)
    ingest(con, "third", [("ava", 1)] * 50)
    incremental.count_all(con, None)
    ingest(con, "first", [("mia", 1)])

    assert incremental.update(con, None)

    query = "select uri, name, count(*) from names join sources using (source_id) group by all order by all"
    assert con.execute(query).fetchall() == [("copy", "emma", 50), ("first", "mia", 1), ("third", "ava", 50)]
    assert all_relations(con)["source_bigram_counts"][:2] == [(1, "train", ".", "m", 1), (1, "train", "a", ".", 1)]


def test_an_update_leaves_no_schema(tmp_path):
    """The file contains the main schema only."""
    for _ in range(2):
        with connect(tmp_path / "makemore.duckdb") as con:
            if not con.execute("from duckdb_tables()").fetchall():
                ingest(create(con), "first", [("emma", 1)] * 50)
                incremental.count_all(con, None)
            ingest(con, "second", [("ava", 1)])
            con.execute("begin")
            assert incremental.update(con, None)
            con.execute("commit")

    with connect(tmp_path / "makemore.duckdb") as con:
        schemas = con.execute("select distinct schema_name from duckdb_tables()").fetchall()
    assert schemas == [("main",)]


def test_compacting_removes_deleted_rows_from_the_file(tmp_path):
    """Views, macros and the next id stay."""
    db = tmp_path / "makemore.duckdb"
    with connect(db) as con:
        create(con)
        ingest(con, "first", [("emma", 1)])
        ingest(con, "second", [(f"wilhelmina{i:05}", 1) for i in range(20_000)])
        incremental.count_all(con, None)
    with connect(db) as con:
        contents.forget(con, ["second"])
        incremental.count_all(con, None)
        kept = all_relations(con)
    assert b"wilhelmina" in db.read_bytes()

    with connect(db) as con:
        assert incremental.free_share(con) > 0.5

    incremental.compact(db)

    assert b"wilhelmina" not in db.read_bytes()
    with connect(db) as con:
        assert incremental.free_share(con) < 0.5
        assert all_relations(con) == kept
        assert con.execute("select nextval('source_ids')").fetchall() == [(3,)]
        assert con.execute("select count(*) from score_name('emma')").fetchall() == [(5,)]
