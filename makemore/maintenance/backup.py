"""The steps that keep a home in one file, and make it a home again once every byte of it is checked."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from makemore import __version__
from makemore.database import connect
from makemore.errors import CorruptArchive, CorruptData, InvalidOption, NotFound
from makemore.files import archive
from makemore.files.atomic import check_target, sync
from makemore.files.checksums import fingerprint
from makemore.home import Home, locked_home
from makemore.maintenance import checking
from makemore.progress import track
from makemore.versions import registry
from makemore.versions.folder import MANIFEST, VERSION_NAME
from makemore.versions.store import list_versions

OF_A_HOME = re.compile(rf"makemore\.duckdb|registry\.json|versions/{VERSION_NAME.pattern}/.+", re.DOTALL)
"""Files of a home that are kept. Drafts and trainings are not: the next run makes them anew."""

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Kept:
    """What a file keeps of a home: how many files of how many bytes, which versions, as of when."""

    files: int
    bytes: int
    versions: tuple[str, ...]
    created_at: str
    left_out: tuple[str, ...] = ()
    """Versions that are damaged, and not kept."""


def export_home(home: Path, file: Path) -> Kept:
    """What a file now keeps of a home: lists, relations, registry and versions. Only for who holds the home.

    It is read back before it takes the place of what had its name; a version that is damaged is left out.

    Raises:
        FileNotFoundError: the home has nothing to keep, or the file's folder does not exist.
        ValueError: the file lies in the home or has another suffix; the database or the registry is damaged.
    """
    place = Home(home)
    archive.check_suffix(file)
    check_target(file)
    if file.resolve().is_relative_to(home.resolve()):
        raise InvalidOption(f"{file} lies in the home itself: keep it somewhere else, best on another disk.")
    files, left_out = _files(place)
    contents = {
        "format": archive.FORMAT,
        "makemore": __version__,
        "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "files": files,
    }
    # One name for all exports of a home, which is held: what a killed one left is written over by the next.
    aside = file.with_name(f".{hashlib.sha256(bytes(home.resolve())).hexdigest()[:12]}.export.partial")
    try:
        archive.write(aside, file, home, contents)
        with archive.reading(aside, file) as (_, members):
            for member in track(members, f"checking {file}", len(files)):
                for _ in member.pieces:
                    pass
        sync(aside)
        aside.replace(file)
        sync(file.resolve().parent)
    finally:
        aside.unlink(missing_ok=True)
    return _kept(contents, left_out)


def restore(file: Path, home: Path) -> Kept:
    """What was restored: a home that did not exist, moved into place by one rename once all of it is checked.

    Raises:
        FileNotFoundError: there is no such file.
        FileExistsError: the home exists, and is not empty.
        ValueError: the file is not as it was written, what it holds is no whole home, or it does not fit on the disk.
    """
    archive.check_suffix(file)
    if not file.is_file():
        raise NotFound(f"{file} does not exist, or is no file.")
    target = home.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{home} is not empty: restore into a new folder, or move what is there away.")
    with locked_home(target.with_name(f".{target.name}.restoring"), "makemore restore", wait=0) as aside:
        try:
            _clear(aside)
            contents = _unpack(file, aside)
            _check(aside, contents)
            _put_in_place(aside, target)
        except CorruptArchive as error:
            raise CorruptArchive(f"{file} cannot be restored: {error}. Nothing was changed.") from error
        finally:
            shutil.rmtree(aside.path, ignore_errors=True)
    return _kept(contents)


def _files(home: Home) -> tuple[dict[str, Any], list[str]]:
    """The files of a home that are kept, each with its hash and size, and the versions that are left out."""
    files, left_out = {}, []
    if home.db.exists():
        with connect(home.db) as con:
            # What a killed run wrote beside the file, in a .wal, is in it when this is closed.
            con.execute("checkpoint")
        for problem in checking.database_problems(home):
            raise CorruptData(f"{home.db} is damaged: {problem}. `makemore verify` says more, and what to do.")
        files[home.db.name] = fingerprint(home.db)
    registry.read(home)
    if (home.path / registry.REGISTRY).exists():
        files[registry.REGISTRY] = fingerprint(home.path / registry.REGISTRY)
    for version in list_versions(home):
        if problems := list(version.verify()):
            log.warning("left out damaged version %s: %s", version.name, "; ".join(problems))
            left_out.append(version.name)
            continue
        inside = version.manifest["files"] | {MANIFEST: fingerprint(version.path / MANIFEST)}
        files |= {f"{home.versions.name}/{version.name}/{path}": hashes for path, hashes in sorted(inside.items())}
    if not files:
        raise NotFound(f"{home.path} has nothing to export: no list, and no version.")
    return files, left_out


def _clear(aside: Home) -> None:
    """Delete what a killed restore left."""
    for path in aside.path.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (".lock", ".holder.json"):
            path.unlink()


def _unpack(file: Path, aside: Home) -> archive.Contents:
    """The contents of a bundle, all of them in a folder now, and on the disk."""
    with archive.reading(file, file) as (contents, members):
        size, free = sum(told["bytes"] for told in contents["files"].values()), shutil.disk_usage(aside.path).free
        if size > free:
            raise CorruptArchive(f"it holds {size:,} bytes, and {aside.path.parent} has {free:,} free")
        for path in contents["files"]:
            if not OF_A_HOME.fullmatch(path):
                raise CorruptArchive(f"{path} is no file of a home")
        for member in track(members, f"restoring {file}", len(contents["files"])):
            path = aside.path / member.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as opened:
                for piece in member.pieces:
                    opened.write(piece)
            path.chmod(member.mode)
            sync(path)
    return contents


def _check(aside: Home, contents: archive.Contents) -> None:
    """Nothing, if what was unpacked is a home: its database can be read, its registry, and each version is whole."""
    if aside.db.name in contents["files"]:
        for problem in checking.database_problems(aside):
            raise CorruptArchive(f"{aside.db.name} is damaged: {problem}")
    try:
        registry.read(aside)
    except ValueError as error:
        raise CorruptArchive(f"{registry.REGISTRY} is damaged") from error
    for version in list_versions(aside):
        for problem in version.verify():
            raise CorruptArchive(f"{version.name} is damaged: {problem}")


def _put_in_place(aside: Home, target: Path) -> None:
    for path in aside.path.rglob("*"):
        if path.is_dir():
            sync(path)
    sync(aside.path)
    (aside.path / ".holder.json").unlink()
    try:
        aside.path.rename(target)
    except OSError as error:
        raise InvalidOption(
            f"{target} cannot be put in its place ({error.strerror}): restore into a folder that does not exist."
        ) from error
    sync(target.parent)


def _kept(contents: archive.Contents, left_out: Sequence[str] = ()) -> Kept:
    files = contents["files"]
    versions = sorted({path.split("/")[1] for path in files if "/" in path})
    size = sum(told["bytes"] for told in files.values())
    return Kept(len(files), size, tuple(versions), contents["created_at"], tuple(left_out))
