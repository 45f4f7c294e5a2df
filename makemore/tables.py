"""Tables written for others: as text, CSV, JSON lines or Parquet, complete or absent."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import polars as pl

TableFormat = Literal["txt", "csv", "json", "jsonl", "parquet"]
SUFFIXES: dict[str, TableFormat] = {
    ".txt": "txt",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
}


def format_of(path: Path) -> TableFormat:
    """The table format that a file's suffix asks for.

    Raises:
        ValueError: no format has this suffix.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{path}: no format for {path.suffix or 'a file without suffix'!r}: use {', '.join(SUFFIXES)}."
        )
    return SUFFIXES[path.suffix.lower()]


def write_table(frame: pl.DataFrame, target: Path | IO[bytes], table_format: TableFormat) -> None:
    """Write a table; a file is complete or absent. 'txt' holds one column, one value a line.

    Raises:
        ValueError: the format cannot hold the table.
    """
    _refuse(frame, table_format)
    if isinstance(target, Path):
        with written_aside(target) as aside, aside.open("wb") as file:
            _write(frame, file, table_format)
    else:
        # Polars tells of a closed pipe as of any other fault; Python's own write says which it is.
        written = io.BytesIO()
        _write(frame, written, table_format)
        target.write(written.getvalue())


def _refuse(frame: pl.DataFrame, table_format: TableFormat) -> None:
    if table_format == "txt" and len(frame.columns) != 1:
        raise ValueError(f"a .txt file holds one column, this table has {len(frame.columns)}: use .csv.")
    for name, kind in frame.schema.items():
        if (table_format in ("txt", "csv") and kind.is_nested()) or (kind == pl.Binary and table_format != "parquet"):
            raise ValueError(
                f"column {name!r} holds {kind}, which {table_format} cannot: use parquet, or cast it to text."
            )


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path to write to, renamed to `path` when the block ends well and deleted when it does not.

    Raises:
        FileNotFoundError: the folder does not exist.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent} is no folder: make it, or write {path.name} somewhere else.")
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield aside
        sync(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, before anything says that it does."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(frame: pl.DataFrame, file: IO[bytes], table_format: TableFormat) -> None:
    match table_format:
        case "txt":
            frame.write_csv(file, include_header=False, quote_style="never")
        case "csv":
            frame.write_csv(file)
        case "json":
            file.write(frame.write_json().encode() + b"\n")
        case "jsonl":
            frame.write_ndjson(file)
        case "parquet":
            frame.write_parquet(file)
