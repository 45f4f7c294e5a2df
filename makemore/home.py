"""A home: the folder of one body of names, where its things lie, and who may write there."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from makemore.errors import HomeBusy

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Home:
    """Where the things of a home lie."""

    path: Path

    @property
    def db(self) -> Path:
        """The working database; only flows and steps write it."""
        return self.path / "makemore.duckdb"

    @property
    def versions(self) -> Path:
        """Published versions: complete or absent."""
        return self.path / "versions"

    @property
    def staging(self) -> Path:
        """Versions in the making; what a killed run left here is cleared by the next one."""
        return self.path / "staging"

    @property
    def checkpoints(self) -> Path:
        """Trainings as they last wrote themselves down; the next run goes on from them."""
        return self.path / "checkpoints"


@contextmanager
def locked_home(path: Path, verb: str, wait: float = 60) -> Iterator[Home]:
    """The home, created if need be, with no other run writing to it until the block ends.

    The lock is the operating system's: it is gone with the process that held it, however that ended.

    Raises:
        HomeBusy: another run still holds the home after `wait` seconds; the message says which.
        ValueError: the folder cannot be written.
    """
    if "?" in str(path):
        raise ValueError(f"{path} has '?', after which DuckDB reads options: use another --home.")
    lock, holder = FileLock(path / ".lock"), path / ".holder.json"
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        if wait:
            print(f"{path} is held by {_who(holder)}: waiting up to {wait:g} s.", file=sys.stderr)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise HomeBusy(f"{path} is held by {_who(holder)}. Wait for it to end, or use another --home.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error.strerror}): use another --home.") from error
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "verb": verb, "since": _now()}))
        yield Home(path)
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def clear_staging(home: Home) -> list[str]:
    """Names of what killed runs left in staging, now deleted, and told of. Only for who holds the home."""
    left = sorted(folder.name for folder in home.staging.glob("*"))
    shutil.rmtree(home.staging, ignore_errors=True)
    for name in left:
        log.warning("cleared %s, which an unfinished run had left", name)
    return left


def _who(holder: Path) -> str:
    try:
        told = json.loads(holder.read_text())
        return f"pid {told['pid']} on {told['host']} ({told['verb']}, since {told['since']})"
    except (OSError, ValueError, KeyError):
        return "another process"


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()) + " UTC"
