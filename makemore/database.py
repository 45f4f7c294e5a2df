"""DuckDB connections with our settings: no downloads, nothing outside the file for analysts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

SETTINGS = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


@contextmanager
def connect(db: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database, closed when the block ends.

    Raises:
        FileNotFoundError: it is to be read, and there is none.
        ValueError: another process holds it, or it is no database.
    """
    if read_only and not db.exists():
        raise FileNotFoundError(f"{db} does not exist.")
    try:
        con = duckdb.connect(str(db), read_only=read_only, config=dict(SETTINGS))
    except duckdb.IOException as error:
        raise ValueError(f"{db} cannot be opened: {first_line(error)}") from error
    try:
        yield con
    finally:
        con.close()


@contextmanager
def analyst(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection that reaches nothing but this snapshot: no files, no network, no settings."""
    with connect(snapshot, read_only=True) as con:
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        yield con


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that the block does, or nothing of it."""
    con.execute("begin")
    try:
        yield
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def copy_tables(con: duckdb.DuckDBPyConnection, tables: list[str], target: Path) -> None:
    """Write these tables to a new database file, one that DuckDB 1.5 can read too, without a .wal beside it."""
    con.execute(f"attach {quoted(str(target))} as snapshot (storage_version 'v1.5.0', block_size 16384)")
    for table in tables:
        con.execute(f'create table snapshot."{table}" as from "{table}"')
    con.execute("detach snapshot")


def quoted(text: str) -> str:
    """A SQL string literal, for the few statements that bind no parameters."""
    return "'" + text.replace("'", "''") + "'"


def first_line(error: Exception) -> str:
    """What went wrong, in one line of at most 300 characters: DuckDB's messages can carry kilobytes of input."""
    return str(error).strip().splitlines()[0][:300]
