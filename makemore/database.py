"""DuckDB connections with our settings: no downloads, nothing outside the file for analysts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

SETTINGS: dict[str, bool | str] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # Of a file that is made: DuckDB 1.5 reads it too, and a small one is a quarter as large.
    "storage_compatibility_version": "v1.5.0",
    "default_block_size": "16384",
}
LOOK = "see `makemore verify`, and `makemore rollback` if it serves"
"""What to do about a damaged file of a published version, such as a snapshot: what is opened to read alone is one."""
LOOK_THERE = f" {LOOK.capitalize()}."
FENCED = SETTINGS | {"enable_external_access": False, "lock_configuration": True}


@contextmanager
def connect(
    db: Path, *, read_only: bool = False, settings: Mapping[str, bool | str] = SETTINGS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database, closed when the block ends.

    Raises:
        FileNotFoundError: it is to be read, and there is none.
        ValueError: another process holds it, or it is no database.
    """
    if read_only and not db.exists():
        raise FileNotFoundError(f"{db} does not exist.{LOOK_THERE}")
    try:
        if not db.exists():
            _create(db, settings)
        con = duckdb.connect(str(db), read_only=read_only, config=dict(settings))
    except duckdb.Error as error:
        raise ValueError(f"{db} cannot be opened: {first_line(error)}{LOOK_THERE if read_only else ''}") from error
    try:
        yield con
    except duckdb.Error as error:
        if not isinstance(error, duckdb.OperationalError) and not _is_damage(error):
            raise
        told = f"{db} cannot be read or written: {first_line(error)}"
        raise ValueError(told + (LOOK_THERE if read_only else " Free space if there is none.")) from error
    finally:
        con.close()


def _create(db: Path, settings: Mapping[str, bool | str]) -> None:
    """Make a database, complete or not at all: DuckDB opens none that it was killed in the making of."""
    aside = db.with_name(f".{db.name}.{os.getpid()}.partial")
    try:
        duckdb.connect(str(aside), config=dict(settings)).close()
        aside.replace(db)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def analyst(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection that reaches nothing but this snapshot: no files, no network, no settings."""
    # Set as it opens: connections of one process share the database, and a second could not set what the first locked.
    with connect(snapshot, read_only=True, settings=FENCED) as con:
        yield con


def query(snapshot: Path, sql: str) -> pl.DataFrame:
    """The result of a select on a snapshot, which it cannot change.

    Raises:
        ValueError: DuckDB refuses it.
    """
    with analyst(snapshot) as con:
        try:
            result = con.sql(sql)
            frame: pl.DataFrame = pl.DataFrame() if result is None else result.pl()
        except (duckdb.Error, pl.exceptions.PolarsError) as error:
            if _is_damage(error):
                raise
            told = " ".join(str(error).partition("LINE 1:")[0].split())
            raise ValueError(f"the query fails: {told[:500]}") from error
    return frame.with_columns(_whole_numbers(column) for column in frame)


def _whole_numbers(column: pl.Series) -> pl.Series:
    """The same column, in 64 bits where that holds it: DuckDB's sums have 128, which JSON readers know only as text."""
    if not isinstance(column.dtype, pl.Decimal) or column.dtype.scale != 0:
        return column
    narrow = column.cast(pl.Int64, strict=False)
    return narrow if narrow.null_count() == column.null_count() else column


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


def copy_database(db: Path, target: Path, leave_out: Sequence[str] = ()) -> None:
    """Copy the file of a database without these tables. Nothing else may write to it."""
    if db.with_name(f"{db.name}.wal").exists():
        # Who wrote to it was killed: what it had committed stands there.
        with connect(db) as con:
            con.execute("checkpoint")
    shutil.copyfile(db, target)
    with connect(target) as copy:
        for table in leave_out:
            copy.execute(f'drop table if exists "{table}"')


def quoted(text: str) -> str:
    """A SQL string literal, for the few statements that bind no parameters."""
    return "'" + text.replace("'", "''") + "'"


def _is_damage(error: Exception) -> bool:
    """Whether the file is at fault, rather than what was asked of it."""
    return isinstance(error, duckdb.IOException) or "Corrupt database file" in str(error)


def first_line(error: Exception) -> str:
    """What went wrong, in one line of at most 300 characters: DuckDB's messages can carry kilobytes of input."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
