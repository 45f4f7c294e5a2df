"""From entries to relations: counted anew, or brought up to date by what is new."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from makemore.database import connect, transaction
from makemore.home import Home
from makemore.ingest import store as wh
from makemore.options import BuildOptions, as_config
from makemore.relations import catalog, incremental
from makemore.relations.bigram_counts import source_bigram_counts

COUNTERS: dict[str, incremental.Counter | None] = {"sql": None, "polars": source_bigram_counts}

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class _Built:
    """How the relations were built: with these options, of these lists, by the selects that have this digest."""

    options: BuildOptions
    of: str | None
    by: str | None


def build_relations(home: Path, options: BuildOptions) -> dict[str, int]:
    """Number of rows of each table of counts, brought up to date with the lists; as before, if a law is broken.

    Only lists that are new or changed are counted, unless there are too many of them, or the options or the selects
    of sql/ are not those that the counts were made with.

    Raises:
        FileNotFoundError: nothing was ingested.
        FailedCheck: the data break a law of sql/checks/.
    """
    with connect(Home(home).db) as con:
        sources = _sources(con, home)
        _build(con, sources, options)
        rows = {name: catalog.count_rows(con, name) for name in ("entries", *sorted(catalog.counted()))}
    log.info(
        "built the relations of %s names from %s, %d laws hold",
        f"{rows['entries']:,}", f"{len(sources)} list{'s' * (len(sources) > 1)}", len(catalog.checks()),
    )  # fmt: skip
    return rows


def keep_up(con: duckdb.DuckDBPyConnection) -> None:
    """Bring the counts up to date with the lists, as they were built; nothing where they never were.

    Raises:
        FailedCheck: the data break a law of sql/checks/.
    """
    built, sources = _built(con), wh.sources(con)
    if built and sources:
        _build(con, sources, built.options)
    elif built:
        incremental.drop_all(con)
        con.execute("drop table settings")


def _build(con: duckdb.DuckDBPyConnection, sources: list[dict[str, Any]], options: BuildOptions) -> None:
    counter = COUNTERS[options.count_with]
    with transaction(con):
        built = _built(con)
        is_as_asked = built is not None and (built.options, built.by) == (options, catalog.digest())
        if not (is_as_asked and incremental.keep_up(con, counter)):
            _set(con, options)
            incremental.count_anew(con, counter)
        con.execute("update settings set built_from = ?::json", [_state_of(sources)])
        catalog.run_checks(con, catalog.checks())


def _set(con: duckdb.DuckDBPyConnection, options: BuildOptions) -> None:
    con.execute(
        "create or replace table settings as "
        "select ?::integer as holdout, ?::double as smoothing, ?::varchar as count_with, ?::integer as ngram_order, "
        "?::bigint as ngram_min_count, null::json as built_from, ?::varchar as built_by",
        [*as_config(options).values(), catalog.digest()],
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
    if built.by != catalog.digest():
        raise ValueError(f"the relations of {home} were built by another makemore: run `makemore build` first.")
    return sources, built.options


def _sources(con: duckdb.DuckDBPyConnection, home: Path) -> list[dict[str, Any]]:
    wh.create_tables(con)
    if not (sources := wh.sources(con)):
        raise FileNotFoundError(f"{home} has no list: take one in with `makemore ingest LIST --home {home}`.")
    return sources


def _state_of(sources: list[dict[str, Any]]) -> str:
    return json.dumps([[source[key] for key in ("source_id", "sha256", "options", "names")] for source in sources])
