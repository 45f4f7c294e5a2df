"""The steps that look whether what changes in a home is whole: its working database, and its registry."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from makemore.database import connect, first_line
from makemore.home import Home
from makemore.versions import registry
from makemore.versions.store import list_versions

NEEDED = ("sources", "entries", "rejects")
"""Tables without which a working database is none."""


def database_problems(home: Home) -> Iterator[str]:
    """Each way in which the working database is damaged. Only for who holds the home.

    DuckDB checks a block against its checksum when it reads it. A hash of every column reads every block, and keeps
    none of it.

    Raises:
        ValueError: another program has it open.
    """
    if not home.db.exists():
        yield "is missing"
        return
    try:
        with connect(home.db, read_only=True) as con:
            there = [name for (name,) in con.execute("select table_name from duckdb_tables() order by all").fetchall()]
            yield from (f"table {name} is missing" for name in NEEDED if name not in there)
            for name in there:
                yield from _unreadable(con, name)
    except ValueError as error:
        told = first_line(error.__cause__ if isinstance(error.__cause__, duckdb.Error) else error)
        if "Could not set lock" in told:
            raise ValueError(f"{home.db} is open in another program: close it. {told}") from error
        yield told


def registry_problems(home: Home) -> Iterator[str]:
    """Each way in which the registry is damaged, or names as champion or pinned what is not there.

    A previous champion may be gone: only going back to it would need it, and says so.
    """
    published = list_versions(home)
    if not (home.path / registry.REGISTRY).exists():
        if any(version.promotion.exists() for version in published):
            yield "is missing: which version serves is not known. The next run writes it anew, without pins and marks"
        return
    try:
        known = registry.read(home)
    except ValueError as error:
        yield first_line(error)
        return
    needed = {*known.pinned, *([known.champion.version] if known.champion else [])}
    for version in sorted(needed - {version.name for version in published}):
        yield f"{version} is {' and '.join(known.marks(version))}, and not there"


def _unreadable(con: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
    try:
        con.execute(f'select bit_xor(hash(columns(*))) from "{table}"').fetchall()
    except duckdb.Error as error:
        yield f"table {table} cannot be read: {first_line(error)}"
