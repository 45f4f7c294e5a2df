"""Ingest one list, and release quarantined lists."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from makemore.database import connect, transaction
from makemore.errors import MakemoreError, QuarantinedList, TransientError
from makemore.home import Home
from makemore.ingest import quarantine, readers, sources, store, validation
from makemore.ingest.store import Ingested, Source
from makemore.options import IngestOptions, ReadOptions, as_config
from makemore.progress import track

log = logging.getLogger("makemore")


def ingest(home: Path, uri: str, options: ReadOptions) -> Ingested:
    """Ingest a list in place of the earlier content of its URI, unless it is known or quarantined.

    Raises:
        InvalidInput: the list cannot be read, has no valid name, or changes while it is read; nothing of it is kept.
    """
    with sources.local_file(uri, Home(home).staging) as path, connect(Home(home).db) as con:
        return ingest_file(con, uri, path, options)


def recognise(home: Path, uri: str, options: ReadOptions) -> Ingested | None:
    """The result of `ingest` for a known or quarantined list; None for another one, which is not read.

    Raises:
        QuarantinedList: `ingest` would quarantine the list, although its bytes are known.
        InvalidInput: the list cannot be read.
    """
    with sources.local_file(uri, Home(home).staging) as path, connect(Home(home).db) as con:
        return _recognise(con, *_identify(con, uri, path, options))


def ingest_file(con: duckdb.DuckDBPyConnection, uri: str, path: Path, options: ReadOptions) -> Ingested:
    """Ingest the list of a URI, from a file with its bytes, into a database. Otherwise as `ingest`."""
    source, reason, is_released = _identify(con, uri, path, options)

    def batches() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        for batch in track(readers.read(path, options), f"reading {path.name}"):
            if path.stat().st_size != source.bytes:
                break
            yield validation.divide(batch, options)
        if sources.list_fingerprint(path) != {"sha256": source.sha256, "bytes": source.bytes}:
            raise TransientError(f"{uri} changed while it was read", "ingest it again when it is complete")

    try:
        if recognised := _recognise(con, source, reason, is_released):
            if not recognised.quarantine_reason:
                log.info("skipped %s: same content as %s", uri, recognised.uri)
            return recognised
        ingested = store.ingest(con, source, batches(), screened=not is_released)
    except QuarantinedList as error:
        as_json = json.dumps(source.options)
        quarantine.add(con, uri, source.sha256, options=as_json, reason=str(error), now=source.ingested_at)
        return Ingested(0, uri, 0, 0, changed=str(error) != reason, quarantine_reason=str(error))
    except MakemoreError as error:
        if uri in str(error):
            raise
        raise error.prefixed(f"{uri}: ") from error
    _warn_of_fields(con, ingested)
    log.info("ingested %s: %s names, %s rejected", uri, f"{ingested.names:,}", f"{ingested.rejects:,}")
    return ingested


def _identify(
    con: duckdb.DuckDBPyConnection, uri: str, path: Path, options: ReadOptions
) -> tuple[Source, str | None, bool]:
    """The list by its hash, the reason not to ingest it, and whether it was released."""
    store.create_tables(con)
    fingerprint = sources.list_fingerprint(path)
    source = Source(uri, fingerprint["sha256"], fingerprint["bytes"], as_config(options), datetime.now(UTC))
    return source, *quarantine.find_reason(con, uri, source.sha256, json.dumps(source.options))


def _recognise(
    con: duckdb.DuckDBPyConnection, source: Source, reason: str | None, is_released: bool
) -> Ingested | None:
    if known := store.find_known(con, source, screened=not is_released):
        return known
    return Ingested(0, source.uri, 0, 0, changed=False, quarantine_reason=reason) if reason else None


def release(home: Path, source: str) -> Ingested:
    """Release a quarantined or forgotten list and ingest it as it is now.

    Raises:
        NotFound: no such list, or its file does not exist any more.
        InvalidInput: it cannot be read.
    """
    with connect(Home(home).db) as con, transaction(con):
        store.create_tables(con)
        uri, options = quarantine.release(con, source)
    return ingest(home, uri, IngestOptions(**json.loads(options)) if options else IngestOptions())


def quarantined_lists(home: Path) -> list[dict[str, Any]]:
    """The uri, sha256, options, reason and quarantined_at of each quarantined list."""
    with connect(Home(home).db) as con:
        store.create_tables(con)
        return quarantine.quarantined_lists(con)


def _warn_of_fields(con: duckdb.DuckDBPyConnection, ingested: Ingested) -> None:
    """Warn if the names of a list look like rows of a table that was read as text."""
    share, example = con.execute(
        "select avg(regexp_matches(name, '[,;|].*[0-9]|[0-9].*[,;|]')::int), any_value(name) from "
        "(from entries where content_id = (select content_id from lists where source_id = ?) limit 1000)",
        [ingested.source_id],
    ).fetchall()[0]
    if share > 0.5:
        hint = "read a table with --columns name,... or --format csv"
        log.warning("%s: names look like %r. hint: %s", ingested.uri, example, hint)
