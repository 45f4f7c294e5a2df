"""Export a home to one archive, and restore a home from it after every byte is checked."""

import hashlib
import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
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
from makemore.progress import phase, track
from makemore.versions import registry
from makemore.versions.folder import MANIFEST, VERSION_NAME
from makemore.versions.store import list_versions

HOME_FILES = re.compile(rf"makemore\.(duckdb|toml)|registry\.json|versions/{VERSION_NAME.pattern}/.+", re.DOTALL)
"""Exported files of a home. The next run makes drafts and checkpoints again."""

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class ExportSummary:
    """Number of files in an archive, their size in bytes, the versions among them, and the time of the export."""

    files: int
    bytes: int
    versions: tuple[str, ...]
    created_at: str
    left_out: tuple[str, ...] = ()
    """Damaged versions, which are not exported."""


def export_home(home: Path, file: Path) -> ExportSummary:
    """Write the database, the registry, makemore.toml and the versions of a home to an archive.

    The caller holds the lock of the home. The archive is read back before it replaces an earlier one. Damaged versions
    are left out.

    Raises:
        NotFound: the home is empty, or the folder of the archive does not exist.
        InvalidOption: the archive would be inside the home, or its suffix is unknown.
        CorruptData: the database or the registry is damaged.
    """
    archive.check_suffix(file)
    check_target(file)
    if file.resolve().is_relative_to(home.resolve()):
        raise InvalidOption(f"{file} is inside the home", "use another folder, at best on another disk")
    with phase(f"checking {home}"):
        files, left_out = _files(Home(home))
    contents = {"format": archive.FORMAT, "makemore": __version__, "created_at": registry.timestamp(), "files": files}
    # One name for all exports of a home: the next export overwrites the leftover of a killed one.
    aside = file.with_name(f".{hashlib.sha256(bytes(home.resolve())).hexdigest()[:12]}.export.partial")
    try:
        archive.write(aside, file, home, contents)
        with archive.reading(aside, file) as (_, members):
            for member in track(members, f"checking {file}", len(files)):
                for _ in member.chunks:
                    pass
        sync(aside)
        aside.replace(file)
        sync(file.resolve().parent)
    finally:
        aside.unlink(missing_ok=True)
    return _summary(contents, left_out)


def restore(file: Path, home: Path) -> ExportSummary:
    """Unpack an archive beside a new home, check it, and move it into place atomically.

    Raises:
        NotFound: the archive does not exist.
        InvalidOption: the home exists and is not empty.
        CorruptArchive: the archive or its home is damaged, or the disk is too small.
    """
    archive.check_suffix(file)
    if not file.is_file():
        raise NotFound(f"{file} does not exist or is not a file")
    target = home.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidOption(f"--home {home} is not empty", "use a new folder")
    with locked_home(target.with_name(f".{target.name}.restoring"), "makemore restore", wait=0) as aside:
        try:
            _clear(aside)
            contents = _unpack(file, aside)
            _check(aside)
            _put_in_place(aside, target)
        except CorruptArchive as error:
            raise CorruptArchive(f"{file} cannot be restored: {error}. Nothing was changed.") from error
        finally:
            shutil.rmtree(aside.path, ignore_errors=True)
    return _summary(contents)


def _files(home: Home) -> tuple[dict[str, Any], list[str]]:
    """The fingerprint of each file to export, and the damaged versions."""
    files, left_out = {}, []
    if home.db.exists():
        with connect(home.db) as con:
            # Moves what a killed run committed from the .wal file into the database.
            con.execute("checkpoint")
        for problem in checking.database_problems(home):
            raise CorruptData(f"{home.db} is damaged: {problem}", "run `makemore verify`")
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
        raise NotFound(f"{home.path} has nothing to export: no list and no version")
    if home.config.exists():
        files[home.config.name] = fingerprint(home.config)
    return files, left_out


def _clear(aside: Home) -> None:
    """Delete the leftovers of a killed restore."""
    for path in aside.path.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (".lock", ".holder.json"):
            path.unlink()


def _unpack(file: Path, aside: Home) -> archive.Contents:
    """Unpack an archive into a folder and flush it to the disk; the contents of the archive."""
    with archive.reading(file, file) as (contents, members):
        size = sum(expected["bytes"] for expected in contents["files"].values())
        free = shutil.disk_usage(aside.path).free
        if size > free:
            raise CorruptArchive(f"it needs {size:,} bytes, {aside.path.parent} has {free:,} free")
        for path in contents["files"]:
            if not HOME_FILES.fullmatch(path):
                raise CorruptArchive(f"{path} is not a file of a home")
        for member in track(members, f"restoring {file}", len(contents["files"])):
            path = aside.path / member.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as opened:
                opened.writelines(member.chunks)
            path.chmod(member.mode)
            sync(path)
    return contents


def _check(aside: Home) -> None:
    """Raise unless the database, the registry and each version of an unpacked home are intact."""
    if aside.db.exists():
        for problem in checking.database_problems(aside):
            raise CorruptArchive(f"{aside.db.name} is damaged: {problem}")
    try:
        registry.read(aside)
    except CorruptData as error:
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
        raise InvalidOption(f"--home {target} cannot be created ({error.strerror})", "use a new folder") from error
    sync(target.parent)


def _summary(contents: archive.Contents, left_out: Sequence[str] = ()) -> ExportSummary:
    files = contents["files"]
    versions = sorted({path.split("/")[1] for path in files if "/" in path})
    size = sum(expected["bytes"] for expected in files.values())
    return ExportSummary(len(files), size, tuple(versions), contents["created_at"], tuple(left_out))
