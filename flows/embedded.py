"""The Prefect server of one run, on a machine without a standing server. Its process ends with the run.

Prefect can start such a server itself, but only when the flow starts, and it then imports the server here as well. This
one starts while this process imports. Prefect is imported only in the process of the server.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from makemore import models
from makemore.errors import MakemoreError, require

HOST = "127.0.0.1"
START_TIMEOUT = 120
"""Seconds until the server must respond: its first start creates its database."""
API_URL = "from prefect.settings import get_current_settings; print(get_current_settings().api.url or '')"

_servers: list[subprocess.Popen[bytes]] = []


def is_default() -> bool:
    """Whether a run uses an embedded server: no environment variable and no file of settings names another one."""
    if os.environ.get("PREFECT_API_URL"):
        return False
    profiles = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser() / "profiles.toml"
    files = (profiles, Path("prefect.toml"), Path("pyproject.toml"), Path(".env"))
    if not any(re.search(r"api[_.]url|\bapi\b.?\s*[]=]", _text(file), re.IGNORECASE) for file in files):
        return True
    # Only Prefect knows which one counts. In another process, since this one would keep the settings.
    return not subprocess.run([sys.executable, "-c", API_URL], stdout=subprocess.PIPE, check=False).stdout.strip()


def is_running() -> bool:
    """Whether this process started a server."""
    return bool(_servers)


def start() -> None:
    """Start the server, unless it is started, and make Prefect use it. Call it before the first import of Prefect.

    Raises:
        NotFound: Prefect is not installed.
    """
    if _servers:
        return
    require("prefect", "flows")
    # The socket listens from now on: requests wait until the server accepts them, and no other process gets its port.
    with socket.create_server((HOST, 0)) as listener:
        command = [sys.executable, "-m", "makemore.flows.embedded_server", str(listener.fileno())]
        # The pipe closes when this process ends, even if it is killed. Ctrl-C in a terminal must not reach the server
        # before the run has reported its end.
        _servers.append(
            subprocess.Popen(command, pass_fds=[listener.fileno()], stdin=subprocess.PIPE, start_new_session=True)
        )
        # It is of this very installation.
        os.environ["PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED"] = "false"
        os.environ["PREFECT_API_URL"] = f"http://{HOST}:{listener.getsockname()[1]}/api"


@contextmanager
def ready(model_types: Sequence[str]) -> Iterator[None]:
    """Wait until the server responds, and run the block. Without a server, only run the block.

    Meanwhile import what a version with these models needs.

    Raises:
        MakemoreError: the server does not respond.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    if not _servers:
        yield
        return
    from makemore.flows import preflight, version_tasks  # noqa: F401 (imported while the server starts)

    with suppress(MakemoreError):
        # The run reports what is missing.
        for model_type in model_types:
            models.model_class(model_type)
    address = urlsplit(os.environ["PREFECT_API_URL"]).netloc
    try:
        with closing(http.client.HTTPConnection(address, timeout=START_TIMEOUT)) as connection:
            connection.request("GET", "/api/health")
            connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        _servers[0].kill()
        preflight.check_database()
        raise MakemoreError(f"Prefect's server did not start ({error})", "see its messages above") from error
    # No automation waits for heartbeats here, and a flow waits a second for their thread.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
