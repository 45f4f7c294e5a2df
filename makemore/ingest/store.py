"""The tables of the working database that ingest writes: lists, their contents, entries and rejects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from makemore.database import SQL, sql, transaction
from makemore.errors import InvalidInput, QuarantinedList
from makemore.ingest import quarantine, screening
from makemore.ingest.contents import set_content
from makemore.ingest.scripts import scripts_of
from makemore.prefetch import ahead

TABLES = tuple(sorted(path.stem for path in (SQL / "tables").glob("*.sql")))
WORKING = ("uncounted", "uncounted_removals")
"""Tables that a published snapshot omits: changes that the counts do not include yet."""


@dataclass(frozen=True)
class Source:
    """A list as it was read; `ingested_at` in UTC."""

    uri: str
    sha256: str
    bytes: int
    options: dict[str, Any]
    ingested_at: datetime


@dataclass(frozen=True)
class Ingested:
    """The result of ingesting a list.

    `changed`: the names of the home changed or, for a quarantined list, the reason is new.
    """

    source_id: int
    uri: str
    names: int
    rejects: int
    changed: bool
    quarantine_reason: str | None = None

    def quarantine_message(self, home: Path) -> str:
        """The reason of the quarantine, with the command that releases the list."""
        return quarantine.message(self.uri, self.quarantine_reason or "", home)


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the missing tables.

    Raises:
        InvalidInput: the database has the schema of another version of makemore.
    """
    existing, expected = _definitions(con), _expected_definitions()
    if unknown := [table for table in existing if existing[table] != expected.get(table)]:
        raise _other_schema(unknown[0])
    if existing.keys() != expected.keys():
        for table in TABLES:
            con.execute(sql(f"tables/{table}"))


def copy_lists(source: duckdb.DuckDBPyConnection, target: duckdb.DuckDBPyConnection) -> None:
    """Copy the lists and what is known about them to a database with empty tables, but not their entries.

    Raises:
        InvalidInput: the database has the schema of another version of makemore.
    """
    if not (existing := _definitions(source)):
        return
    if unknown := [table for table in existing if existing[table] != _expected_definitions().get(table)]:
        raise _other_schema(unknown[0])
    for table in ("contents", "lists", "quarantined_lists", "forgotten"):
        target.register("copied", source.sql(f"from {table}").to_arrow_table())
        target.execute(f"insert into {table} by name from copied")
        target.unregister("copied")
    for table, column in (("contents", "content_id"), ("lists", "source_id")):
        [(next_id,)] = target.execute(f"select coalesce(max({column}), 0) + 1 from {table}").fetchall()
        target.execute(f"create or replace sequence {column}s start {next_id}")


def _definitions(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The definitions of the tables of sql/tables/, and of `sources`, which was a table once.

    DuckDB writes them itself, so they are equal if the columns and types are. This runs for each list, and reading
    duckdb_columns() takes five times as long.
    """
    definitions = con.execute("select table_name, sql from duckdb_tables() where schema_name = 'main'").fetchall()
    return {table: definition for table, definition in definitions if table in (*TABLES, "sources")}


@cache
def _expected_definitions() -> dict[str, str]:
    with duckdb.connect() as con:
        for table in TABLES:
            con.execute(sql(f"tables/{table}"))
        return _definitions(con)


def find_known(con: duckdb.DuckDBPyConnection, source: Source, *, screened: bool = False) -> Ingested | None:
    """The result for a list whose content the database has, from whatever URI; None for new content.

    Raises:
        QuarantinedList: with `screened`, if the home would keep too few of its names.
    """
    contents = con.execute(
        "select contents.content_id, source_id, uri, names, rejects from contents join lists using (source_id) "
        "where sha256 = ? and options = ?::json",
        [source.sha256, json.dumps(source.options)],
    ).fetchall()
    if not contents:
        return None
    content_id, source_id, uri, names, rejects = contents[0]
    if not con.execute("from lists where uri = ? and content_id = ?", [source.uri, content_id]).fetchall():
        with transaction(con):
            before = screening.count_lines(con)
            set_content(con, source.uri, content_id, source.ingested_at)
            left = screening.count_lines(con)
            if screened and left.names < screening.MIN_KEPT * before.names:
                raise QuarantinedList(
                    f"would leave {left.names:,} of {before.names:,} names: its bytes are those of {uri}"
                )
    con.execute("delete from quarantined_lists where uri = ?", [source.uri])
    return Ingested(source_id, uri, names, rejects, changed=False)


def ingest(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    batches: Iterable[tuple[pl.DataFrame, pl.DataFrame]],
    *,
    screened: bool = False,
) -> Ingested:
    """Store a new content in place of the earlier content of its URI; on an error, change nothing.

    `batches` are the entries and rejects of `validation.divide`. Forgotten names are rejected.

    Raises:
        InvalidInput: the list has no valid name.
        QuarantinedList: with `screened`, if the list fails the checks of its home.
    """
    # Rows have a number, so their order in the table is free, and inserts in any order are faster.
    con.execute("set preserve_insertion_order = false")
    # It would save two fifths of the file, but double the time of an insert.
    con.execute("set disabled_compression_methods = 'dict_fsst'")
    with transaction(con):
        before, replaced = screening.count_lines(con), screening.count_lines(con, source.uri)
        [(content_id,)] = con.execute("select nextval('content_ids')").fetchall()
        source_id = set_content(con, source.uri, content_id, source.ingested_at)
        con.execute(
            "insert into contents values (?, ?, ?, ?, ?, 0, 0, [])",
            [content_id, source_id, source.sha256, source.bytes, json.dumps(source.options)],
        )
        characters: set[str] = set()
        names = rejects = 0
        for entries, rejected in ahead(batches):
            names += _append(con, "entries", content_id, entries)
            rejects += _append(con, "rejects", content_id, rejected)
            characters.update(entries["name"].str.join().item() or "")
        forgotten = quarantine.reject_forgotten(con, content_id)
        names, rejects = names - forgotten, rejects + forgotten
        if not names:
            why = "it is empty"
            if rejects:
                why = f"all {rejects} lines were rejected, the first, line {screening.first_reject(con, content_id)}"
            raise InvalidInput(f"{source.uri} has no valid name: {why}")
        new = screening.Lines(names, rejects, frozenset(scripts_of(characters)))
        if screened and (reason := screening.quarantine_reason(con, content_id, before, replaced, new)):
            raise QuarantinedList(reason)
        con.execute(
            "update contents set names = ?, rejects = ?, scripts = ? where content_id = ?",
            [names, rejects, sorted(new.scripts), content_id],
        )
        con.execute("insert into uncounted values (?)", [content_id])
        con.execute("delete from quarantined_lists where uri = ?", [source.uri])
    return Ingested(source_id, source.uri, names, rejects, changed=True)


def sources(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows of the relation `sources` as plain values, in the order in which the lists first came."""
    rows = con.sql(
        f"select * exclude (content_id) replace (ingested_at::varchar as ingested_at) from ({sql('sources')}) "
        "order by source_id"
    ).pl()
    return [row | {"options": json.loads(row["options"])} for row in rows.to_dicts()]


def _append(con: duckdb.DuckDBPyConnection, table: str, content_id: int, rows: pl.DataFrame) -> int:
    con.register("new_rows", rows.select(pl.lit(content_id, pl.Int32).alias("content_id"), pl.all()).to_arrow())
    con.execute(f"insert into {table} by name select * from new_rows")
    con.unregister("new_rows")
    return len(rows)


def _other_schema(table: str) -> InvalidInput:
    return InvalidInput(
        f"the database has the schema of another makemore (table {table})",
        "make a new home of the same lists: makemore run LISTS --home FOLDER",
    )
