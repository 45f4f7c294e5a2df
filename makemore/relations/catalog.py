"""The selects of sql/: relations in their build order, checks and macros."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache, partial
from graphlib import CycleError, TopologicalSorter

import duckdb

from makemore.database import SQL
from makemore.errors import FailedCheck, InvalidInput


@cache
def _read(*patterns: str) -> dict[str, str]:
    """The text of the matching files of sql/, by file stem."""
    paths = [path for pattern in patterns for path in SQL.glob(pattern)]
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(paths, key=lambda path: path.stem)}


selects = partial(_read, "*.sql", "counts/*.sql")
"""The select of each relation of the working database."""
selects_on_results = partial(_read, "results/*.sql")
"""The select of each relation that is built in a version, after its models are trained."""
checks = partial(_read, "checks/*.sql")
"""The select of each check of the counts; it returns violations."""
ngram_checks = partial(_read, "checks/ngram/*.sql")
"""The select of each check of n-gram probabilities, run where these are computed."""


@cache
def counted() -> frozenset[str]:
    """Names of the relations that are tables, updated incrementally; all others are views."""
    return frozenset(_read("counts/*.sql"))


@cache
def macros() -> dict[str, str]:
    """The select of each table macro, by name and parameters, as in its head comment: score_name(name)."""
    return {heading(select).partition(":")[0]: select for select in _read("macros/*.sql").values()}


def digest() -> str:
    """Twelve hexadecimal digits that identify the relations, checks and macros."""
    texts = json.dumps([selects(), sorted(counted()), checks(), ngram_checks(), macros()], sort_keys=True)
    return hashlib.sha256(texts.encode()).hexdigest()[:12]


def heading(select: str) -> str:
    """The first line of a select, without the dashes."""
    return select.partition("\n")[0].removeprefix("--").strip()


def build_order(selects: Mapping[str, str]) -> list[str]:
    """Names of relations, each after those that its select reads.

    Raises:
        InvalidInput: relations depend on each other in a circle.
    """
    reads = {name: {table for table in _tables_read(select) if table in selects} for name, select in selects.items()}
    try:
        return list(TopologicalSorter(reads).static_order())
    except CycleError as error:
        message = f"circular dependency in sql/: {' -> '.join(reversed(error.args[1]))}"
        raise InvalidInput(message, "move the shared part into its own file") from error


def build(con: duckdb.DuckDBPyConnection, relations: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Create a table for each relation; yield its name and number of rows."""
    for name in build_order(relations):
        con.execute(f'create or replace table "{name}" as {relations[name]}')
        yield name, count_rows(con, name)


def run_checks(con: duckdb.DuckDBPyConnection, checks: Mapping[str, str]) -> None:
    """Raise FailedCheck with the head comment of the first failed check and the first row that violates it."""
    for select in checks.values():
        # Materialized: DuckDB 2.0.0 does not terminate on some joins below a limit.
        cursor = con.execute(f"with found as materialized ({select}) select * from found limit 1")
        columns = [column[0] for column in cursor.description or []]
        for row in cursor.fetchall():
            found = ", ".join(f"{column} {value!r}" for column, value in zip(columns, row, strict=True))
            raise FailedCheck(f"failed check of sql/checks/: {heading(select)} Found: {found}")


def count_rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Number of rows of a table."""
    return int(con.execute(f'select count(*) from "{table}"').fetchall()[0][0])


@cache
def _tables_read(select: str) -> frozenset[str]:
    """Names of the tables in a select, which is parsed without a database."""
    parse = "select tree ->> '$..table_name', tree ->> '$.error_message' from (select json_serialize_sql(?) as tree)"
    [(tables, error)] = duckdb.execute(parse, [select]).fetchall()
    if error:
        raise InvalidInput(f"invalid select in sql/: {error}")
    return frozenset(tables)
