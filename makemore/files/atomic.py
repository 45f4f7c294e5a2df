"""Files that are complete or absent: write aside, sync, rename."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from makemore.errors import InvalidOption, NotFound


def check_target(path: Path) -> None:
    """Raise unless a file can be written to this path.

    Raises:
        NotFound: its folder does not exist.
        InvalidOption: the path is a folder.
    """
    if not path.parent.is_dir():
        raise NotFound(f"{path.parent} is not a folder", f"create it, or write {path.name} to another folder")
    if path.is_dir():
        raise InvalidOption(f"{path} is a folder", "use the path of a file")


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A temporary path, renamed to `path` when the block succeeds and deleted when it raises.

    Raises:
        NotFound: the folder does not exist.
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
    """Flush a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
