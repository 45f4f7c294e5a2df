"""The relations of a working database: tables of counts that are updated incrementally, and views on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from makemore.database import connect, quoted, sql
from makemore.files.atomic import written_aside
from makemore.ingest.store import TABLES
from makemore.relations import catalog

Counter = Callable[[duckdb.DuckDBPyConnection], pa.Table]

MAX_CHANGED = 0.1
"""Share of the entries that an update may add or remove: above it, counting everything again is faster."""
SCHEMAS = (
    "added",  # entries of new contents, and the relations computed from them
    "removed",  # entries of removed contents, and the relations computed from them
    "before",  # rows of split_names that the update changes, as they are now
    "after",  # rows of split_names that replace those of `before`
)


def count_all(con: duckdb.DuckDBPyConnection, counter: Counter | None) -> None:
    """Build every relation from the entries.

    `counter` computes `content_bigram_counts` in place of its select.
    """
    drop_all(con)
    for name in catalog.build_order(catalog.selects()):
        if name == "content_bigram_counts":
            _count_bigrams(con, "create table content_bigram_counts as", counter)
        else:
            _create(con, "table" if name in catalog.counted() else "view", name)
    for macro, select in catalog.macros().items():
        con.execute(f"create macro {macro} as table {select}")


def update(con: duckdb.DuckDBPyConnection, counter: Counter | None, max_changed: float = MAX_CHANGED) -> bool:
    """Add new contents to the counts and subtract removed ones; return False if they exceed `max_changed`.

    The selects of sql/ run in each of `SCHEMAS`. The result equals that of `count_all`.
    """
    entries, lines = con.execute(
        "select (select count(*) from entries semi join uncounted using (content_id)) "
        "+ (select count(*) from uncounted_removals), (select coalesce(sum(lines), 0) from split_names)"
    ).fetchall()[0]
    if entries > max_changed * lines:
        return False
    con.execute(
        "delete from content_bigram_counts where content_id in "
        "(select content_id from uncounted union all select content_id from uncounted_removals)"
    )
    with _schemas(con):
        con.execute("create view added.entries as from main.entries semi join main.uncounted using (content_id)")
        con.execute("create view removed.entries as select * exclude (options) from main.uncounted_removals")
        con.execute("create view removed.contents as select distinct content_id, options from main.uncounted_removals")
        for schema in ("removed", "added"):
            with _inside(con, schema):
                _create(con, "view", "content_names")
                _create(con, "table", "split_names")
        with _inside(con, "added"):
            _count_bigrams(con, "insert into main.content_bigram_counts", counter)
        for schema in ("before", "after"):
            con.execute(sql(f"incremental/split_names_{schema}"))
            with _inside(con, schema):
                _create(con, "table", "ngram_parts")
        con.execute("delete from main.split_names where rowid in (select old_rowid from before.split_names)")
        con.execute("insert into main.split_names by name from after.split_names")
        con.execute(sql("incremental/add_ngram_part"))
    if con.execute("select count(*) filter (part > 0) > ? * count(*) from ngram_parts", [max_changed]).fetchall()[0][0]:
        con.execute("create or replace table ngram_parts as select *, 0 as part from ngram_counts")
    _mark_counted(con)
    return True


def drop_all(con: duckdb.DuckDBPyConnection) -> None:
    """Drop all relations, also those of another version of makemore."""
    existing = con.execute(
        "select 'view', view_name from duckdb_views() where not internal union all "
        "select 'table', table_name from duckdb_tables() union all "
        "select 'macro table', function_name from duckdb_functions() "
        "where function_type = 'table_macro' and not internal"
    ).fetchall()
    for kind, name in existing:
        if name not in (*TABLES, "settings"):
            con.execute(f'drop {kind} "{name}"')
    _mark_counted(con)


def free_share(con: duckdb.DuckDBPyConnection) -> float:
    """Share of a database file that is free or held deleted rows."""
    con.execute("checkpoint")
    [(free, blocks)] = con.execute("select sum(free_blocks), sum(total_blocks) from pragma_database_size()").fetchall()
    return float(free) / float(blocks)


def compact(db: Path) -> None:
    """Rewrite a database, so that its file keeps nothing of deleted rows. No other process may write to it."""
    with written_aside(db) as aside, connect(aside) as con:
        name = con.execute("select current_database()").fetchall()[0][0]
        con.execute(f"attach {quoted(str(db))} as old (read_only)")
        con.execute(f'copy from database old to "{name}"')
        con.execute("detach old")


@contextmanager
def _schemas(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Create the schemas of an update, and drop them when it succeeds; the caller rolls back if it fails."""
    for schema in SCHEMAS:
        con.execute(f"create schema {schema}")
    yield
    select = "select schema_name, table_name from duckdb_tables() where schema_name in ?"
    # One by one: DuckDB 2.0.0 cannot commit the drop of a schema whose tables the same transaction filled.
    for schema, table in con.execute(select, [SCHEMAS]).fetchall():
        con.execute(f"drop table {schema}.{table}")
    for schema in SCHEMAS:
        con.execute(f"drop schema {schema} cascade")


@contextmanager
def _inside(con: duckdb.DuckDBPyConnection, schema: str) -> Iterator[None]:
    """Read and create relations in a schema; read those that it lacks from main."""
    con.execute(f"set search_path = '{schema},main'")
    try:
        yield
    finally:
        con.execute("reset search_path")


def _create(con: duckdb.DuckDBPyConnection, kind: str, name: str) -> None:
    con.execute(f"create {kind} {name} as {catalog.selects()[name]}")


def _count_bigrams(con: duckdb.DuckDBPyConnection, statement: str, counter: Counter | None) -> None:
    """Create or fill a table with the bigram counts of each content."""
    if counter is None:
        con.execute(f"{statement} {catalog.selects()['content_bigram_counts']}")
        return
    con.register("counted", counter(con))
    con.execute(f"{statement} from counted")
    con.unregister("counted")


def _mark_counted(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from uncounted")
    con.execute("delete from uncounted_removals")
