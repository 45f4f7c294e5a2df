"""The bytes of a list, decompressed up to a limit."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from makemore.errors import InvalidInput
from makemore.files.compression import COMPRESSED, decompressed

MIN_LIMIT = 1 << 26
"""Bytes that any compressed list may unpack to."""
MAX_RATIO = 100
"""Limit for larger lists, as a multiple of their size; names compress to a third or a tenth."""


def list_suffix(path: Path) -> str:
    """The suffix of a list without .gz or .zst, in lower case."""
    return (path.with_suffix("") if path.suffix in COMPRESSED else path).suffix.lower()


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a list, decompressed by suffix.

    Raises:
        InvalidInput: while it is read, if it unpacks to too many bytes.
    """
    with path.open("rb") as file:
        if path.suffix not in COMPRESSED:
            yield file
            return
        with decompressed(file, path) as unpacked, io.BufferedReader(_Limited(unpacked, path)) as limited:
            yield cast(IO[bytes], limited)


def check_unpacked(path: Path, size: int) -> None:
    """Raise InvalidInput if a compressed list has too many bytes: a few kilobytes can unpack to a full disk."""
    if size > (limit := max(MIN_LIMIT, MAX_RATIO * path.stat().st_size)):
        message = f"{path} unpacks to more than {limit >> 20} MB, the limit for its size"
        raise InvalidInput(message, "ingest it uncompressed, as text")


class _Limited(io.RawIOBase):
    """The bytes of a compressed list, up to its limit."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self.file, self.path, self.size = file, path, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.file.read(len(buffer))
        self.size += len(data)
        check_unpacked(self.path, self.size)
        buffer[: len(data)] = data
        return len(data)
