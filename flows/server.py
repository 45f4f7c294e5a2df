"""A Prefect server and a worker on one machine, from start to stop."""

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
from zoneinfo import ZoneInfo

from makemore.errors import InvalidOption, MakemoreError, require

HOST = "127.0.0.1"
PORT = "4200"
START_TIMEOUT = 180
"""Seconds until the server must respond: its first start creates its database."""
STOP_TIMEOUT = 30
"""Seconds until a process that was asked to stop is killed."""

log = logging.getLogger("makemore")


class Stopped(BaseException):
    """The process received SIGTERM or SIGINT."""


def serve(parameters: dict[str, Any], cron: str, timezone: str) -> None:
    """Start a server with the deployments, and a worker; on a signal stop the worker with its runs, then the server.

    Raises:
        InvalidOption: the time zone is unknown, or the port is invalid.
        MakemoreError: the port is in use, or the server or the worker ended; the other one is stopped.
        NotFound: Prefect is not installed.
    """
    require("prefect", "flows")
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidOption(f"unknown --timezone {timezone}", "use UTC, Europe/Berlin, ...") from error
    host, port = os.environ.get("PREFECT_SERVER_API_HOST", HOST), _port()
    _check_free(host, port)
    # Before the first import of Prefect, so that it uses this server whatever the settings were.
    url = f"http://{host}:{port}"
    os.environ |= {
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_SERVER_API_HOST": host,
        "PREFECT_SERVER_API_PORT": str(port),
    }
    with _stopped_by_signals(), _started("the server", "server", "start") as server:
        _wait_until_ready(f"{url}/api/health", server)
        from prefect.client.orchestration import get_client

        from makemore.flows import deployments

        worker_command = ("worker", "start", "--pool", deployments.POOL, "--type", "process")
        with get_client(sync_client=True) as client:
            deployments.crash_unfinished(client, "the worker and its machine stopped during the run")
            deployments.set_up(client, parameters, cron, timezone)
            try:
                with _started("the worker", *worker_command) as worker:
                    print(f"serving on {url}: nightly runs at {cron!r}, {timezone}; Ctrl-C stops it", flush=True)
                    _watch(server, worker)
            finally:
                if server.poll() is None:
                    for run in deployments.crash_unfinished(client, "the worker stopped"):
                        log.warning("crashed the unfinished run %s", run.name)
                        _kill(run.infrastructure_pid)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """End the block on SIGTERM and SIGINT; ignore further signals."""

    def stop(number: int, _frame: Any) -> None:
        for each in handlers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    handlers = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except Stopped as stopped:
        print(f"stopped by {stopped}", file=sys.stderr)
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


@contextmanager
def _started(name: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a Prefect command; stop it and its child processes after the block."""
    # In a session of its own: Ctrl-C in a terminal must not reach it, since the processes stop in order.
    command = (sys.executable, "-m", "prefect", *command)
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            log.warning("killed %s: it did not stop within %d s", name, STOP_TIMEOUT)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _watch(server: subprocess.Popen[bytes], worker: subprocess.Popen[bytes]) -> None:
    """Wait until the server or the worker ends, and raise MakemoreError then."""
    while True:
        for name, process in (("the server", server), ("the worker", worker)):
            if (code := process.poll()) is not None:
                raise MakemoreError(f"{name} ended with exit code {code}", "see its messages above")
        time.sleep(0.5)


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if (code := server.poll()) is not None:
            raise MakemoreError(f"the server ended at start with exit code {code}", "see its messages above")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise MakemoreError(f"no response from the server at {url} within {START_TIMEOUT} s", "see its messages above")


def _kill(pid: str | None) -> None:
    """Kill the process group of a run that outlived its worker: each run is in a session of its own."""
    if pid:
        with suppress(ProcessLookupError):
            os.killpg(int(pid), signal.SIGKILL)


def _port() -> int:
    text = os.environ.get("PREFECT_SERVER_API_PORT", PORT)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**16):
        raise InvalidOption(f"PREFECT_SERVER_API_PORT={text} is not a port", "set a number from 1 to 65535")
    return int(text)


def _check_free(host: str, port: int) -> None:
    try:
        with socket.create_connection((host, port), timeout=2):
            pass
    except OSError:
        return
    hint = "stop the other Prefect server, or set PREFECT_SERVER_API_PORT"
    raise MakemoreError(f"{host}:{port} is in use, possibly by another Prefect server", hint)
