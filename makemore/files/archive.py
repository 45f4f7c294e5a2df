"""A tar archive whose first member lists all others with size and SHA-256; every byte is checked while it is read."""

from __future__ import annotations

import hashlib
import io
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
"""Name of the first member."""
MAX_CONTENTS = 1 << 26
"""Largest size of the first member, in bytes: it is read into memory."""
MIN_END = 2 * tarfile.BLOCKSIZE
MAX_END = MIN_END + tarfile.RECORDSIZE
"""Bytes after the last member: two blocks of zeros, then the rest of a record."""
SUFFIXES = (".tar", ".tar.gz", ".tar.zst")
CHUNK_SIZE = 1 << 20
PATH = re.compile(r"(?!.*(?:^|/)\.{0,2}(?:/|$))[^\0\\]+", re.DOTALL)
"""A relative path without an empty part, '.' or '..'."""

Contents = Mapping[str, Any]
"""An object with `format`, and `files`: the `sha256` and `bytes` of each path."""


@dataclass(frozen=True)
class Member:
    """A file of an archive. Read all chunks before the next member."""

    path: str
    mode: int
    chunks: Iterator[bytes]


def check_suffix(file: Path) -> None:
    """Raise InvalidOption unless the suffix is that of an archive."""
    if not file.name.lower().endswith(SUFFIXES):
        raise InvalidOption(f"{file}: unknown suffix of an archive", f"use one of {', '.join(SUFFIXES)}")


def write(target: Path, name: Path, folder: Path, contents: Contents) -> None:
    """Write the files that `contents` lists from a folder, compressed by the suffix of `name`."""
    text = json.dumps(with_checksum(contents), indent=2).encode()
    with (
        target.open("wb") as file,
        compressed(file, name) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="strict") as tar,
    ):
        info = tarfile.TarInfo(CONTENTS)
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
        for path, fingerprint in contents["files"].items():
            stat, info = (folder / path).stat(), tarfile.TarInfo(path)
            info.size, info.mode, info.mtime = fingerprint["bytes"], stat.st_mode & 0o777, int(stat.st_mtime)
            with (folder / path).open("rb") as opened:
                tar.addfile(info, opened)


@contextmanager
def reading(file: Path, name: Path) -> Iterator[tuple[Contents, Iterator[Member]]]:
    """The contents of an archive, compressed by the suffix of `name`, and its members in order.

    tarfile alone accepts links, devices, absolute paths, headers of any size, an archive that ends early and endless
    bytes after its end. Here each member must be a regular file with the path, size and SHA-256 that the contents list.

    Raises:
        CorruptArchive: the archive differs from what `write` wrote. Members raise it too.
    """
    with file.open("rb") as opened, decompressed(opened, name) as stream:
        source = _Source(stream)
        try:
            with tarfile.open(fileobj=source, mode="r|", tarinfo=_Header, encoding="utf-8", errors="strict") as tar:
                contents = _read_contents(tar)
                yield contents, _members(source, tar, contents["files"])
        except (tarfile.TarError, UnicodeError) as error:
            raise CorruptArchive(str(error)) from error


def _members(source: _Source, tar: tarfile.TarFile, files: Mapping[str, Any]) -> Iterator[Member]:
    for path, expected in files.items():
        info = tar.next()
        if info is None or (info.name, info.size) != (path, expected["bytes"]):
            actual = f"{info.name} of {info.size} bytes" if info else "end"
            raise CorruptArchive(f"{actual} instead of {path} of {expected['bytes']} bytes")
        digest = hashlib.sha256()
        yield Member(path, info.mode & 0o777, _chunks(tar, info, digest))
        if digest.hexdigest() != expected["sha256"]:
            raise CorruptArchive(f"{path}: checksum mismatch")
    if info := tar.next():
        raise CorruptArchive(f"unexpected member {info.name}")
    while (end := source.tell() - tar.offset) <= MAX_END and source.read(tarfile.BLOCKSIZE):
        pass
    if end > MAX_END:
        raise CorruptArchive("bytes after its end")
    # Earlier archives of this format end with the two blocks.
    if end < MIN_END or (end > MIN_END and source.tell() % tarfile.RECORDSIZE):
        raise CorruptArchive("truncated")


def _chunks(tar: tarfile.TarFile, info: tarfile.TarInfo, digest: hashlib._Hash) -> Iterator[bytes]:
    file = tar.extractfile(info)
    while file and (chunk := file.read(CHUNK_SIZE)):
        digest.update(chunk)
        yield chunk


def _read_contents(tar: tarfile.TarFile) -> Contents:
    info = tar.next()
    if info is None or info.name != CONTENTS or info.size > MAX_CONTENTS:
        raise CorruptArchive(f"its first member is not {CONTENTS}")
    text = b"".join(_chunks(tar, info, hashlib.sha256()))
    try:
        contents: dict[str, Any] = json.loads(text)
        if CHECKSUM not in contents or not checksum_matches(contents):
            raise ValueError("checksum mismatch")
        if contents["format"] != FORMAT:
            raise CorruptArchive(f"its format is {contents['format']}. Use makemore {contents['makemore']}")
        for path, expected in contents["files"].items():
            is_size = isinstance(expected["bytes"], int) and expected["bytes"] >= 0
            if not (PATH.fullmatch(path) and is_size and SHA256.fullmatch(expected["sha256"])):
                raise ValueError(f"invalid path, size or checksum of {path!r}")
    except CorruptArchive:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptArchive(f"{CONTENTS} is damaged ({type(error).__name__}: {error})") from error
    return contents


class _Header(tarfile.TarInfo):
    """The header of a regular file, exactly as `write` writes it: no link, device, folder or extended header."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        info = super().frombuf(buf, encoding, errors)
        if info.type != tarfile.REGTYPE or info.tobuf(tarfile.GNU_FORMAT, encoding, errors) != buf:
            raise CorruptArchive(f"unexpected header of {info.name!r}")
        return info


class _Source(io.RawIOBase):
    """A stream that counts its bytes. Its errors say that the archive is corrupt."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.position = stream, 0

    def read(self, size: int = -1) -> bytes:
        try:
            data = bytes(self.stream.read(size))
        except Exception as error:
            raise CorruptArchive(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
        self.position += len(data)
        return data

    def tell(self) -> int:
        return self.position
