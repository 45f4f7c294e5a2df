from datetime import UTC, datetime

import duckdb
import polars as pl
import pytest

from makemore.ingest import readers
from makemore.ingest import store as wh
from makemore.ingest.validation import divide
from makemore.options import ReadOptions, as_config

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def con():
    con = duckdb.connect()
    wh.create_tables(con)
    return con


def source(uri="names.txt", sha256="aa", options=None):
    return wh.Source(uri, sha256, 5, options or {}, NOON)


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
    return [name for (name,) in con.execute("select name from entries order by source_id, row").fetchall()]


def everything(con):
    return [con.execute(f"from {table} order by all").fetchall() for table in ("sources", "entries", "rejects")]


def test_a_list_gives_its_entries_its_rejects_and_a_row_of_sources(con):
    """Each with the id of its list; batches are one list."""
    ingested = wh.ingest(con, source(), [batch(["emma"], [""]), batch(["olivia", "ava"], first=3)])

    assert ingested == wh.Ingested(1, "names.txt", names=3, rejects=1, changed=True)
    assert con.execute("from entries order by row").fetchall() == [
        (1, 1, "emma", 1),
        (1, 3, "olivia", 1),
        (1, 4, "ava", 1),
    ]
    assert con.execute("from rejects").fetchall() == [(1, 2, "", "is empty")]
    assert wh.sources(con) == [
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
    """A name, a raw line, an address or an option never becomes part of a statement."""
    evil = "'); drop table entries; --"

    wh.ingest(con, source(uri=evil, options={"delimiter": "'"}), [batch([evil], [evil])])

    assert names(con) == [evil]
    assert con.execute("select raw from rejects").fetchall() == [(evil,)]
    assert (wh.sources(con)[0]["uri"], wh.sources(con)[0]["options"]) == (evil, {"delimiter": "'"})


def test_lists_are_kept_beside_each_other(con):
    """In the order in which they came."""
    wh.ingest(con, source("b.txt", "bb"), [batch(["emma"])])
    wh.ingest(con, source("a.txt", "aa"), [batch(["ava"])])

    assert [(row["source_id"], row["uri"]) for row in wh.sources(con)] == [(1, "b.txt"), (2, "a.txt")]
    assert names(con) == ["emma", "ava"]


def test_new_bytes_at_the_same_address_replace_what_it_gave(con):
    """Names and rejects alike, under the id that it had; other lists stay."""
    wh.ingest(con, source("a.txt", "aa"), [batch(["emma"], [""])])
    wh.ingest(con, source("b.txt", "bb"), [batch(["mia"])])

    replaced = wh.ingest(con, source("a.txt", "cc"), [batch(["olivia", "ava"])])

    assert (replaced.source_id, replaced.names, replaced.rejects) == (1, 2, 0)
    assert names(con) == ["olivia", "ava", "mia"]
    assert con.execute("select count(*) from rejects").fetchall() == [(0,)]
    assert [row["sha256"] for row in wh.sources(con)] == ["cc", "bb"]


def test_the_same_bytes_are_known(con):
    """Under their address, and under another one: a copy of a list is no second list."""
    given = wh.ingest(con, source("a.txt", "aa"), [batch(["emma"], [""])])

    known = wh.Ingested(given.source_id, "a.txt", names=1, rejects=1, changed=False)
    assert wh.recognise(con, source("a.txt", "aa")) == known
    assert wh.recognise(con, source("b.txt", "aa")) == known


def test_other_bytes_or_options_are_not_known(con):
    """A list read with --lower gives other names than without."""
    wh.ingest(con, source(sha256="aa", options={"lower": False}), [batch(["Emma"])])

    assert wh.recognise(con, source(sha256="bb", options={"lower": False})) is None
    assert wh.recognise(con, source(sha256="aa", options={"lower": True})) is None
    assert wh.recognise(con, source(sha256="aa", options={"lower": False})) is not None


def test_an_address_that_takes_on_the_bytes_of_another_gives_up_its_own(con):
    """latest.txt becomes a copy of today.txt: yesterday's names are gone, and today's count once."""
    wh.ingest(con, source("latest.txt", "yesterday"), [batch(["emma"], [""])])
    wh.ingest(con, source("today.txt", "today"), [batch(["ava"])])

    known = wh.recognise(con, source("latest.txt", "today"))

    assert (known.uri, known.names) == ("today.txt", 1)
    assert names(con) == ["ava"]
    assert con.execute("select count(*) from rejects").fetchall() == [(0,)]
    assert [(row["uri"], row["names"]) for row in wh.sources(con)] == [("latest.txt", 0), ("today.txt", 1)]


@pytest.mark.parametrize("order", [["a.txt", "b.txt"], ["b.txt", "a.txt"]])
def test_bytes_stay_as_long_as_one_address_has_them(con, order):
    """Two lists were the same; one changes: the other one's names are there still, in whichever order they come."""
    wh.ingest(con, source("a.txt", "same"), [batch(["emma", "mia"], ["."])])
    assert wh.recognise(con, source("b.txt", "same")).changed is False

    for uri in order:
        tonight = source(uri, {"a.txt": "other", "b.txt": "same"}[uri])
        if wh.recognise(con, tonight) is None:
            wh.ingest(con, tonight, [batch(["noah"])])

    assert sorted(names(con)) == ["emma", "mia", "noah"]
    assert [(row["uri"], row["names"], row["rejects"]) for row in wh.sources(con)] == [("a.txt", 1, 0), ("b.txt", 2, 1)]


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_list_that_breaks_in_the_middle_leaves_no_trace(con, known, error):
    """What was there before is there still, also what the same address gave; the next list comes in as ever."""
    wh.ingest(con, source("a.txt" if known else "b.txt", "old"), [batch(["emma"], [""])])
    before = everything(con)

    def breaking():
        yield batch(["olivia"], ["."])
        raise error("line 2 breaks")

    with pytest.raises(error, match="line 2 breaks"):
        wh.ingest(con, source("a.txt", "new"), breaking())

    assert everything(con) == before
    assert wh.ingest(con, source("c.txt", "cc"), [batch(["ava"])]).names == 1


def test_what_a_database_holds_is_whole_in_its_file_too(tmp_path):
    """A broken list leaves nothing for who opens the file next, either."""
    con = duckdb.connect(str(tmp_path / "names.duckdb"))
    wh.create_tables(con)
    wh.ingest(con, source(), [batch(["emma"])])
    with pytest.raises(ZeroDivisionError):
        wh.ingest(con, source(sha256="bb"), (batch(["ava"]) if i else 1 // 0 for i in (1, 0)))
    con.close()

    assert names(duckdb.connect(str(tmp_path / "names.duckdb"))) == ["emma"]


@pytest.mark.parametrize(
    ("batches", "words"),
    [
        ([], "names.txt has no name in it: it is empty."),
        ([batch([])], "names.txt has no name in it: it is empty."),
        ([batch([], ["", "", ""])], "all 3 lines were rejected, the first, line 1, because it is empty."),
        ([batch([], [""], first=7), batch([], [""], first=3)], "all 2 lines were rejected, the first, line 3,"),
    ],
)
def test_a_list_without_a_name_is_refused_and_says_why(con, batches, words):
    """It would empty the home, or replace a good list: nothing of it is kept."""
    with pytest.raises(ValueError, match="has no name in it") as error:
        wh.ingest(con, source(), batches)

    assert words in str(error.value)
    assert everything(con) == [[], [], []]


def test_tables_are_made_once(con):
    """Whoever opens a home may ask for them again: nothing is lost, ids go on."""
    wh.ingest(con, source(), [batch(["emma"])])

    wh.create_tables(con)

    assert names(con) == ["emma"]
    assert wh.ingest(con, source("b.txt", "bb"), [batch(["ava"])]).source_id == 2


def test_the_lecture_list_comes_in_whole(con, lecture_list):
    """32,033 names in the order of their lines, 29,494 of them distinct, and no reject."""
    options = ReadOptions()
    batches = (divide(rows, options) for rows in readers.read(lecture_list, options))

    ingested = wh.ingest(con, source(str(lecture_list), options=as_config(options)), batches)

    assert (ingested.names, ingested.rejects) == (32_033, 0)
    assert con.execute("select count(distinct name), min(row), max(row) from entries").fetchall() == [
        (29_494, 1, 32_033)
    ]
    assert names(con) == lecture_list.read_text().split("\n")
