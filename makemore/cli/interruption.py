"""Ctrl-C and SIGTERM: an exception that cleans up on its way, an exit code, and a hint how to resume."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from makemore.errors import Interrupted

RESUME = {
    "run": "run it again: it skips ingested lists and resumes the training of nets",
    "ingest": "run it again: it skips lists that are ingested",
    "build": "run it again: the relations are as they were",
    "train": "run it again: it resumes the training of nets",
    "sample": "run it again: with -o it keeps finished shards",
    "generate": "run it again: it keeps finished shards",
    "prune": "run it again: it deletes the rest",
    "export-home": "run it again: no file was written",
    "restore": "run it again: nothing was restored",
}


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise Interrupted in the block on SIGINT and SIGTERM, whatever a library makes of the exception."""

    def stop(number: int, _frame: FrameType | None) -> None:
        Interrupted.received = Interrupted(number)
        # Polars raises KeyboardInterrupt itself, just before. A second exception would end the clean-up of the first.
        if not isinstance(sys.exc_info()[1], KeyboardInterrupt):
            raise Interrupted.received

    with _handled_by(stop):
        try:
            yield
        except Exception:
            # An import of a C extension, for example, replaces the exception by its own.
            if Interrupted.received:
                raise Interrupted.received from None
            raise
        finally:
            Interrupted.received = None


@contextmanager
def exit_on_signals(command: str) -> Iterator[None]:
    """End the process on SIGINT and SIGTERM, for a block that only reads: DuckDB can lose an exception in a query."""

    def end(number: int, _frame: FrameType | None) -> None:
        message, code = describe(Interrupted(number), command)
        os.write(sys.stderr.fileno(), f"{message}\n".encode())
        os._exit(code)

    with _handled_by(end):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle SIGINT and SIGTERM in the block. A signal that is ignored, as by nohup, stays ignored."""
    numbers = [number for number in Interrupted.SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def describe(error: KeyboardInterrupt, command: str) -> tuple[str, int]:
    """Return the message of an interrupted command, and its exit code."""
    number = error.number if isinstance(error, Interrupted) else signal.SIGINT
    by = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
    return f"makemore: interrupted{by}. hint: {RESUME.get(command, 'run it again')}", 128 + number
