"""The database of Prefect's embedded server, looked at first: the server would try for minutes, and end in pages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from prefect.settings import get_current_settings

WAIT = 10
"""Seconds that another program may hold it locked."""
SQLITE = "sqlite+aiosqlite:///"


def check() -> None:
    """Nothing, if the embedded server can use its database, or if it is not asked for.

    Raises:
        ValueError: it is locked, damaged, or cannot be written.
    """
    settings = get_current_settings()
    url = settings.server.database.connection_url
    address = url.get_secret_value() if url else ""
    if settings.api.url or not address.startswith(SQLITE):
        return
    path = Path(address.removeprefix(SQLITE).partition("?")[0])
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as con:
            con.execute("begin immediate")
            con.execute("select count(*) from sqlite_master").fetchall()
            con.execute("rollback")
    except sqlite3.Error as error:
        way_out = (
            "wait for the program that has it, or set another PREFECT_HOME"
            if "locked" in str(error)
            else "move it away, and run again: Prefect makes another one"
        )
        raise ValueError(
            f"{path}, where Prefect has its records of runs, cannot be used ({error}): {way_out}. "
            "Lists and versions are not in it."
        ) from error
