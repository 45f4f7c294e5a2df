"""The working database's own tables: sources, their entries and their rejects; all else is a relation of sql/."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl

from makemore.database import transaction
from makemore.errors import QuarantinedList
from makemore.ingest import quarantine, screening
from makemore.ingest.scripts import scripts_of
from makemore.prefetch import ahead
from makemore.vocab import code_points

TABLES = """
create sequence if not exists source_ids;
create table if not exists sources (
    source_id integer default nextval('source_ids'), uri varchar, sha256 varchar, bytes bigint, options json,
    ingested_at timestamp, names bigint, rejects bigint, scripts varchar[]
);
create table if not exists entries (source_id integer, row bigint, name varchar, weight bigint);
create table if not exists rejects (source_id integer, row bigint, raw varchar, reason varchar);
create table if not exists uncounted (source_id integer);
create table if not exists uncounted_removals (
    source_id integer, row bigint, name varchar, weight bigint, options json
);
"""
SOURCES = [
    "source_id", "uri", "sha256", "bytes", "options", "ingested_at", "names", "rejects", "scripts",
]  # fmt: skip
"""Columns of the table of lists; the last one came last."""
OWN = ("sources", "entries", "rejects", "settings", "held", "forgotten", "uncounted", "uncounted_removals")
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
    """What became of a list: its id, its names and rejects, whether anything changed, and why it is held back if it is.

    A list that is held back has `changed` where nobody was told so yet.
    """

    source_id: int
    uri: str
    names: int
    rejects: int
    changed: bool
    held: str | None = None

    @property
    def held_back(self) -> str:
        """That it is held back, why, and what lets it in."""
        return f"{self.uri} is held back: it {self.held}. To let it in: makemore release {shlex.quote(self.uri)}"


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are not there yet, and give those of an older makemore what they lack.

    Raises:
        ValueError: they are of a makemore that is not known.
    """
    con.execute(TABLES + quarantine.TABLES)
    columns = [name for (name,) in con.execute("select column_name from (describe sources)").fetchall()]
    if columns == SOURCES[:-1]:
        _add_scripts(con)
    elif columns != SOURCES:
        raise ValueError(
            f"the database is of another makemore: its table sources has {', '.join(columns)}, where this one knows "
            f"{', '.join(SOURCES)}. Make a home of its lists anew, with `makemore run LISTS --home FOLDER`."
        )


def _add_scripts(con: duckdb.DuckDBPyConnection) -> None:
    """Say of each list which scripts its names are in, as `ingest` does."""
    with transaction(con):
        con.execute("alter table sources add column scripts varchar[]")
        con.execute("update sources set scripts = []")
        for (source_id,) in con.execute("select distinct source_id from entries").fetchall():
            names = con.sql("select name from entries where source_id = ?", params=[source_id]).pl()["name"]
            scripts = scripts_of(_characters(names))
            con.execute("update sources set scripts = ? where source_id = ?", [scripts, source_id])


def recognise(con: duckdb.DuckDBPyConnection, source: Source, *, guarded: bool = False) -> Ingested | None:
    """What is known of these bytes, read with these options; None if they are to be read.

    The same bytes count once. Under another address they are noted as a source without names of its own, so that
    they stay when the first address takes on others.

    Raises:
        QuarantinedList: it is `guarded`, and would leave too little of what its address gave before.
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
            home = screening.lines(con)
            _insert(con, source, _release(con, source.uri))
            left = screening.lines(con)
            if guarded and left.names < screening.LEAST * home.names:
                raise QuarantinedList(
                    f"would leave {left.names:,} of {home.names:,} names: its bytes are those of {uri}"
                )
    con.execute("delete from held where uri = ?", [source.uri])
    return Ingested(source_id, uri, names, rejects, changed=False)


def ingest(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    batches: Iterable[tuple[pl.DataFrame, pl.DataFrame]],
    *,
    guarded: bool = False,
) -> Ingested:
    """Take in a list, in place of what its address gave before, or leave no trace of it if a batch fails.

    `batches` are the entries and rejects of `quarantine.divide`. Names that are to be forgotten are rejected.

    Raises:
        ValueError: the list has no name.
        QuarantinedList: it is `guarded`, and not what the home expects.
    """
    # Rows carry their number: their order in the table does not matter, and writing them in any order is faster.
    con.execute("set preserve_insertion_order = false")
    # It would make the file two fifths smaller, and an insert take twice as long.
    con.execute("set disabled_compression_methods = 'dict_fsst'")
    with transaction(con):
        home, replaced = screening.lines(con), screening.lines(con, source.uri)
        source_id = _release(con, source.uri)
        _insert(con, source, source_id)
        names = rejects = 0
        characters: set[str] = set()
        for entries, rejected in ahead(batches):
            names += _append(con, "entries", source_id, entries)
            rejects += _append(con, "rejects", source_id, rejected)
            characters |= _characters(entries["name"])
        forgotten = quarantine.reject_forgotten(con, source_id)
        names, rejects = names - forgotten, rejects + forgotten
        if not names:
            raise ValueError(f"{source.uri} has no name in it: {_why(con, source_id, rejects)}.")
        new = screening.Lines(names, rejects, frozenset(scripts_of(characters)))
        if guarded and (reason := screening.reason_to_hold(con, source_id, home, replaced, new)):
            raise QuarantinedList(reason)
        con.execute(
            "update sources set names = ?, rejects = ?, scripts = ? where source_id = ?",
            [names, rejects, sorted(new.scripts), source_id],
        )
        con.execute("insert into uncounted values (?)", [source_id])
        con.execute("delete from held where uri = ?", [source.uri])
    return Ingested(source_id, source.uri, names, rejects, changed=True)


def forget(con: duckdb.DuckDBPyConnection, source_id: int) -> int:
    """Number of names and rejects of a list that are gone now, with the list."""
    [(options, lines)] = con.execute(
        "select options, names + rejects from sources where source_id = ?", [source_id]
    ).fetchall()
    _uncount(con, source_id, options)
    for table in ("sources", "entries", "rejects"):
        con.execute(f"delete from {table} where source_id = ?", [source_id])
    return int(lines)


def reject_forgotten(con: duckdb.DuckDBPyConnection, source_id: int) -> int:
    """Number of lines of a list whose names are to be forgotten, and are rejected now."""
    [(options,)] = con.execute("select options from sources where source_id = ?", [source_id]).fetchall()
    with_it = con.execute(
        "select 1 from entries where source_id = ? and sha256(lower(name)) in (select name_sha256 from forgotten) "
        "limit 1",
        [source_id],
    ).fetchall()
    if with_it:
        # The whole list is counted again: bigrams are counted by list.
        _uncount(con, source_id, options)
        con.execute("insert into uncounted values (?)", [source_id])
    gone = quarantine.reject_forgotten(con, source_id)
    con.execute(
        "update sources set names = names - ?, rejects = rejects + ? where source_id = ?", [gone, gone, source_id]
    )
    return gone


def sources(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows of `sources` as plain values, in the order in which the lists first came."""
    rows = con.sql("select * replace (ingested_at::varchar as ingested_at) from sources order by source_id").pl()
    return [row | {"options": json.loads(row["options"])} for row in rows.to_dicts()]


def _release(con: duckdb.DuckDBPyConnection, uri: str) -> int:
    """Id for what an address brings now; what it brought before is gone, or another address's that has the same."""
    known = con.execute(
        "select source_id, sha256, options, names, rejects, scripts from sources where uri = ?", [uri]
    ).fetchall()
    if not known:
        return int(con.execute("select nextval('source_ids')").fetchall()[0][0])
    source_id, sha256, options, names, rejects, scripts = known[0]
    con.execute("delete from sources where source_id = ?", [source_id])
    _uncount(con, source_id, options)
    heirs = con.execute(
        "select source_id from sources where sha256 = ? and options = ? and names = 0 order by source_id",
        [sha256, options],
    ).fetchall()
    if heirs and names:
        heir = heirs[0][0]
        con.execute(
            "update sources set names = ?, rejects = ?, scripts = ? where source_id = ?",
            [names, rejects, scripts, heir],
        )
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
        "insert into sources values (?, ?, ?, ?, ?, ?, 0, 0, [])",
        [source_id, source.uri, source.sha256, source.bytes, json.dumps(source.options), ingested_at],
    )


def _characters(names: pl.Series) -> set[str]:
    """The distinct characters of names."""
    codes = code_points(names.str.join().item() or "")
    return {chr(code) for code in np.flatnonzero(np.bincount(codes))}


def _append(con: duckdb.DuckDBPyConnection, table: str, source_id: int, rows: pl.DataFrame) -> int:
    con.register("new_rows", rows.select(pl.lit(source_id, pl.Int32).alias("source_id"), pl.all()).to_arrow())
    con.execute(f"insert into {table} by name select * from new_rows")
    con.unregister("new_rows")
    return len(rows)


def _why(con: duckdb.DuckDBPyConnection, source_id: int, rejects: int) -> str:
    if not rejects:
        return "it is empty"
    return f"all {rejects} lines were rejected, the first, line {screening.first_reject(con, source_id)}"
