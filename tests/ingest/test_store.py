"""Lists, contents, entries and rejects in the database."""

from datetime import UTC, datetime

import duckdb
import polars as pl
import pytest

from makemore.errors import InvalidInput
from makemore.ingest import readers, store
from makemore.ingest.store import Ingested, Source
from makemore.ingest.validation import divide
from makemore.options import ReadOptions, as_config

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def con():
    con = duckdb.connect()
    store.create_tables(con)
    return con


def source(uri="names.txt", sha256="aa", options=None):
    return Source(uri, sha256, 5, options or {}, NOON)


def batch(names, raws=(), first=1):
    """A batch of entries and rejects, rows numbered from `first`, entries first."""
    rows = range(first, first + len(names) + len(raws))
    return (
        pl.DataFrame(
            {"row": rows[: len(names)], "name": names, "weight": [1] * len(names)},
            schema={"row": pl.Int64, "name": pl.String, "weight": pl.Int64},
        ),
        pl.DataFrame(
            {"row": rows[len(names) :], "raw": raws, "reason": ["is empty"] * len(raws)},
            schema={"row": pl.Int64, "raw": pl.String, "reason": pl.String},
        ),
    )


def names(con):
    return [name for (name,) in con.execute("select name from entries order by content_id, row").fetchall()]


def all_tables(con):
    return [con.execute(f"from {table} order by all").fetchall() for table in store.TABLES]


def test_a_list_gives_entries_rejects_and_a_row_of_sources(con):
    """All batches belong to one list."""
    ingested = store.ingest(con, source(), [batch(["emma"], [""]), batch(["olivia", "ava"], first=3)])

    assert ingested == Ingested(1, "names.txt", names=3, rejects=1, changed=True)
    assert con.execute("from entries order by row").fetchall() == [
        (1, 1, "emma", 1),
        (1, 3, "olivia", 1),
        (1, 4, "ava", 1),
    ]
    assert con.execute("from rejects").fetchall() == [(1, 2, "", "is empty")]
    assert store.sources(con) == [
        {
            "source_id": 1,
            "uri": "names.txt",
            "sha256": "aa",
            "bytes": 5,
            "options": {},
            "ingested_at": "2026-11-22 12:00:00",
            "names": 3,
            "rejects": 1,
            "scripts": ["Latin"],
        }
    ]


def test_names_that_look_like_sql_are_data(con):
    """A name, a raw line, a URI or an option is never part of a statement."""
    injection = "'); drop table entries; --"

    store.ingest(con, source(uri=injection, options={"delimiter": "'"}), [batch([injection], [injection])])

    assert names(con) == [injection]
    assert con.execute("select raw from rejects").fetchall() == [(injection,)]
    assert (store.sources(con)[0]["uri"], store.sources(con)[0]["options"]) == (injection, {"delimiter": "'"})


def test_lists_have_ids_in_their_order_of_arrival(con):
    """Ids do not follow the order of the URIs."""
    store.ingest(con, source("b.txt", "bb"), [batch(["emma"])])
    store.ingest(con, source("a.txt", "aa"), [batch(["ava"])])

    assert [(row["source_id"], row["uri"]) for row in store.sources(con)] == [(1, "b.txt"), (2, "a.txt")]
    assert names(con) == ["emma", "ava"]


def test_new_bytes_at_a_known_uri_replace_the_old_ones(con):
    """Names and rejects are replaced, the id of the list stays, and other lists stay."""
    store.ingest(con, source("a.txt", "aa"), [batch(["emma"], [""])])
    store.ingest(con, source("b.txt", "bb"), [batch(["mia"])])

    replaced = store.ingest(con, source("a.txt", "cc"), [batch(["olivia", "ava"])])

    assert (replaced.source_id, replaced.names, replaced.rejects) == (1, 2, 0)
    assert sorted(names(con)) == ["ava", "mia", "olivia"]
    assert con.execute("select count(*) from rejects").fetchall() == [(0,)]
    assert [row["sha256"] for row in store.sources(con)] == ["cc", "bb"]


def test_the_same_bytes_are_known(con):
    """At the same URI and at another one."""
    ingested = store.ingest(con, source("a.txt", "aa"), [batch(["emma"], [""])])

    known = Ingested(ingested.source_id, "a.txt", names=1, rejects=1, changed=False)
    assert store.find_known(con, source("a.txt", "aa")) == known
    assert store.find_known(con, source("b.txt", "aa")) == known
    assert con.execute("select count(*) from contents").fetchall() == [(1,)]


def test_other_bytes_or_options_are_new(con):
    """A list read with --lower has other names than without."""
    store.ingest(con, source(sha256="aa", options={"lower": False}), [batch(["Emma"])])

    assert store.find_known(con, source(sha256="bb", options={"lower": False})) is None
    assert store.find_known(con, source(sha256="aa", options={"lower": True})) is None
    assert store.find_known(con, source(sha256="aa", options={"lower": False})) is not None


def test_a_uri_that_changes_to_known_bytes_loses_its_old_names(con):
    """latest.txt becomes a copy of today.txt: yesterday's names are removed, and today's count once."""
    store.ingest(con, source("latest.txt", "yesterday"), [batch(["emma"], [""])])
    store.ingest(con, source("today.txt", "today"), [batch(["ava"])])

    known = store.find_known(con, source("latest.txt", "today"))

    assert (known.uri, known.names) == ("today.txt", 1)
    assert names(con) == ["ava"]
    assert con.execute("select count(*) from rejects").fetchall() == [(0,)]
    assert [(row["uri"], row["names"]) for row in store.sources(con)] == [("latest.txt", 0), ("today.txt", 1)]


@pytest.mark.parametrize("order", [["a.txt", "b.txt"], ["b.txt", "a.txt"]])
def test_a_content_stays_as_long_as_one_list_has_it(con, order):
    """One of two equal lists changes: the names of the other one stay, in either order of ingest."""
    store.ingest(con, source("a.txt", "same"), [batch(["emma", "mia"], ["."])])
    assert store.find_known(con, source("b.txt", "same")).changed is False

    for uri in order:
        changed = source(uri, {"a.txt": "other", "b.txt": "same"}[uri])
        if store.find_known(con, changed) is None:
            store.ingest(con, changed, [batch(["noah"])])

    assert sorted(names(con)) == ["emma", "mia", "noah"]
    assert [(row["uri"], row["names"], row["rejects"]) for row in store.sources(con)] == [
        ("a.txt", 1, 0),
        ("b.txt", 2, 1),
    ]


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_ingest_changes_nothing(con, known, error):
    """The earlier content of the URI stays, and the next list is ingested as usual."""
    store.ingest(con, source("a.txt" if known else "b.txt", "old"), [batch(["emma"], [""])])
    before = all_tables(con)

    def failing():
        yield batch(["olivia"], ["."])
        raise error("line 2 fails")

    with pytest.raises(error, match="line 2 fails"):
        store.ingest(con, source("a.txt", "new"), failing())

    assert all_tables(con) == before
    assert store.ingest(con, source("c.txt", "cc"), [batch(["ava"])]).names == 1


def test_a_failed_ingest_leaves_nothing_in_the_file(tmp_path):
    """The next connection finds the earlier list alone."""
    con = duckdb.connect(str(tmp_path / "names.duckdb"))
    store.create_tables(con)
    store.ingest(con, source(), [batch(["emma"])])
    with pytest.raises(ZeroDivisionError):
        store.ingest(con, source(sha256="bb"), (batch(["ava"]) if i else 1 // 0 for i in (1, 0)))
    con.close()

    assert names(duckdb.connect(str(tmp_path / "names.duckdb"))) == ["emma"]


@pytest.mark.parametrize(
    ("batches", "reason"),
    [
        ([], "it is empty"),
        ([batch([])], "it is empty"),
        ([batch([], ["", "", ""])], "all 3 lines were rejected, the first, line 1, because it is empty"),
        ([batch([], [""], first=7), batch([], [""], first=3)], "all 2 lines were rejected, the first, line 3,"),
    ],
)
def test_a_list_without_a_valid_name_is_an_error(con, batches, reason):
    """It would empty the home or replace a good list, so it is not ingested."""
    with pytest.raises(InvalidInput, match=r"names\.txt") as error:
        store.ingest(con, source(), batches)

    assert reason in str(error.value)
    assert [row for table in all_tables(con) for row in table] == []


def test_existing_tables_are_kept(con):
    """Tables are created once, and ids continue."""
    store.ingest(con, source(), [batch(["emma"])])

    store.create_tables(con)

    assert names(con) == ["emma"]
    assert store.ingest(con, source("b.txt", "bb"), [batch(["ava"])]).source_id == 2


@pytest.mark.parametrize(
    "table",
    [
        "sources (source_id integer, uri varchar)",
        "entries (source_id integer, row bigint, name varchar, weight bigint)",
    ],
)
def test_a_database_of_another_schema_is_refused(table):
    """With the command that makes a new home; the database stays as it was."""
    con = duckdb.connect()
    con.execute(f"create table {table}")

    with pytest.raises(InvalidInput, match="makemore run LISTS --home FOLDER"):
        store.create_tables(con)

    assert con.execute("select count(*) from duckdb_tables()").fetchall() == [(1,)]


def test_the_lecture_list_is_ingested_completely(con, lecture_list):
    """32,033 names in the order of their lines, 29,494 of them distinct, none rejected."""
    options = ReadOptions()
    batches = (divide(rows, options) for rows in readers.read(lecture_list, options))

    ingested = store.ingest(con, source(str(lecture_list), options=as_config(options)), batches)

    assert (ingested.names, ingested.rejects) == (32_033, 0)
    assert con.execute("select count(distinct name), min(row), max(row) from entries").fetchall() == [
        (29_494, 1, 32_033)
    ]
    assert names(con) == lecture_list.read_text().split("\n")
