"""Build the relations from the entries, or update them for new content."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import duckdb

from makemore.database import connect, transaction
from makemore.errors import InvalidInput, NotFound
from makemore.home import Home
from makemore.ingest import store
from makemore.options import BuildOptions, as_config
from makemore.progress import phase
from makemore.relations import catalog, incremental
from makemore.relations.bigram_counts import content_bigram_counts

COUNTERS: dict[str, incremental.Counter | None] = {"sql": None, "polars": content_bigram_counts}

log = logging.getLogger("makemore")


def build_relations(home: Path, options: BuildOptions) -> dict[str, int]:
    """Build the relations, or update them; return the number of rows of each table.

    Only new and removed contents are counted, unless they are too many or the options or sql/ changed.

    Raises:
        NotFound: the home has no list.
        FailedCheck: a check of sql/checks/ fails; the relations stay as they were.
    """
    with connect(Home(home).db) as con:
        sources = sources_of(con, home)
        with phase("building relations"):
            _build(con, sources, options)
        rows = {name: catalog.count_rows(con, name) for name in ("entries", *sorted(catalog.counted()))}
    lists, checks = len(sources), len(catalog.checks())
    log.info("built relations: names %s, lists %d, checks passed %d", f"{rows['entries']:,}", lists, checks)
    return rows


def sources_of(con: duckdb.DuckDBPyConnection, home: Path) -> list[dict[str, Any]]:
    """The lists of a home, as in `store.sources`.

    Raises:
        NotFound: the home has no list.
    """
    store.create_tables(con)
    if not (sources := store.sources(con)):
        raise NotFound(f"{home} has no list", f"run `makemore ingest LIST --home {home}`")
    return sources


def update_relations(con: duckdb.DuckDBPyConnection) -> None:
    """Update the relations with the options that they were built with; do nothing if they never were.

    Raises:
        FailedCheck: a check of sql/checks/ fails.
    """
    (options, _, _), sources = _settings(con), store.sources(con)
    if options and sources:
        _build(con, sources, options)
    elif options:
        incremental.drop_all(con)
        con.execute("drop table settings")


def built_with(con: duckdb.DuckDBPyConnection, home: Path) -> tuple[list[dict[str, Any]], BuildOptions]:
    """The lists of a home and the options that its relations were built with.

    Raises:
        NotFound: the home has no list.
        InvalidInput: the lists or sql/ changed since the last build.
    """
    sources = sources_of(con, home)
    options, built_from, built_by = _settings(con)
    if options is None or built_from != _state_of(sources):
        raise InvalidInput(f"the lists of {home} changed since the last build", "run `makemore build`")
    if built_by != catalog.digest():
        raise InvalidInput(f"the relations of {home} were built by another makemore", "run `makemore build`")
    return sources, options


def _build(con: duckdb.DuckDBPyConnection, sources: list[dict[str, Any]], options: BuildOptions) -> None:
    counter = COUNTERS[options.count_with]
    with transaction(con):
        old_options, _, built_by = _settings(con)
        can_update = (old_options, built_by) == (options, catalog.digest())
        if not (can_update and incremental.update(con, counter)):
            con.execute(
                "create or replace table settings as "
                "select ?::integer as holdout, ?::double as smoothing, ?::varchar as count_with, "
                "?::integer as ngram_order, ?::bigint as ngram_min_count, null::json as built_from, "
                "?::varchar as built_by",
                [*as_config(options).values(), catalog.digest()],
            )
            incremental.count_all(con, counter)
        con.execute("update settings set built_from = ?::json", [_state_of(sources)])
        catalog.run_checks(con, catalog.checks())


def _settings(con: duckdb.DuckDBPyConnection) -> tuple[BuildOptions | None, str | None, str | None]:
    """The options, the lists and the digest of sql/ that the relations were built with; None if they never were."""
    if not con.execute("select 1 from duckdb_tables() where table_name = 'settings'").fetchall():
        return None, None, None
    settings: dict[str, Any] = con.sql("select * from settings").pl().row(0, named=True)
    built_from, built_by = settings.pop("built_from"), settings.pop("built_by")
    return BuildOptions(*settings.values()), built_from, built_by


def _state_of(sources: list[dict[str, Any]]) -> str:
    return json.dumps([[source[key] for key in ("source_id", "sha256", "options", "names")] for source in sources])
