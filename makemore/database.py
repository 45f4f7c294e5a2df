"""DuckDB connections, transactions and read-only queries."""

# Annotations that are evaluated keep the types of DuckDB alive at exit: with Prefect, it then prints 40 lines.
from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from makemore.errors import VERIFY_HINT, CorruptData, HomeBusy, Interrupted, InvalidInput, NotFound
from makemore.files.atomic import written_aside

if TYPE_CHECKING:
    # Imported by the functions that make a table of it: it takes as long as DuckDB and all else together.
    import polars as pl

SQL = Path(__file__).parent / "sql"
"""The folder of SQL files: a link to the folder beside the package."""
SETTINGS: dict[str, bool | str] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # For new files: DuckDB 1.5 reads them too, and a small file takes a quarter of the space.
    "storage_compatibility_version": "v1.5.0",
    "default_block_size": "16384",
}
READ_ONLY_SETTINGS = SETTINGS | {"enable_external_access": False, "lock_configuration": True}


@cache
def sql(path: str) -> str:
    """The text of a file of sql/: 'tables/entries' is sql/tables/entries.sql."""
    return (SQL / f"{path}.sql").read_text(encoding="utf-8")


@contextmanager
def connect(
    db: Path, *, read_only: bool = False, settings: Mapping[str, bool | str] = SETTINGS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database, closed when the block ends.

    Raises:
        NotFound: a database to read does not exist.
        HomeBusy: another process has it open.
        CorruptData: the file is not a database, or reading or writing it fails.
    """
    hint = VERIFY_HINT if read_only else "run `makemore verify`"
    if read_only and not db.exists():
        raise NotFound(f"{db} does not exist", hint)
    try:
        if not db.exists():
            _create(db, settings)
        con = duckdb.connect(str(db), read_only=read_only, config=dict(settings))
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise HomeBusy(f"another program has {db} open: {first_line(error)}", "close it") from error
        raise CorruptData(f"{db} cannot be opened: {first_line(error)}", hint) from error
    try:
        yield con
    except duckdb.Error as error:
        if not isinstance(error, duckdb.OperationalError) and not _is_damage(error):
            raise
        hint = hint if read_only else "free disk space, or run `makemore verify`"
        raise CorruptData(f"{db} cannot be {'read' if read_only else 'written'}: {first_line(error)}", hint) from error
    except RuntimeError as error:
        if Interrupted.received:
            # DuckDB replaces it by a RuntimeError, which a caller could take for the failure of a list or a model.
            raise Interrupted.received from error
        raise
    finally:
        con.close()


def _create(db: Path, settings: Mapping[str, bool | str]) -> None:
    """Create a database under its name only when it is complete: DuckDB cannot open a partial one."""
    with written_aside(db) as aside:
        duckdb.connect(str(aside), config=dict(settings)).close()


@contextmanager
def analyst(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection without access to other files, the network or settings."""
    # Set on opening: connections of a process share the database, and a second one cannot set what the first locked.
    with connect(snapshot, read_only=True, settings=READ_ONLY_SETTINGS) as con:
        yield con


def query(snapshot: Path, sql: str) -> pl.DataFrame:
    """The result of a query on a snapshot; of several statements, that of the last one.

    Raises:
        InvalidInput: DuckDB rejects the query.
    """
    import polars as pl

    with analyst(snapshot) as con:
        try:
            *setup, last = [statement.query for statement in con.extract_statements(sql)] or [""]
            for statement in setup:
                con.execute(statement).fetchall()
            frame = _fetched(con, last) if last else pl.DataFrame()
        except (duckdb.Error, pl.exceptions.PolarsError) as error:
            if _is_damage(error):
                raise
            message = " ".join(str(error).partition("LINE 1:")[0].split())
            raise InvalidInput(f"the query failed: {message[:500]}") from error
    return frame.with_columns(_as_int64(column) for column in frame)


def _fetched(con: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    """Run a query so that Ctrl-C interrupts it: DuckDB calls no signal handlers while it reads a relation."""
    import polars as pl

    with warnings.catch_warnings():
        # That a relation needs one copy less.
        warnings.simplefilter("ignore", UserWarning)
        return pl.DataFrame(con.execute(sql).to_arrow_table())


def _as_int64(column: pl.Series) -> pl.Series:
    """Cast the 128-bit integers of DuckDB's sums to 64 bits where they fit: JSON readers know those only as text."""
    import polars as pl

    if not isinstance(column.dtype, pl.Decimal) or column.dtype.scale != 0:
        return column
    narrow = column.cast(pl.Int64, strict=False)
    return narrow if narrow.null_count() == column.null_count() else column


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit when the block ends; roll back if it raises."""
    con.execute("begin")
    try:
        yield
    except BaseException:
        if Interrupted.received:
            # The result of an interrupted query can still be open, and DuckDB refuses another query then.
            con.close()
            raise
        con.execute("rollback")
        raise
    con.execute("commit")


def copy_database(db: Path, target: Path, leave_out: Sequence[str] = ()) -> None:
    """Copy the file of a database without these tables. No other process may write to it."""
    if db.with_name(f"{db.name}.wal").exists():
        # The last writer was killed: the log has its committed transactions.
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
    return isinstance(error, duckdb.IOException) or "Corrupt database file" in str(error)


def first_line(error: Exception) -> str:
    """The first line of an error, at most 300 characters: DuckDB's messages can quote kilobytes of input."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
