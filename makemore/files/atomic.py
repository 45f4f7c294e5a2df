"""Files written whole or not at all: aside, to the disk, then in place by one rename."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from makemore.errors import InvalidOption, NotFound


def check_target(path: Path) -> None:
    """Nothing, if a file can be written there, as far as a look tells.

    Raises:
        FileNotFoundError: the folder does not exist.
        ValueError: it is a folder itself.
    """
    if not path.parent.is_dir():
        raise NotFound(f"{path.parent} is no folder: make it, or write {path.name} somewhere else.")
    if path.is_dir():
        raise InvalidOption(f"{path} is a folder: name a file to write.")


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path to write to, renamed to `path` when the block ends well and deleted when it does not.

    Raises:
        FileNotFoundError: the folder does not exist.
    """
    check_target(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        yield aside
        sync(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object, complete or not at all; the same value gives the same bytes."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, before anything says that it does."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
