"""The working database's own tables: sources, their entries and their rejects; all else is a relation of sql/."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from makemore.ahead import ahead
from makemore.database import transaction

TABLES = """
create sequence if not exists source_ids;
create table if not exists sources (
    source_id integer default nextval('source_ids'), uri varchar, sha256 varchar, bytes bigint, options json,
    ingested_at timestamp, names bigint, rejects bigint
);
create table if not exists entries (source_id integer, row bigint, name varchar, weight bigint);
create table if not exists rejects (source_id integer, row bigint, raw varchar, reason varchar);
create table if not exists uncounted (source_id integer);
create table if not exists uncounted_removals (
    source_id integer, row bigint, name varchar, weight bigint, options json
);
"""
OWN = ("sources", "entries", "rejects", "settings", "uncounted", "uncounted_removals")
"""Tables that are no relations."""
WORKING = ("uncounted", "uncounted_removals")
"""Those of them that are of the working database alone: which lists and names the counts do not know of yet."""


@dataclass(frozen=True)
class Source:
    """One list, as it was when it was read; `ingested_at` in UTC."""

    uri: str
    sha256: str
    bytes: int
    options: dict[str, Any]
    ingested_at: datetime


@dataclass(frozen=True)
class Ingested:
    """What became of a list: its id, its names and rejects, whether anything changed, and why it is held back if it is."""

    source_id: int
    uri: str
    names: int
    rejects: int
    changed: bool
    held: str | None = None


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are not there yet."""
    con.execute(TABLES)


def recognise(con: duckdb.DuckDBPyConnection, source: Source) -> Ingested | None:
    """What is known of these bytes, read with these options; None if they are to be read.

    The same bytes count once. Under another address they are noted as a source without names of its own, so that
    they stay when the first address takes on others.
    """
    rows = con.execute(
        "select source_id, uri, names, rejects from sources where sha256 = ? and options = ?::json "
        "order by names = 0, uri <> ?",
        [source.sha256, json.dumps(source.options), source.uri],
    ).fetchall()
    if not rows:
        return None
    source_id, uri, names, rejects = rows[0]
    if source.uri not in [row[1] for row in rows]:
        with transaction(con):
            _insert(con, source, _release(con, source.uri))
    return Ingested(source_id, uri, names, rejects, changed=False)


def ingest(
    con: duckdb.DuckDBPyConnection, source: Source, batches: Iterable[tuple[pl.DataFrame, pl.DataFrame]]
) -> Ingested:
    """Take in a list, in place of what its address gave before, or leave no trace of it if a batch fails.

    `batches` are the entries and rejects of `quarantine.divide`.

    Raises:
        ValueError: the list has no name.
    """
    # Rows carry their number: their order in the table does not matter, and writing them in any order is faster.
    con.execute("set preserve_insertion_order = false")
    # It would make the file two fifths smaller, and an insert take twice as long.
    con.execute("set disabled_compression_methods = 'dict_fsst'")
    with transaction(con):
        source_id = _release(con, source.uri)
        _insert(con, source, source_id)
        names = rejects = 0
        for entries, rejected in ahead(batches):
            names += _append(con, "entries", source_id, entries)
            rejects += _append(con, "rejects", source_id, rejected)
        if not names:
            raise ValueError(f"{source.uri} has no name in it: {_why(con, source_id, rejects)}.")
        con.execute("update sources set names = ?, rejects = ? where source_id = ?", [names, rejects, source_id])
        con.execute("insert into uncounted values (?)", [source_id])
    return Ingested(source_id, source.uri, names, rejects, changed=True)


def sources(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows of `sources` as plain values, in the order in which the lists first came."""
    rows = con.sql("select * replace (ingested_at::varchar as ingested_at) from sources order by source_id").pl()
    return [row | {"options": json.loads(row["options"])} for row in rows.to_dicts()]


def _release(con: duckdb.DuckDBPyConnection, uri: str) -> int:
    """Id for what an address brings now; what it brought before is gone, or another address's that has the same."""
    known = con.execute(
        "select source_id, sha256, options, names, rejects from sources where uri = ?", [uri]
    ).fetchall()
    if not known:
        return int(con.execute("select nextval('source_ids')").fetchall()[0][0])
    source_id, sha256, options, names, rejects = known[0]
    con.execute("delete from sources where source_id = ?", [source_id])
    _uncount(con, source_id, options)
    heirs = con.execute(
        "select source_id from sources where sha256 = ? and options = ? and names = 0 order by source_id",
        [sha256, options],
    ).fetchall()
    if heirs and names:
        heir = heirs[0][0]
        con.execute("update sources set names = ?, rejects = ? where source_id = ?", [names, rejects, heir])
        for table in ("entries", "rejects"):
            con.execute(f"update {table} set source_id = ? where source_id = ?", [heir, source_id])
        con.execute("insert into uncounted values (?)", [heir])
    for table in ("entries", "rejects"):
        con.execute(f"delete from {table} where source_id = ?", [source_id])
    return int(source_id)


def _uncount(con: duckdb.DuckDBPyConnection, source_id: int, options: str) -> None:
    """Keep the entries that a list gave for the counts to be less by them, if they were counted."""
    if con.execute("delete from uncounted where source_id = ? returning 1", [source_id]).fetchall():
        return
    con.execute(
        "insert into uncounted_removals select source_id, row, name, weight, ?::json from entries where source_id = ?",
        [options, source_id],
    )


def _insert(con: duckdb.DuckDBPyConnection, source: Source, source_id: int) -> None:
    ingested_at = source.ingested_at.replace(tzinfo=None)
    con.execute(
        "insert into sources values (?, ?, ?, ?, ?, ?, 0, 0)",
        [source_id, source.uri, source.sha256, source.bytes, json.dumps(source.options), ingested_at],
    )


def _append(con: duckdb.DuckDBPyConnection, table: str, source_id: int, rows: pl.DataFrame) -> int:
    con.register("new_rows", rows.select(pl.lit(source_id, pl.Int32).alias("source_id"), pl.all()).to_arrow())
    con.execute(f"insert into {table} by name select * from new_rows")
    con.unregister("new_rows")
    return len(rows)


def _why(con: duckdb.DuckDBPyConnection, source_id: int, rejects: int) -> str:
    if not rejects:
        return "it is empty"
    row, reason = con.execute(
        "select row, reason from rejects where source_id = ? order by row limit 1", [source_id]
    ).fetchall()[0]
    return f"all {rejects} lines were rejected, the first, line {row}, because it {reason}"
