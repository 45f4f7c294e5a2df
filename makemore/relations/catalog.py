"""Relations: the selects of sql/, tables or views in the order that they imply, and the checks that they must keep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from makemore.errors import FailedCheck

Computed = Mapping[str, Callable[[duckdb.DuckDBPyConnection], pa.Table]]


def sql_dir() -> Path:
    """The folder of selects: a link inside the package, to the folder beside it in a checkout."""
    return Path(__file__).parents[1] / "sql"


@cache
def selects() -> dict[str, str]:
    """The select of each relation, by its name, the file's stem."""
    paths = [*sql_dir().glob("*.sql"), *sql_dir().glob("counts/*.sql")]
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(paths, key=lambda path: path.stem)}


@cache
def counted() -> frozenset[str]:
    """Names of the relations that are tables, kept up by what is new; all others are views upon them."""
    return frozenset(path.stem for path in sql_dir().glob("counts/*.sql"))


@cache
def selects_on_results() -> dict[str, str]:
    """The select of each relation that is built in a version, when its models are made, by its name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(sql_dir().glob("results/*.sql"))}


@cache
def checks() -> dict[str, str]:
    """The select of each check of what is counted, by its name; it finds what must not be."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(sql_dir().glob("checks/*.sql"))}


@cache
def ngram_checks() -> dict[str, str]:
    """The select of each check of the probabilities of n-grams, by its name: they hold where these are computed."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(sql_dir().glob("checks/ngram/*.sql"))}


@cache
def macros() -> dict[str, str]:
    """The select of each table macro, by its name and parameters as its heading has them: score_name(name)."""
    found = (path.read_text(encoding="utf-8") for path in sorted(sql_dir().glob("macros/*.sql")))
    return {heading(select).partition(":")[0]: select for select in found}


def digest() -> str:
    """Twelve hexadecimal digits that say which relations, checks and macros there are, and how they are made."""
    told = json.dumps([selects(), sorted(counted()), checks(), ngram_checks(), macros()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def heading(select: str) -> str:
    """What a select says of itself: its first line, without the dashes."""
    return select.partition("\n")[0].removeprefix("--").strip()


def build_order(selects: Mapping[str, str]) -> list[str]:
    """Names of relations, each after those that its select reads.

    Raises:
        ValueError: relations read each other in a circle.
    """
    reads = {name: {table for table in _tables_read(select) if table in selects} for name, select in selects.items()}
    try:
        return list(TopologicalSorter(reads).static_order())
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ValueError(f"sql/ has a circle: {circle}. Move what they share into a file of its own.") from error


def build(
    con: duckdb.DuckDBPyConnection, relations: Mapping[str, str], computed: Computed | None = None
) -> Iterator[tuple[str, int]]:
    """Each relation's name and number of rows, as soon as its table is built.

    `computed` names relations that come from a function of the connection, in place of their select; its table
    has the same columns.
    """
    for name in build_order(relations):
        if computed and name in computed:
            rows = computed[name](con)
            con.register("computed_rows", rows)
            con.execute(f'create or replace table "{name}" as from computed_rows')
            con.unregister("computed_rows")
        else:
            con.execute(f'create or replace table "{name}" as {relations[name]}')
        yield name, count_rows(con, name)


def run_checks(con: duckdb.DuckDBPyConnection, checks: Mapping[str, str]) -> None:
    """Nothing, if every check holds.

    Raises:
        FailedCheck: with the check's own words and the first row that breaks it.
    """
    for select in checks.values():
        # Materialized: DuckDB 2.0.0 never ends on some joins whose rows a limit takes as they come.
        cursor = con.execute(f"with found as materialized ({select}) select * from found limit 1")
        columns = [column[0] for column in cursor.description or []]
        for row in cursor.fetchall():
            found = ", ".join(f"{column} {value!r}" for column, value in zip(columns, row, strict=True))
            raise FailedCheck(f"the data break a check of sql/checks/: {heading(select)} Found: {found}.")


def count_rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Number of rows of a table."""
    return int(con.execute(f'select count(*) from "{table}"').fetchall()[0][0])


@cache
def _tables_read(select: str) -> frozenset[str]:
    """Names that a select reads from; parsed only, so that no table need exist."""
    parsed = json.loads(duckdb.execute("select json_serialize_sql(?)", [select]).fetchall()[0][0])
    if parsed["error"]:
        raise ValueError(f"a select of sql/ cannot be read: {parsed['error_message']}")
    return frozenset(_base_tables(parsed))


def _base_tables(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _base_tables(child)
