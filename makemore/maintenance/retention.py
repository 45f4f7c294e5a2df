"""The step that keeps a home from filling the disk: old versions go, and what killed runs left."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from makemore.errors import InvalidOption
from makemore.files.atomic import sync
from makemore.home import Home
from makemore.versions import registry
from makemore.versions.store import version_names

GOES_ON = 7 * 24 * 3600
"""Seconds after which no run is expected to go on from a training that none has written down again."""

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Freed:
    """What goes, by its path in the home, and its bytes."""

    path: str
    bytes: int


@dataclass(frozen=True)
class Pruned:
    """What went of a home, or would go: versions, then leftovers; and why each other version stays."""

    versions: tuple[Freed, ...]
    leftovers: tuple[Freed, ...]
    kept: Mapping[str, str]

    @property
    def bytes(self) -> int:
        """All that is freed."""
        return sum(freed.bytes for freed in (*self.versions, *self.leftovers))


def prune(home: Path, keep: int, *, dry_run: bool = False) -> Pruned:
    """What was freed: versions older than the newest `keep`, and what killed runs left. Only for who holds the home.

    The champion, the previous champion and pinned versions stay whatever their age, and all of them where it is not
    known what serves. The newest are those whose names come last, damaged ones among them: what is damaged is for
    `makemore verify` to tell, and not to vanish before its time.

    Raises:
        ValueError: fewer than one is to be kept, or the registry is damaged; nothing is deleted.
        OSError: something cannot be deleted; all else is.
    """
    if keep < 1:
        raise InvalidOption(f"--keep {keep}: use 1 or more.")
    place = Home(home)
    published, why = version_names(place), _why_kept(place, keep)
    versions = [place.versions / version for version in published if version not in why]
    leftovers = sorted(_leftovers(place))
    pruned = Pruned(_told(place, versions), _told(place, leftovers), why)
    if not dry_run:
        stuck = [error for path in leftovers if (error := _why_stuck(path))]
        _retire(place, versions)
        if stuck:
            raise stuck[0]
        for freed in (*pruned.versions, *pruned.leftovers):
            log.info("deleted %s, %s bytes", freed.path, f"{freed.bytes:,}")
    return pruned


def _why_kept(home: Home, keep: int) -> dict[str, str]:
    """The versions that stay, oldest first, and why."""
    published, known = version_names(home), registry.read(home)
    if known.champion is None:
        return dict.fromkeys(published, "it is not known what serves: the next run says")
    # Those that are marked are to go, as soon as they neither serve nor are pinned.
    fit = [version for version in published if version not in known.forgotten]
    newest = {version: f"{age} of the newest {keep}" for age, version in enumerate(reversed(fit[-keep:]), 1)}
    marked = {version: ", ".join(known.marks(version)) for version in known.protected}
    return {version: marked.get(version) or newest[version] for version in published if version in marked | newest}


def _retire(home: Home, versions: list[Path]) -> None:
    """Delete versions: each leaves by one rename, and only then is taken apart."""
    home.staging.mkdir(exist_ok=True)
    retired = [version.rename(home.staging / version.name) for version in versions]
    if versions:
        sync(home.versions)
    known = registry.read(home)
    # After the rename: a version that was still there without its mark could be promoted.
    if gone := set(known.forgotten) - set(version_names(home)) - known.protected:
        registry.drop(home, gone)
    for path in retired:
        _delete(path)
    with suppress(OSError):
        # What cannot be deleted is in it.
        home.staging.rmdir()


def _leftovers(home: Home) -> Iterator[Path]:
    """What killed runs left: drafts, versions half deleted, files half written, trainings that nothing goes on from."""
    yield from home.staging.glob("*")
    for written in (registry.REGISTRY, home.db.name):
        yield from home.path.glob(f".{written}.*.partial*")
    yield from home.path.glob(f"{home.db.name}.tmp")
    for path in home.checkpoints.glob("*"):
        if path.name.endswith(".partial") or time.time() - path.stat().st_mtime > GOES_ON:
            yield path


def _told(home: Home, paths: list[Path]) -> tuple[Freed, ...]:
    return tuple(Freed(path.relative_to(home.path).as_posix(), _bytes(path)) for path in paths)


def _bytes(path: Path) -> int:
    inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    return sum(found.lstat().st_size for found in inside if found.is_symlink() or not found.is_dir())


def _why_stuck(path: Path) -> OSError | None:
    """Why something cannot be deleted; None if it could."""
    try:
        _delete(path)
    except OSError as error:
        return error
    return None


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
