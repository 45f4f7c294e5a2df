"""The process of an embedded Prefect server: `python -m makemore.flows.embedded_server FD`, with a listening socket."""

from __future__ import annotations

import gc
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

STOP_TIMEOUT = 10
"""Seconds until a server is killed whose run ended."""


def main(fd: int) -> None:
    """Serve requests until stdin closes, which the run holds open."""
    threading.Thread(target=_stop_with_the_run, daemon=True).start()
    # A fifth of the time of the imports is garbage collection, which finds nothing.
    gc.set_threshold(100_000)
    os.environ |= {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
    import uvicorn
    from prefect.settings import PREFECT_SERVER_DATABASE_MIGRATE_ON_START, temporary_settings

    from makemore.errors import MakemoreError
    from makemore.flows import preflight

    try:
        database = preflight.check_database()
    except MakemoreError:
        # The run checks it again, and reports it.
        sys.exit(1)
    migrate = database is None or not _is_newest(database)
    if migrate:
        print("preparing Prefect's database, once: up to 30 s", file=sys.stderr)
    with temporary_settings({PREFECT_SERVER_DATABASE_MIGRATE_ON_START: migrate}):
        uvicorn.run(
            "prefect.server.api.server:create_app",
            factory=True,
            fd=fd,
            log_level="error",
            lifespan="on",
            timeout_graceful_shutdown=1,
        )


def _stop_with_the_run() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_TIMEOUT)
    os._exit(1)


def _is_newest(database: Path) -> bool:
    """Whether a database has the last revision of the installed Prefect, without alembic, which takes half a second."""
    import prefect.server.database

    folder = Path(prefect.server.database.__file__).parent / "_migrations" / "versions" / "sqlite"
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.py")]
    ids, earlier = (
        {match for text in texts for match in re.findall(rf'^{name} = "(\w+)"$', text, re.MULTILINE)}
        for name in ("revision", "down_revision")
    )
    with closing(sqlite3.connect(database)) as con:
        try:
            found = {revision for (revision,) in con.execute("select version_num from alembic_version")}
        except sqlite3.Error:
            return False
    return len(found) == 1 and found == ids - earlier


if __name__ == "__main__":
    main(int(sys.argv[1]))
