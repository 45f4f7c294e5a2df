"""A tar file that begins with what is in it: written in a stream, and read to its last byte or refused."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from makemore.errors import CorruptArchive, InvalidOption
from makemore.files.checksums import CHECKSUM, SHA256, checksum_matches, with_checksum
from makemore.files.compression import compressed, decompressed

FORMAT = 1
CONTENTS = "export.json"
"""The first member: what all others are."""
LONGEST_CONTENTS = 1 << 26
SUFFIXES = (".tar", ".tar.gz", ".tar.zst")
BLOCK = tarfile.BLOCKSIZE
PIECE = 1 << 20
PATH = re.compile(r"(?!.*(?:^|/)\.{0,2}(?:/|$))[^\0\\]+", re.DOTALL)
"""A path below a folder: relative, none of its parts empty, '.' or '..'."""

Contents = Mapping[str, Any]
"""An object with `format`, and `files`: by path, the `sha256` and `bytes` of each."""


@dataclass(frozen=True)
class Member:
    """A file of a bundle: its path, its mode, and its bytes, to be read to their end before the next one."""

    path: str
    mode: int
    pieces: Iterator[bytes]


def check_suffix(file: Path) -> None:
    """Nothing, if a bundle can have this name.

    Raises:
        ValueError: its suffix is that of no bundle.
    """
    if not file.name.lower().endswith(SUFFIXES):
        raise InvalidOption(f"{file}: an export ends in {', '.join(SUFFIXES)}.")


def write(target: Path, name: Path, folder: Path, contents: Contents) -> None:
    """Write the files of a folder that `contents` tells, compressed as the suffix of `name` says."""
    told = json.dumps(with_checksum(contents), indent=2).encode()
    with target.open("wb") as file, compressed(file, name) as stream:
        first = tarfile.TarInfo(CONTENTS)
        first.size, first.mode = len(told), 0o644
        stream.write(_header(first) + told + _padding(first.size))
        for path, fingerprint in contents["files"].items():
            stat = (folder / path).stat()
            info = tarfile.TarInfo(path)
            info.size, info.mode, info.mtime = fingerprint["bytes"], stat.st_mode & 0o777, int(stat.st_mtime)
            stream.write(_header(info))
            with (folder / path).open("rb") as opened:
                while piece := opened.read(PIECE):
                    stream.write(piece)
            stream.write(_padding(info.size))
        stream.write(bytes(2 * BLOCK))


@contextmanager
def reading(file: Path, name: Path) -> Iterator[tuple[Contents, Iterator[Member]]]:
    """The contents of a bundle, compressed as the suffix of `name` says, and its members in their order.

    Nothing is taken on trust: each header must be the one that `write` gives for what the contents tell, each file
    must have its hash, and nothing may stand between or after. So no path leads out, nothing is a link, and no more
    comes than is told beforehand.

    Raises:
        CorruptArchive: it is not as it was written, whenever that is found.
    """
    with file.open("rb") as opened, decompressed(opened, name) as stream:
        source = _Source(stream)
        contents = _read_contents(source)
        yield contents, _members(source, contents["files"])


def _members(source: _Source, files: Mapping[str, Any]) -> Iterator[Member]:
    for path, told in files.items():
        info = source.header()
        if (info.name, info.size) != (path, told["bytes"]):
            raise CorruptArchive(
                f"{info.name} of {info.size} bytes stands where {path} of {told['bytes']} bytes should"
            )
        digest = hashlib.sha256()
        yield Member(path, info.mode & 0o777, _pieces(source, info.size, digest))
        if digest.hexdigest() != told["sha256"]:
            raise CorruptArchive(f"{path} is not what was written")
    if source.exactly(2 * BLOCK).strip(b"\0") or source.read(1):
        raise CorruptArchive("something stands after its end")


def _pieces(source: _Source, size: int, digest: Any) -> Iterator[bytes]:
    left = size
    while left:
        piece = source.exactly(min(PIECE, left))
        left -= len(piece)
        digest.update(piece)
        yield piece
    if source.exactly(len(_padding(size))).strip(b"\0"):
        raise CorruptArchive("something stands between its files")


def _read_contents(source: _Source) -> Contents:
    info = source.header()
    if info.name != CONTENTS or info.size > LONGEST_CONTENTS:
        raise CorruptArchive(f"it does not begin with {CONTENTS}")
    text = b"".join(_pieces(source, info.size, hashlib.sha256()))
    try:
        told: dict[str, Any] = json.loads(text)
        if CHECKSUM not in told or not checksum_matches(told):
            raise ValueError("its hash does not fit")
        if told["format"] != FORMAT:
            raise CorruptArchive(
                f"it is of format {told['format']}, which makemore {told['makemore']} wrote: use that one"
            )
        for path, fingerprint in told["files"].items():
            _check(path, fingerprint)
    except CorruptArchive:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptArchive(f"{CONTENTS} is damaged ({type(error).__name__}: {error})") from error
    return told


def _check(path: str, fingerprint: Mapping[str, Any]) -> None:
    """Nothing, if a file of a bundle can be this."""
    if not PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no path below a folder")
    size, digest = fingerprint["bytes"], fingerprint["sha256"]
    if not (isinstance(size, int) and size >= 0 and SHA256.fullmatch(digest)):
        raise ValueError(f"{path} has no size, or no hash")


class _Source:
    """A stream whose faults say that the bundle is at fault."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def read(self, size: int) -> bytes:
        """The next bytes: at most as many, none at the end."""
        try:
            return bytes(self.stream.read(size))
        except Exception as error:
            raise CorruptArchive(str(error).splitlines()[0] if str(error) else type(error).__name__) from error

    def exactly(self, size: int) -> bytes:
        """The next bytes, as many."""
        found = bytearray()
        while len(found) < size:
            if not (piece := self.read(size - len(found))):
                raise CorruptArchive("it is cut off")
            found += piece
        return bytes(found)

    def header(self) -> tarfile.TarInfo:
        """What stands in the next header: of a regular file, with nothing in it that `write` would not write."""
        block = self.exactly(BLOCK)
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
            if info.type == tarfile.REGTYPE and _header(info) == block:
                return info
        except (tarfile.TarError, ValueError):
            pass
        raise CorruptArchive("a header is not as makemore writes it")


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)
