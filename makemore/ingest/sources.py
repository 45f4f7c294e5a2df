"""Lists on a disk or a network: their URIs, their bytes and the hash of these."""

import glob
import hashlib
import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from makemore.errors import InvalidInput, NoListFound, NotFound, TransientError
from makemore.files.checksums import fingerprint
from makemore.ingest.compressed import list_suffix
from makemore.ingest.readers import SUFFIXES

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters of a path that control a terminal or the direction of text, and bytes that are not UTF-8."""
REPLACEMENT = "\ufffd"
MAX_SHOWN = 200
"""Characters shown of an invalid path."""
TIMEOUT = 30
"""Seconds without an answer before a download fails."""


def expand(lists: list[str]) -> list[str]:
    """The URIs of the lists of files, folders, globs and URLs, without repetition: absolute paths and URLs.

    Raises:
        NotFound: a path does not exist.
        NoListFound: a folder or a glob has no list.
    """
    return list(dict.fromkeys(uri for name in lists for uri in ([_printable(name)] if is_url(name) else _paths(name))))


def is_url(name: str) -> bool:
    """Whether a list is downloaded."""
    return name.startswith(("http://", "https://"))


@contextmanager
def local_file(uri: str, folder: Path) -> Iterator[Path]:
    """A file with the bytes of a list; a download stays in `folder` until the block ends.

    Raises:
        TransientError: the download fails or is incomplete.
        InvalidInput: the path has unprintable characters.
    """
    if REPLACEMENT in uri:
        message = f"{uri} has a control character or invalid UTF-8 where {REPLACEMENT} stands"
        raise InvalidInput(message, "rename the file")
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


def list_fingerprint(path: Path) -> dict[str, Any]:
    """The fingerprint of the file of a list.

    Raises:
        InvalidInput: it cannot be read, or is not a regular file.
    """
    if path.is_symlink() and not path.exists():
        raise InvalidInput(f"{path} does not exist: broken symlink", "recreate or delete it")
    if not path.is_file():
        raise InvalidInput(f"{path} is not a regular file", "copy its content into a file")
    try:
        return fingerprint(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error


def _download(uri: str, local: Path) -> None:
    try:
        with urllib.request.urlopen(uri, timeout=TIMEOUT) as answer, local.open("wb") as file:
            shutil.copyfileobj(answer, file)
            missing = answer.length
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason = getattr(error, "reason", error)
        raise TransientError(f"{uri} cannot be downloaded ({reason})", "check the URL") from error
    if missing:
        # urllib does not report a connection that was closed too early.
        raise TransientError(f"{uri}: the download ended {missing} bytes too early", "try again")


def _paths(name: str) -> list[str]:
    if not name:
        # As a path it would be the working directory.
        raise NotFound("'' is not a list", "use a file, a folder, a glob or a URL")
    try:
        path = Path(name).expanduser()
        is_folder = path.is_dir()
    except (RuntimeError, OSError) as error:
        raise NotFound(f"invalid path {name[:MAX_SHOWN]!r}: {getattr(error, 'strerror', error)}") from error
    if is_folder:
        files = (file for file in path.iterdir() if not file.is_dir() and not file.name.startswith("."))
        paths = sorted(file for file in files if list_suffix(file) in SUFFIXES)
        if not paths:
            hint = f"a list ends in {', '.join(SUFFIXES)}, each also .gz or .zst"
            raise NoListFound(f"no list in {_printable(str(path))}", hint)
    elif path.exists():
        paths = [path]
    else:
        paths = [match for match in map(Path, sorted(glob.glob(str(path), recursive=True))) if not match.is_dir()]
        if not paths:
            raise (NoListFound if glob.has_magic(str(path)) else NotFound)(f"{_printable(name)} does not exist")
    # A symlink keeps its own path, so that a new target replaces the content of the old one.
    return [_printable(os.path.normpath(file.absolute())) for file in paths]


def _printable(uri: str) -> str:
    """The URI with U+FFFD in place of unprintable characters; `local_file` refuses such a URI."""
    return UNPRINTABLE.sub(REPLACEMENT, uri)
