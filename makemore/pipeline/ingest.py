"""The steps from lists to relations: what the working database takes in, and what is built of it."""

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
from makemore.errors import QuarantinedList, TransientError
from makemore.home import Home
from makemore.ingest import quarantine as withheld
from makemore.ingest import readers, validation
from makemore.ingest import sources as lists
from makemore.ingest import store as wh
from makemore.options import IngestOptions, ReadOptions, as_config
from makemore.progress import track

log = logging.getLogger("makemore")


def ingest(home: Path, uri: str, options: ReadOptions) -> wh.Ingested:
    """What became of one list: taken in, in place of what its address gave before, known already, or held back.

    Raises:
        ValueError: the list cannot be read, holds no name, or changes while it is read; nothing of it is kept.
    """
    with lists.at_hand(uri, Home(home).staging) as path, connect(Home(home).db) as con:
        wh.create_tables(con)
        sha256, size = lists.fingerprint(path)
        source = wh.Source(uri, sha256, size, as_config(options), datetime.now(UTC))
        reason, is_released = withheld.state(con, uri, sha256, json.dumps(source.options))

        def batches() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
            for batch in track(readers.read(path, options), f"reading {path.name}"):
                if path.stat().st_size != size:
                    break
                yield validation.divide(batch, options)
            if lists.fingerprint(path) != (sha256, size):
                raise TransientError(f"{uri} changed while it was read: ingest it again when it is complete.")

        try:
            if known := wh.recognise(con, source, guarded=not is_released):
                log.info("%s: nothing new, its bytes are known from %s", uri, known.uri)
                return known
            if reason:
                return wh.Ingested(0, uri, 0, 0, changed=False, held=reason)
            ingested = wh.ingest(con, source, batches(), guarded=not is_released)
        except QuarantinedList as error:
            withheld.hold(
                con, uri, sha256, options=json.dumps(source.options), reason=str(error), now=source.ingested_at
            )
            return wh.Ingested(0, uri, 0, 0, changed=str(error) != reason, held=str(error))
        except ValueError as error:
            raise error if uri in str(error) else ValueError(f"{uri}: {error}") from error
        _warn_of_fields(con, ingested)
    log.info("%s: %s names, %s rejected", uri, f"{ingested.names:,}", f"{ingested.rejects:,}")
    return ingested


def release(home: Path, source: str) -> wh.Ingested:
    """What became of a list that was held back, or forgotten, and is let in: read again, as it is now.

    Raises:
        FileNotFoundError: no such list is held back or forgotten, or it is no longer there.
        ValueError: it cannot be read.
    """
    with connect(Home(home).db) as con, transaction(con):
        wh.create_tables(con)
        uri, options = withheld.release(con, source)
    return ingest(home, uri, IngestOptions(**json.loads(options)) if options else IngestOptions())


def held(home: Path) -> list[dict[str, Any]]:
    """Lists that are held back: their uri, and the reason as the end of a sentence."""
    with connect(Home(home).db) as con:
        wh.create_tables(con)
        return withheld.held(con)


def _warn_of_fields(con: duckdb.DuckDBPyConnection, ingested: wh.Ingested) -> None:
    """Say so where a list of names looks like a table that was read as text."""
    share, example = con.execute(
        "select avg(regexp_matches(name, '[,;|].*[0-9]|[0-9].*[,;|]')::int), any_value(name) from "
        "(select name from entries where source_id = ? limit 1000)",
        [ingested.source_id],
    ).fetchall()[0]
    if share > 0.5:
        log.warning(
            "%s: names look like %r. If that is a table, read it with --columns name,... or --format csv.",
            ingested.uri, example,
        )  # fmt: skip
