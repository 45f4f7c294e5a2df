"""Lists of names as they lie on a disk or a network: which files there are, their bytes and their format."""

from __future__ import annotations

import glob
import hashlib
import http.client
import io
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

from makemore.errors import NoListFound, TransientError
from makemore.files.compression import COMPRESSED, decompressed
from makemore.options import Format, ReadOptions

SUFFIXES: dict[str, Format] = {
    ".txt": "text",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
UNPACKED = 1 << 26
"""Bytes that a compressed list may unpack to, however small it is."""
TIMES = 100
"""Times its size that a larger one may; names are packed to a third or a tenth."""
UNTOLD = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Of a path: what steers a terminal or turns its text around, and what stands for a byte that is no UTF-8."""
INSTEAD = "\ufffd"
"""What is told instead: who prints, logs or sends such a path shall not stumble over it."""
LONGEST_TOLD = 200
"""Characters that are told of something that is no address."""
TIMEOUT = 30
"""Seconds without an answer before a download is given up."""


def expand(lists: list[str]) -> list[str]:
    """Addresses and absolute paths of the lists that files, folders, globs and URLs stand for, each once.

    Raises:
        FileNotFoundError: nothing is there, or a folder holds no list.
    """
    found: dict[str, None] = {}
    for named in lists:
        found.update(dict.fromkeys([_told(named)] if is_url(named) else _paths(named)))
    return list(found)


def is_url(named: str) -> bool:
    """Whether a list is to be downloaded."""
    return named.startswith(("http://", "https://"))


@contextmanager
def local_file(uri: str, folder: Path) -> Iterator[Path]:
    """A file with the list's bytes; what is downloaded lies in `folder` until the block ends.

    Raises:
        TransientError: the download fails, or ends before its end.
        ValueError: it has a name that cannot be told.
    """
    if INSTEAD in uri:
        raise ValueError(
            f"{uri} has a control character, or bytes that are no UTF-8, where {INSTEAD} stands: rename it."
        )
    if not is_url(uri):
        yield Path(uri)
        return
    folder.mkdir(parents=True, exist_ok=True)
    local = folder / f"{hashlib.sha256(uri.encode()).hexdigest()[:12]}-{Path(urlsplit(uri).path).name or 'list.txt'}"
    try:
        _download(uri, local)
        yield local
    finally:
        local.unlink(missing_ok=True)


def fingerprint(path: Path) -> tuple[str, int]:
    """SHA-256 in hex and size in bytes of a file.

    Raises:
        ValueError: it cannot be read, or is no regular file.
    """
    if path.is_symlink() and not path.exists():
        raise ValueError(f"{path} does not exist: it is a link that leads nowhere. Make it anew, or take it away.")
    if not path.is_file():
        raise ValueError(f"{path} is not a regular file: copy what it gives into one.")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error


def format_of(path: Path, options: ReadOptions) -> Format:
    """Format of a list: as asked, CSV where columns are named, else by its suffix.

    Raises:
        ValueError: the suffix says nothing.
    """
    if options.format:
        return options.format
    if options.columns:
        return "csv"
    if (suffix := _suffix(path)) in SUFFIXES:
        return SUFFIXES[suffix]
    raise ValueError(
        f"{path}: no format for {suffix or 'a file without suffix'!r}. Say it with --format text|csv|parquet|jsonl."
    )


def delimiter_of(path: Path, options: ReadOptions) -> str:
    """Character between the fields of a CSV."""
    return options.delimiter or ("\t" if _suffix(path) == ".tsv" else ",")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The list's bytes, decompressed by suffix.

    Raises:
        ValueError: while it is read, if it unpacks to much more than lists do.
    """
    with path.open("rb") as file:
        if path.suffix not in COMPRESSED:
            yield file
            return
        with decompressed(file, path) as packed, io.BufferedReader(_Bounded(packed, path)) as bounded:
            yield cast(IO[bytes], bounded)


def check_unpacked(path: Path, size: int) -> None:
    """Nothing, if a list that is packed may unpack to so many bytes.

    Raises:
        ValueError: it is more than lists do; a few kilobytes can unpack to what fills a disk.
    """
    if size > (most := max(UNPACKED, TIMES * path.stat().st_size)):
        raise ValueError(
            f"{path} unpacks to more than {most >> 20} MB, {TIMES} times its size or more: if that is right, ingest "
            "it unpacked, as text."
        )


class _Bounded(io.RawIOBase):
    """What a compressed list unpacks to, up to the size that is taken for a list's."""

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


def _download(uri: str, local: Path) -> None:
    try:
        with urllib.request.urlopen(uri, timeout=TIMEOUT) as answer, local.open("wb") as file:
            shutil.copyfileobj(answer, file)
            missing = answer.length
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise TransientError(
            f"{uri} cannot be downloaded ({getattr(error, 'reason', error)}): check the address."
        ) from error
    if missing:
        # urllib takes a connection that ends too early for the end of the list.
        raise TransientError(f"{uri} ended {missing} bytes too early: try again.")


def _paths(named: str) -> list[str]:
    if not named:
        # As a path it would be the working directory.
        raise FileNotFoundError("'' is no list: name a file, a folder, a glob or a URL.")
    try:
        path = Path(named).expanduser()
        is_folder = path.is_dir()
    except (RuntimeError, OSError) as error:
        told = getattr(error, "strerror", error)
        raise FileNotFoundError(f"{named[:LONGEST_TOLD]!r} leads nowhere: {told}") from error
    if is_folder:
        files = (file for file in path.iterdir() if not file.is_dir() and not file.name.startswith("."))
        paths = sorted(file for file in files if _suffix(file) in SUFFIXES)
        if not paths:
            raise NoListFound(
                f"{_told(str(path))} holds no list: a list ends in {', '.join(SUFFIXES)}, each also .gz or .zst."
            )
    elif path.exists():
        paths = [path]
    else:
        matches = map(Path, sorted(glob.glob(str(path), recursive=True)))
        paths = [match for match in matches if not match.is_dir()]
        if not paths:
            raise (NoListFound if glob.has_magic(str(path)) else FileNotFoundError)(f"{_told(named)} does not exist.")
    # A link keeps its own name: what it leads to tomorrow replaces what it leads to today.
    return [_told(os.path.normpath(file.absolute())) for file in paths]


def _told(address: str) -> str:
    """The address as text that can be shown; `local_file` refuses it if that is another."""
    return UNTOLD.sub(INSTEAD, address)


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix in COMPRESSED else path).suffix.lower()
