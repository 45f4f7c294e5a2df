"""A standing Prefect server and a worker on one machine, from their start until they are told to stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

HOST = "127.0.0.1"
PORT = "4200"
READY = 180
"""Seconds that the server may take until it answers: its first start builds its database."""
GRACE = 30
"""Seconds that a process may take to stop before it is killed."""

log = logging.getLogger("makemore")


class Stopped(BaseException):
    """Somebody told us to stop."""


def serve(parameters: dict[str, Any], cron: str, timezone: str) -> None:
    """Bring up a server with the deployments and a worker, and stop both when told to: the worker first, with its runs.

    Raises:
        ValueError: the port is taken, or one of the two ended by itself; the other is stopped then.
    """
    host, port = os.environ.get("PREFECT_SERVER_API_HOST", HOST), int(os.environ.get("PREFECT_SERVER_API_PORT", PORT))
    _check_free(host, port)
    # Before Prefect is imported: what it asks is the server that is started here, whatever else it was set to.
    url = f"http://{host}:{port}"
    os.environ |= {
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_SERVER_API_HOST": host,
        "PREFECT_SERVER_API_PORT": str(port),
    }
    with _told_to_stop(), _started("the server", "server", "start") as server:
        _wait_until_ready(f"{url}/api/health", server)
        from prefect.client.orchestration import get_client

        from makemore.flows import deployments

        with get_client(sync_client=True) as client:
            deployments.crash_unfinished(client, "The worker and its machine stopped while it ran.")
            deployments.set_up(client, parameters, cron, timezone)
            try:
                with _started(
                    "the worker", "worker", "start", "--pool", deployments.POOL, "--type", "process"
                ) as worker:
                    print(
                        f"Serving on {url}: the deployment nightly runs at {cron!r}, {timezone}. Ctrl-C stops it.",
                        flush=True,
                    )
                    _watch(server, worker)
            finally:
                if server.poll() is None:
                    for run in deployments.crash_unfinished(client, "Its worker stopped."):
                        log.warning("run %s was under way, and is Crashed", run.name)
                        _kill(run.infrastructure_pid)


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """A block that SIGTERM and SIGINT end, as if it were done; a second one changes nothing."""

    def stop(number: int, _frame: Any) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except Stopped as told:
        print(f"Stopped by {told}.", file=sys.stderr)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _started(what: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Prefect's, that is gone with all that it started when the block ends."""
    # In a session of its own: Ctrl-C in a terminal is for us, and we stop one after the other.
    command = (sys.executable, "-m", "prefect", *command)
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop within %d s, and was killed", what, GRACE)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _watch(server: subprocess.Popen[bytes], worker: subprocess.Popen[bytes]) -> None:
    """Wait for one of the two to end, which neither should.

    Raises:
        ValueError: one did.
    """
    while True:
        for what, process in (("the server", server), ("the worker", worker)):
            if (code := process.poll()) is not None:
                raise ValueError(f"{what} ended by itself, with {code}: what it said stands above. All is stopped.")
        time.sleep(0.5)


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY
    while time.monotonic() < until:
        if (code := server.poll()) is not None:
            raise ValueError(f"the server ended as it started, with {code}: what it said stands above.")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise ValueError(f"the server did not answer at {url} within {READY} s: what it said stands above.")


def _kill(run: str | None) -> None:
    """End the process of a run, if it outlived its worker: a run is in a session of its own."""
    if run:
        with suppress(ProcessLookupError):
            os.killpg(int(run), signal.SIGKILL)


def _check_free(host: str, port: int) -> None:
    try:
        with socket.create_connection((host, port), timeout=2):
            pass
    except OSError:
        return
    raise ValueError(
        f"{host}:{port} is taken, maybe by another Prefect server: stop that, or set another PREFECT_SERVER_API_PORT."
    )
