"""The steps from lists to relations: what the working database takes in, and what is built of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from makemore import formats, guard, lists, quarantine, relations, upkeep, withheld
from makemore import warehouse as wh
from makemore.counts import source_bigram_counts
from makemore.database import connect, transaction
from makemore.home import Home
from makemore.options import BuildOptions, IngestOptions, ReadOptions, as_config
from makemore.progress import track

COUNTERS: dict[str, upkeep.Counter | None] = {"sql": None, "polars": source_bigram_counts}

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class _Built:
    """How the relations were built: with these options, of these lists, by the selects that have this digest."""

    options: BuildOptions
    of: str | None
    by: str | None


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
            for batch in track(formats.read(path, options), f"reading {path.name}"):
                if path.stat().st_size != size:
                    break
                yield quarantine.divide(batch, options)
            if lists.fingerprint(path) != (sha256, size):
                raise lists.TransientError(f"{uri} changed while it was read: ingest it again when it is complete.")

        try:
            if known := wh.recognise(con, source, guarded=not is_released):
                log.info("%s: nothing new, its bytes are known from %s", uri, known.uri)
                return known
            if reason:
                return wh.Ingested(0, uri, 0, 0, changed=False, held=reason)
            ingested = wh.ingest(con, source, batches(), guarded=not is_released)
        except guard.Held as error:
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


def build(home: Path, options: BuildOptions) -> dict[str, int]:
    """Number of rows of each table of counts, brought up to date with the lists; as before, if a law is broken.

    Only lists that are new or changed are counted, unless there are too many of them, or the options or the selects
    of sql/ are not those that the counts were made with.

    Raises:
        FileNotFoundError: nothing was ingested.
        BrokenLaw: the data break a law of sql/checks/.
    """
    with connect(Home(home).db) as con:
        sources = _sources(con, home)
        _build(con, sources, options)
        rows = {name: relations.count_rows(con, name) for name in ("entries", *sorted(relations.counted()))}
    log.info(
        "built the relations of %s names from %s, %d laws hold",
        f"{rows['entries']:,}", f"{len(sources)} list{'s' * (len(sources) > 1)}", len(relations.laws()),
    )  # fmt: skip
    return rows


def keep_up(con: duckdb.DuckDBPyConnection) -> None:
    """Bring the counts up to date with the lists, as they were built; nothing where they never were.

    Raises:
        BrokenLaw: the data break a law of sql/checks/.
    """
    built, sources = _built(con), wh.sources(con)
    if built and sources:
        _build(con, sources, built.options)
    elif built:
        upkeep.drop_all(con)
        con.execute("drop table settings")


def _build(con: duckdb.DuckDBPyConnection, sources: list[dict[str, Any]], options: BuildOptions) -> None:
    counter = COUNTERS[options.count_with]
    with transaction(con):
        built = _built(con)
        is_as_asked = built is not None and (built.options, built.by) == (options, relations.digest())
        if not (is_as_asked and upkeep.keep_up(con, counter)):
            _set(con, options)
            upkeep.count_anew(con, counter)
        con.execute("update settings set built_from = ?::json", [_state_of(sources)])
        relations.check(con, relations.laws())


def _set(con: duckdb.DuckDBPyConnection, options: BuildOptions) -> None:
    con.execute(
        "create or replace table settings as "
        "select ?::integer as holdout, ?::double as smoothing, ?::varchar as count_with, ?::integer as ngram_order, "
        "?::bigint as ngram_min_count, null::json as built_from, ?::varchar as built_by",
        [*as_config(options).values(), relations.digest()],
    )


def _built(con: duckdb.DuckDBPyConnection) -> _Built | None:
    """What the relations were built with, of and by; None where they never were."""
    if not con.execute("select 1 from duckdb_tables() where table_name = 'settings'").fetchall():
        return None
    settings: dict[str, Any] = con.sql("select * from settings").pl().row(0, named=True)
    of, by = settings.pop("built_from", None), settings.pop("built_by", None)
    return _Built(BuildOptions(*settings.values()), of, by)


def built_with(con: duckdb.DuckDBPyConnection, home: Path) -> tuple[list[dict[str, Any]], BuildOptions]:
    """The lists of a home and what its relations were built with.

    Raises:
        FileNotFoundError: nothing was ingested.
        ValueError: the relations are not of the lists, or of sql/, as they are now.
    """
    sources = _sources(con, home)
    built = _built(con)
    if built is None or built.of != _state_of(sources):
        raise ValueError(f"the relations of {home} are not of its lists as they are now: run `makemore build` first.")
    if built.by != relations.digest():
        raise ValueError(f"the relations of {home} were built by another makemore: run `makemore build` first.")
    return sources, built.options


def _sources(con: duckdb.DuckDBPyConnection, home: Path) -> list[dict[str, Any]]:
    wh.create_tables(con)
    if not (sources := wh.sources(con)):
        raise FileNotFoundError(f"{home} has no list: take one in with `makemore ingest LIST --home {home}`.")
    return sources


def _state_of(sources: list[dict[str, Any]]) -> str:
    return json.dumps([[source[key] for key in ("source_id", "sha256", "options", "names")] for source in sources])
