"""Streams that the suffix of a path compresses: .gz, .zst or none."""

import gzip
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

COMPRESSED = (".gz", ".zst")
"""Suffixes that can follow that of a text format."""


def compressed(file: IO[bytes], path: Path) -> Any:
    """A writable stream that compresses into `file` by the suffix of `path`."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        # Without name and time, so that the same table gives the same bytes.
        return gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0)
    if suffix == ".zst":
        import pyarrow as pa

        return pa.CompressedOutputStream(file, "zstd")
    return nullcontext(file)


def decompressed(file: IO[bytes], path: Path) -> Any:
    """A readable stream that decompresses `file` by the suffix of `path`."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return gzip.GzipFile(fileobj=file)
    if suffix == ".zst":
        import pyarrow as pa

        return pa.CompressedInputStream(file, "zstd")
    return nullcontext(file)
