"""The formats of lists, one module each: `SUFFIXES`, and `read`, which yields batches of rows.

To add a format, add a module here and its name to `options.Format`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import polars as pl

from makemore.options import ReadOptions


class Reader(Protocol):
    """A module of this package."""

    SUFFIXES: tuple[str, ...]

    def read(self, path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
        """Yield batches with the columns of `_rows.SCHEMA`."""
        ...


READERS = {
    module.name: cast(Reader, import_module(f"{__name__}.{module.name}"))
    for module in pkgutil.iter_modules(__path__)
    if not module.name.startswith("_")
}
SUFFIXES = {suffix: name for name in ("text", *READERS) for suffix in READERS[name].SUFFIXES}
"""Format of each suffix."""
