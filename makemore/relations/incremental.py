"""The relations of a working database: views, and tables of counts that are kept up by what is new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa

from makemore.database import connect, quoted
from makemore.files.atomic import written_aside
from makemore.ingest.store import OWN
from makemore.relations import catalog

Counter = Callable[[duckdb.DuckDBPyConnection], pa.Table]

MOST = 0.1
"""Share of all entries that may be new: above it, counting all anew is faster."""
BEFORE = """
create or replace temp table names_before as
select *, split_names.rowid as place
from main.split_names semi join (select name from coming union select name from going) as changed using (name)
"""
AFTER = """
create or replace temp table names_after as
with lines as (
    select * exclude (place) from names_before
    union all by name
    from coming
    union all by name
    select * replace (-count as count, -lines as lines, -sources as sources) from going
),
added_up as (
    select
        split, name, length,
        sum(count)::bigint as count, sum(lines)::bigint as lines, sum(sources)::bigint as sources
    from lines
    group by all
    having sum(lines) > 0
)
select *, bool_or(split = 'train') over (partition by name) as seen from added_up
"""
ADD_PART = """
insert into main.ngram_parts
with differences as (
    select context, ch, count, types from grams_after
    union all
    select context, ch, -count, -types from grams_before
)
select context, ch, sum(count)::bigint, sum(types)::bigint, (select max(part) + 1 from main.ngram_parts)
from differences
group by all
having sum(count) <> 0 or sum(types) <> 0
"""
JOIN_PARTS = "create or replace table ngram_parts as select *, 0 as part from ngram_counts"


def count_anew(con: duckdb.DuckDBPyConnection, counter: Counter | None) -> None:
    """Make every relation, whatever was there before: counts as tables, all others as views.

    `counter` computes `source_bigram_counts` from the relation `names`, in place of its select.
    """
    drop_all(con)
    for name in catalog.build_order(catalog.selects()):
        if name == "source_bigram_counts" and counter:
            _put(con, "create table source_bigram_counts as from rows", counter(con))
        else:
            kind = "table" if name in catalog.counted() else "view"
            con.execute(f"create {kind} {name} as {catalog.selects()[name]}")
    for macro, select in catalog.macros().items():
        con.execute(f"create macro {macro} as table {select}")


def keep_up(con: duckdb.DuckDBPyConnection, counter: Counter | None) -> bool:
    """Whether the counts were brought up to date by the lists that are new or gone; False if these are too long.

    What the lists give is computed by the selects of sql/, on them alone, and added: the tables are then what counting
    all anew would make of them. A temporary table stands before the one of the same name wherever a select or a view
    reads it.
    """
    con.execute("create or replace temp table entries as from main.entries semi join uncounted using (source_id)")
    new, lines = con.execute(
        "select (select count(*) from temp.entries) + (select count(*) from uncounted_removals), "
        "(select coalesce(sum(lines), 0) from split_names)"
    ).fetchall()[0]
    if new > MOST * lines:
        con.execute("drop table temp.entries")
        return False
    _add_bigrams(con, counter)
    con.execute(f"create or replace temp table coming as {catalog.selects()['split_names']}")
    con.execute("create or replace temp table entries as select source_id, row, name, weight from uncounted_removals")
    con.execute("create or replace temp table sources as select distinct source_id, options from uncounted_removals")
    con.execute(f"create or replace temp table going as {catalog.selects()['split_names']}")
    con.execute("drop table temp.entries; drop table temp.sources")
    con.execute(BEFORE)
    con.execute(AFTER)
    con.execute("delete from main.split_names where rowid in (select place from names_before)")
    con.execute("insert into main.split_names by name from names_after")
    _add_ngrams(con)
    _all_is_counted(con)
    return True


def drop_all(con: duckdb.DuckDBPyConnection) -> None:
    """Drop all relations, as this or another makemore made them, and what the counts do not know of yet."""
    there = con.execute(
        "select 'view', view_name from duckdb_views() where not internal union all "
        "select 'table', table_name from duckdb_tables() union all "
        "select 'macro table', function_name from duckdb_functions() "
        "where function_type = 'table_macro' and not internal"
    ).fetchall()
    for kind, name in there:
        if name not in OWN:
            con.execute(f'drop {kind} "{name}"')
    _all_is_counted(con)


def free_share(con: duckdb.DuckDBPyConnection) -> float:
    """Share of a database's file that holds nothing, or what was deleted."""
    con.execute("checkpoint")
    [(free, blocks)] = con.execute("select sum(free_blocks), sum(total_blocks) from pragma_database_size()").fetchall()
    return float(free) / float(blocks)


def compact(db: Path) -> None:
    """Write a database anew, so that nothing of what was deleted is left in its file.

    A row that was deleted may lie among others that were not. Nothing else may write to it.
    """
    with written_aside(db) as aside, connect(aside) as con:
        name = con.execute("select current_database()").fetchall()[0][0]
        con.execute(f"attach {quoted(str(db))} as old (read_only)")
        con.execute(f'copy from database old to "{name}"')
        con.execute("detach old")


def _add_bigrams(con: duckdb.DuckDBPyConnection, counter: Counter | None) -> None:
    """Count the bigrams of the entries that are new, in place of what their lists gave before."""
    con.execute(
        "delete from source_bigram_counts "
        "where source_id in (select source_id from uncounted union all select source_id from uncounted_removals)"
    )
    if counter:
        _put(con, "insert into source_bigram_counts from rows", counter(con))
    else:
        con.execute(f"insert into source_bigram_counts {catalog.selects()['source_bigram_counts']}")


def _add_ngrams(con: duckdb.DuckDBPyConnection) -> None:
    """Add a part to the n-grams: what the changed names give now, less what they gave before."""
    for names, grams in (("names_before", "grams_before"), ("names_after", "grams_after")):
        con.execute(f"create or replace temp table split_names as from {names}")
        con.execute(f"create or replace temp table {grams} as {catalog.selects()['ngram_parts']}")
    con.execute("drop table temp.split_names")
    con.execute(ADD_PART)
    if con.execute("select count(*) filter (part > 0) > ? * count(*) from ngram_parts", [MOST]).fetchall()[0][0]:
        con.execute(JOIN_PARTS)


def _put(con: duckdb.DuckDBPyConnection, statement: str, rows: pa.Table) -> None:
    con.register("rows", rows)
    con.execute(statement)
    con.unregister("rows")


def _all_is_counted(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from uncounted")
    con.execute("delete from uncounted_removals")
