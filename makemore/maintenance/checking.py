"""Verify a home: the working database, the registry, and the files of each version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from makemore.database import connect, first_line
from makemore.errors import CorruptData, HomeBusy
from makemore.home import Home, locked_home
from makemore.progress import phase
from makemore.versions import registry
from makemore.versions.store import find_version, list_versions

NEEDED = ("lists", "contents", "entries", "rejects")
"""Tables of every working database."""
DATABASE_HINT = (
    "restore it from an export with `makemore restore FILE --home NEW`, or delete it and ingest the lists again: "
    "the versions stay"
)
REGISTRY_HINT = (
    "restore it from an export, or delete it, run `makemore promote VERSION` and pin versions again: a missing version "
    "can be unpinned with `makemore unpin VERSION`"
)


def verify(home: Path, name: str | None = None) -> Iterator[str]:
    """Check a home, or one of its versions; yield a line for each result.

    Raises:
        NotFound: the version does not exist, or the home has neither a database nor a version.
        CorruptData: after the last line, if something is damaged.
    """
    place, damaged = Home(home), dict[str, str]()

    def lines(part: str, problems: list[str], hint: str) -> list[str]:
        if problems:
            damaged[part] = hint
        return [f"{part}: {problem}" for problem in problems] or [f"{part}: ok"]

    versions = list_versions(place)
    if name is not None or not (versions or place.db.exists()):
        versions = [find_version(place, name)]
    else:
        try:
            with locked_home(home, "makemore verify", wait=0), phase(f"checking {place.db.name}"):
                problems = list(database_problems(place))
        except HomeBusy as error:
            yield f"{place.db.name}: not checked: {error}"
        else:
            yield from lines(place.db.name, problems, DATABASE_HINT)
        yield from lines(registry.REGISTRY, list(registry_problems(place)), REGISTRY_HINT)
    for version in versions:
        try:
            with phase(f"checking {version.name}"):
                problems = list(version.verify())
        except FileNotFoundError as error:
            problems = [str(error)]
        if version.path.exists():
            yield from lines(version.name, problems, f"do not use {version.name}")
        else:
            yield f"{version.name}: deleted during the check"
    if damaged:
        raise CorruptData(f"{home} is damaged: {', '.join(damaged)}", "; ".join(damaged.values()))


def database_problems(home: Home) -> Iterator[str]:
    """Yield each problem of the working database. Call it only while the home is locked.

    DuckDB compares a block with its checksum when it reads the block. A hash over all columns reads every block and
    keeps none in memory.

    Raises:
        HomeBusy: another program has opened the database.
    """
    if not home.db.exists():
        yield "missing"
        return
    try:
        with connect(home.db, read_only=True) as con:
            tables = [name for (name,) in con.execute("select table_name from duckdb_tables() order by all").fetchall()]
            yield from (f"table {name} is missing" for name in NEEDED if name not in tables)
            for name in tables:
                yield from _table_problems(con, name)
    except CorruptData as error:
        yield first_line(error.__cause__ if isinstance(error.__cause__, duckdb.Error) else error)


def registry_problems(home: Home) -> Iterator[str]:
    """Yield each problem of the registry. The previous champion may be missing: only a rollback needs it."""
    versions = list_versions(home)
    if not (home.path / registry.REGISTRY).exists():
        if any(version.promotion.exists() for version in versions):
            yield "missing, champion unknown. The next run writes it again, without pins and marks"
        return
    try:
        known = registry.read(home)
    except CorruptData as error:
        yield first_line(error)
        return
    names = {version.name for version in versions}
    for name in sorted({*known.pinned, *([known.champion.version] if known.champion else [])} - names):
        yield f"{name} is {' and '.join(known.marks(name))}, but missing"


def _table_problems(con: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
    try:
        con.execute(f'select bit_xor(hash(columns(*))) from "{table}"').fetchall()
    except duckdb.Error as error:
        yield f"table {table} cannot be read: {first_line(error)}"
