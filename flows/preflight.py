"""A check of the embedded server's database before it starts: it would retry for minutes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from prefect.settings import get_current_settings

from makemore.errors import MakemoreError

LOCK_TIMEOUT = 10
"""Seconds to wait for another program's lock."""
SQLITE = "sqlite+aiosqlite:///"


def check_database() -> Path | None:
    """The path of the embedded server's database, which it can use. None if it does not exist or is not SQLite.

    Raises:
        MakemoreError: the database is locked, damaged or not writable.
    """
    url = get_current_settings().server.database.connection_url
    address = url.get_secret_value() if url else ""
    path = Path(address.removeprefix(SQLITE).partition("?")[0])
    if not address.startswith(SQLITE) or not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None)) as con:
            con.execute("begin immediate")
            con.execute("select count(*) from sqlite_master").fetchall()
            con.execute("rollback")
    except sqlite3.Error as error:
        hint = "move it away and run again: Prefect creates it, and it contains no lists and no versions"
        if "locked" in str(error):
            hint = "wait for the program that uses it, or set another PREFECT_HOME"
        raise MakemoreError(f"Prefect's database {path} cannot be used ({error})", hint) from error
    return path
