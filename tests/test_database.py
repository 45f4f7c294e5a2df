"""Connections, transactions and queries."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from makemore.database import analyst, connect, copy_database, first_line, query, quoted, sql, transaction
from makemore.errors import CorruptData, HomeBusy, NotFound

OPEN = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_a_connection_is_closed_with_its_block(tmp_path):
    """Also after an error; only the database file remains."""
    with connect(tmp_path / "a.duckdb") as con:
        con.execute("create table t as select 1 as x")
    with pytest.raises(duckdb.CatalogException), connect(tmp_path / "a.duckdb") as con:
        con.execute("from nothing")

    with connect(tmp_path / "a.duckdb", read_only=True) as con:
        assert con.execute("from t").fetchall() == [(1,)]
    assert [path.name for path in tmp_path.iterdir()] == ["a.duckdb"]


def test_a_database_is_created_completely_or_not_at_all(tmp_path, monkeypatch):
    """DuckDB cannot open a partial database."""

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt), connect(tmp_path / "a.duckdb"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_downloaded(tmp_path):
    """A missing extension is an error without network access."""
    with connect(tmp_path / "a.duckdb") as con:
        settings = con.execute("select name, value from duckdb_settings() where name like 'auto%known_extensions'")

        assert dict(settings.fetchall()) == {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }


def test_a_database_to_read_must_exist(tmp_path):
    """It is not created."""
    with (
        pytest.raises(NotFound, match=r"none\.duckdb does not exist"),
        connect(tmp_path / "none.duckdb", read_only=True),
    ):
        pytest.fail("opened")

    assert list(tmp_path.iterdir()) == []


def test_a_read_only_connection_cannot_write(tmp_path):
    """DuckDB raises an error."""
    with connect(tmp_path / "a.duckdb") as con:
        con.execute("create table t as select 1 as x")

    with connect(tmp_path / "a.duckdb", read_only=True) as con, pytest.raises(duckdb.InvalidInputException):
        con.execute("insert into t values (2)")


def damaged(path):
    """Create a database, then overwrite a block with zeros."""
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as from range(100000)")
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)


@pytest.mark.parametrize(
    "make",
    [lambda path: path.write_bytes(b"emma\n" * 9999), lambda path: path.mkdir(), damaged],
    ids=["text", "folder", "damaged"],
)
def test_a_file_that_is_not_a_database_cannot_be_opened(tmp_path, make):
    """The error is one line with the path."""
    make(tmp_path / "a.duckdb")

    with pytest.raises(CorruptData, match=r"a\.duckdb cannot be opened: \S+") as error, connect(tmp_path / "a.duckdb"):
        pytest.fail("opened")

    assert "\n" not in str(error.value)


def test_a_database_that_another_process_has_open_cannot_be_opened(tmp_path):
    """Neither to write nor to read; the error has the path and the process id."""
    db = tmp_path / "a.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, db], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout.readline() == "open\n"
        for read_only in (False, True):
            with pytest.raises(HomeBusy, match=rf"a\.duckdb open: .*PID {owner.pid}"):
                connect(db, read_only=read_only).__enter__()
        owner.communicate()

    with connect(db, read_only=True) as con:
        assert con.execute("select 1").fetchall() == [(1,)]


@pytest.fixture
def snapshot(tmp_path):
    with connect(tmp_path / "stats.duckdb") as con:
        con.execute("create table vocab as select 'a' as ch")
    (tmp_path / "secret.csv").write_text("a\n")
    return tmp_path / "stats.duckdb"


def test_analysts_read_a_snapshot_at_the_same_time(snapshot):
    """Two connections of one process work too."""
    with analyst(snapshot) as one, analyst(snapshot) as two:
        assert one.execute("from vocab").fetchall() == two.execute("from vocab").fetchall() == [("a",)]


@pytest.mark.parametrize(
    "statement",
    [
        "from read_csv('{0}/secret.csv')",
        "from '{0}/secret.csv'",
        "from read_text('{0}/secret.csv')",
        "from glob('{0}/*')",
        "copy vocab to '{0}/out.csv'",
        "attach '{0}/other.duckdb'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "reset lock_configuration",
        "set memory_limit = '1TB'",
        "drop table vocab",
        "insert into vocab values ('b')",
        "create table t as select 1",
    ],
)
def test_an_analyst_has_access_to_the_snapshot_alone(snapshot, tmp_path, statement):
    """Files, network, settings and writes are refused, and the folder does not change."""
    before = sorted(path.name for path in tmp_path.iterdir())

    with analyst(snapshot) as con, pytest.raises(duckdb.Error):
        con.execute(statement.format(tmp_path)).fetchall()

    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_each_statement_of_a_query_runs_once(snapshot):
    """The result is that of the last one, which can use what the earlier ones created."""
    several = "create temp table t as select 42 as x; select 1; select * from t"

    assert query(snapshot, several).to_dicts() == [{"x": 42}]
    assert query(snapshot, "create temp table t as select 1")["Count"].to_list() == [1]
    assert query(snapshot, "").is_empty()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, duckdb.ConversionException])
def test_a_transaction_is_all_or_nothing(error):
    """An error of any kind rolls back the block, with its tables; the connection stays usable."""
    con = duckdb.connect()
    con.execute("create table t as select 1 as x")

    def fail():
        with transaction(con):
            con.execute("insert into t values (2)")
            con.execute("create table u as select 1 as x")
            con.execute("insert into t values ('x')" if error is duckdb.ConversionException else "select 1")
            raise error

    with pytest.raises(error):
        fail()
    with transaction(con):
        con.execute("insert into t values (3)")

    assert con.execute("from t order by x").fetchall() == [(1,), (3,)]
    assert con.execute("show tables").fetchall() == [("t",)]


def test_a_copy_is_one_file_without_the_tables_left_out(tmp_path):
    """With views and macros, without a .wal file, in a layout that DuckDB 1.5 reads, at any path."""
    db, target = tmp_path / "makemore.duckdb", tmp_path / "emma's stats.duckdb"
    with connect(db) as con:
        con.execute("create table vocab as from (values (0, '.'), (1, '😀')) t(ix, ch)")
        con.execute("create view characters as select ch from vocab where ix > 0")
        con.execute("create macro id_of(letter) as table select ix from vocab where ch = letter")
        con.execute("create table secret as select 1 as x")

    copy_database(db, target, leave_out=["secret", "absent"])

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([db.name, target.name])
    with analyst(target) as reader:
        assert reader.execute("show tables").fetchall() == [("characters",), ("vocab",)]
        assert reader.execute("from characters").fetchall() == [("😀",)]
        assert reader.execute("from id_of('😀')").fetchall() == [(1,)]
    other = duckdb.connect()
    other.execute(f"attach {quoted(str(target))} as copy (read_only)")
    assert other.execute("from copy.characters").fetchall() == [("😀",)]
    storage = other.execute("select tags['storage_version'] from duckdb_databases() where database_name = 'copy'")
    assert storage.fetchall()[0][0].startswith("v1.5.0")
    other.execute("use copy")
    assert other.execute("from id_of('.')").fetchall() == [(0,)]


@pytest.mark.parametrize("text", ["", "emma", "O'Neil", "''", "'; drop table names; --", "\\'"])
def test_a_quoted_text_is_that_text_in_sql(text):
    """Paths can contain quotes."""
    assert duckdb.connect().execute(f"select {quoted(text)}").fetchall() == [(text,)]


def test_first_line_shortens_an_error():
    """DuckDB's messages can quote kilobytes of input."""
    assert first_line(ValueError("\n  bad line\nLINE 1: ...")) == "bad line"
    assert len(first_line(ValueError("x" * 5000))) == 300


@pytest.mark.parametrize("read", [query, "connect"])
def test_a_damaged_block_of_a_snapshot_is_an_error(tmp_path, read):
    """It opens, but a query that reads the block fails; the error has the path and the commands to run."""
    path = tmp_path / "stats.duckdb"
    with connect(path) as con:
        con.execute("create table numbers as select range as number from range(100000)")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    path.write_bytes(data)

    with pytest.raises(CorruptData, match=r"stats\.duckdb cannot be read: .* hint: run `makemore verify`"):
        (connect_and_read if read == "connect" else read)(path, "select sum(number) from numbers")


def connect_and_read(path, select):
    with connect(path, read_only=True) as con:
        con.execute(select).fetchall()


def test_sql_reads_a_file_of_the_sql_folder():
    """By its path without the suffix."""
    assert sql("tables/entries").startswith("-- entries: ")
