"""A home: the folder of one or more lists, their database and versions; its paths and its lock."""

import fcntl
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from makemore.errors import HomeBusy, InvalidOption, NotFound

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Home:
    """Paths of a home."""

    path: Path

    @property
    def db(self) -> Path:
        """Working database; only the pipeline writes it."""
        return self.path / "makemore.duckdb"

    @property
    def config(self) -> Path:
        """Lists and options of runs; only the user writes it."""
        return self.path / "makemore.toml"

    @property
    def versions(self) -> Path:
        """Published versions, each complete or absent."""
        return self.path / "versions"

    @property
    def staging(self) -> Path:
        """Drafts; the next run deletes those of a killed run."""
        return self.path / "staging"

    @property
    def checkpoints(self) -> Path:
        """Training states that the next run resumes from."""
        return self.path / "checkpoints"


@contextmanager
def locked_home(path: Path, verb: str, wait: float = 60, *, create: bool = True) -> Iterator[Home]:
    """Lock a home for writing until the block ends.

    Create the home if it does not exist and `create` is true. The operating system releases the lock
    when the process ends, however it ends. `wait` is in seconds.

    Raises:
        HomeBusy: another run still has the lock after `wait`; the message reports which run.
        InvalidOption: the folder is not writable or DuckDB cannot open it.
        NotFound: the home does not exist and `create` is false.
    """
    import socket

    from filelock import FileLock, Timeout

    if not create and not path.is_dir():
        raise NotFound(f"home {path} does not exist", "use --home, or set MAKEMORE_HOME")
    if "?" in str(path):
        raise InvalidOption(f"--home {path} contains '?', which DuckDB reads as the start of options", "rename it")
    lock, owner = FileLock(path / ".lock"), path / ".holder.json"
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        if wait:
            print(f"{path} is locked by {_describe(owner)}; waiting up to {wait:g} s", file=sys.stderr)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            hint = "wait for it to end, or use another --home"
            raise HomeBusy(f"{path} is locked by {_describe(owner)}", hint) from None
    except OSError as error:
        raise InvalidOption(f"--home {path} is not writable ({error.strerror})", "use another --home") from error
    try:
        since = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC"
        owner.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "verb": verb, "since": since}))
        yield Home(path)
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


@contextmanager
def shared_home(home: Home) -> Iterator[str | None]:
    """Yield a description of the process that has locked a home; if there is none, none can until the block ends.

    Needs no write permission.
    """
    try:
        descriptor = os.open(home.path / ".lock", os.O_RDONLY)
    except OSError:
        # It was never locked.
        yield None
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        yield _describe(home.path / ".holder.json")
    else:
        yield None
    finally:
        os.close(descriptor)


def clear_staging(home: Home) -> list[str]:
    """Delete the leftovers of killed runs and return their names. Call it only while the home is locked."""
    import shutil

    names = sorted(folder.name for folder in home.staging.glob("*"))
    shutil.rmtree(home.staging, ignore_errors=True)
    for name in names:
        log.warning("deleted %s, the leftover of an unfinished run", name)
    return names


def _describe(owner: Path) -> str:
    try:
        process = json.loads(owner.read_text())
        return f"pid {process['pid']} on {process['host']} ({process['verb']}, since {process['since']})"
    except (OSError, ValueError, KeyError):
        return "another process"
