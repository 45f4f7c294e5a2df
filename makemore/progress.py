"""Progress bars on stderr, if stderr is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")


def track(items: Iterable[T], label: str, total: float | None = None) -> Iterator[T]:
    """Yield the items and advance a bar; with a total, the bar shows the remaining time."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _progress() as progress:
        yield from progress.track(items, total=total, description=label)


@contextmanager
def counting(label: str, total: float) -> Iterator[Callable[[float, str], None]]:
    """Give a function that sets a bar to a number and shows a text beside it, for work without a loop over items."""
    if not sys.stderr.isatty():
        yield lambda done, text: None
        return
    with _progress() as progress:
        task = progress.add_task(label, total=total)
        yield lambda done, text: progress.update(task, completed=done, description=f"{label}  {text}")


@contextmanager
def phase(label: str) -> Iterator[None]:
    """Show a label and a moving bar while the block runs, for work without a known total."""
    if not sys.stderr.isatty():
        yield
        return
    with _progress() as progress:
        progress.add_task(label, total=None)
        yield


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True)
