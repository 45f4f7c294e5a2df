"""Lists as batches of rows: row number, raw name, count as text, and why a row cannot be read."""

import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import polars as pl
import pyarrow as pa

from makemore.errors import InvalidInput, NotFound
from makemore.ingest.compressed import list_suffix
from makemore.ingest.formats._rows import SCHEMA, frame, replace_surrogates
from makemore.options import FORMATS, ReadOptions

__all__ = ["READERS", "SCHEMA", "SUFFIXES", "Reader", "batch_of", "format_of", "read"]


class Reader(Protocol):
    """A module of formats/."""

    SUFFIXES: tuple[str, ...]

    def read(self, path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
        """Yield batches with the columns of `SCHEMA`."""


READERS = {name: cast(Reader, import_module(f"makemore.ingest.formats.{name}")) for name in FORMATS}
SUFFIXES = {suffix: name for name in ("text", *READERS) for suffix in READERS[name].SUFFIXES}
"""Format of each suffix."""


def read(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """Yield batches with columns row (from 1), raw, count (null: counts once) and reject_reason (null: none).

    Raises:
        NotFound: the file does not exist.
        InvalidInput: the file does not have the format, or lacks the column.
    """
    if not path.exists():
        raise NotFound(f"{path} does not exist")
    try:
        yield from READERS[format_of(path, options)].read(path, options)
    except (EOFError, zlib.error, pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise InvalidInput(f"{path} cannot be read: {str(error).splitlines()[0][:200]}") from error


def batch_of(names: Sequence[str]) -> pl.DataFrame:
    """A batch like those of `read`, from names in memory."""
    return frame((row, replace_surrogates(name), None, None) for row, name in enumerate(names, start=1))


def format_of(path: Path, options: ReadOptions) -> str:
    """The format of the options; CSV if they name columns; else the format of the suffix.

    Raises:
        InvalidInput: the suffix is unknown.
    """
    if options.format or options.columns:
        return options.format or "csv"
    if (suffix := list_suffix(path)) in SUFFIXES:
        return SUFFIXES[suffix]
    raise InvalidInput(f"{path}: unknown suffix {suffix!r}", f"use --format {'|'.join(READERS)}")
