"""Streams compressed as the suffix of a path says: .gz, .zst or plain."""

from __future__ import annotations

import gzip
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

COMPRESSED = (".gz", ".zst")
"""What may follow the suffix of a text format."""


def compressed(file: IO[bytes], path: Path) -> Any:
    """A file to write to, whose bytes reach another one compressed as the suffix of a path says."""
    match path.suffix.lower():
        case ".gz":
            # Neither name nor time: the same bytes for the same table.
            return gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0)
        case ".zst":
            return pa.CompressedOutputStream(file, "zstd")
        case _:
            return nullcontext(file)


def decompressed(file: IO[bytes], path: Path) -> Any:
    """A file to read from, with the bytes that another one holds compressed as the suffix of a path says."""
    match path.suffix.lower():
        case ".gz":
            return gzip.GzipFile(fileobj=file)
        case ".zst":
            return pa.CompressedInputStream(file, "zstd")
        case _:
            return nullcontext(file)
