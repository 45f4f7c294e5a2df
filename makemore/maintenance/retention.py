"""Delete old versions and the leftovers of killed runs."""

import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from makemore.files.atomic import sync
from makemore.files.sizes import size
from makemore.home import Home
from makemore.options import check_keep
from makemore.versions import registry
from makemore.versions.registry import Promotion, Registry
from makemore.versions.run_record import LAST_RUN
from makemore.versions.store import version_names

MAX_CHECKPOINT_AGE = 7 * 24 * 3600
"""Seconds without a write after which no run resumes from a checkpoint."""

NEXT = "the next version"

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Deleted:
    """A deleted file or folder: its path in the home and its size in bytes."""

    path: str
    bytes: int


@dataclass(frozen=True)
class Pruned:
    """Deleted versions and leftovers, and the reason for each version that stays."""

    versions: tuple[Deleted, ...]
    leftovers: tuple[Deleted, ...]
    kept: Mapping[str, str]

    @property
    def bytes(self) -> int:
        """Total size."""
        return sum(deleted.bytes for deleted in (*self.versions, *self.leftovers))


def prune(home: Path, keep: int, *, dry_run: bool = False) -> Pruned:
    """Delete versions older than the newest `keep`, and leftovers. The caller holds the lock of the home.

    Champion, previous champion and pinned versions stay; without a champion all versions do. Damaged versions count
    and age like others, so that `makemore verify` can report them.

    Raises:
        InvalidOption: `keep` is less than 1.
        CorruptData: the registry is damaged; nothing is deleted.
        OSError: something cannot be deleted; everything else is.
    """
    pruned, place = would_prune(home, keep), Home(home)
    if not dry_run:
        errors = []
        for leftover in pruned.leftovers:
            try:
                _delete(place.path / leftover.path)
            except OSError as error:
                errors.append(error)
        _retire(place, [place.path / version.path for version in pruned.versions])
        if errors:
            raise errors[0]
        for deleted in (*pruned.versions, *pruned.leftovers):
            log.info("deleted %s, %s bytes", deleted.path, f"{deleted.bytes:,}")
    return pruned


def would_prune(home: Path, keep: int, *, publishes: bool = False) -> Pruned:
    """What `prune` would delete; with `publishes`, after a run that publishes one more version and promotes it.

    Raises:
        InvalidOption: `keep` is less than 1.
        CorruptData: the registry is damaged.
    """
    check_keep(keep)
    place = Home(home)
    published, known = version_names(place), registry.read(place)
    if publishes:
        known = known.with_decision(Promotion(NEXT, "", registry.timestamp(), "promoted"))
    why = _why_kept([*published, *[NEXT] * publishes], known, keep)
    versions = [place.versions / version for version in published if version not in why]
    return Pruned(_deleted(place, versions), _deleted(place, sorted(_leftovers(place))), why)


def _why_kept(published: list[str], known: Registry, keep: int) -> dict[str, str]:
    """The versions that stay, oldest first, with the reason."""
    if known.champion is None:
        return dict.fromkeys(published, "no champion is known until the next run")
    # Forgotten versions stay only while they are protected.
    unmarked = [version for version in published if version not in known.forgotten]
    newest = {version: f"{age} of the newest {keep}" for age, version in enumerate(reversed(unmarked[-keep:]), 1)}
    marked = {version: ", ".join(known.marks(version)) for version in known.protected}
    return {version: marked.get(version) or newest[version] for version in published if version in marked | newest}


def _retire(home: Home, versions: list[Path]) -> None:
    """Move each version away atomically, then delete it."""
    home.staging.mkdir(exist_ok=True)
    retired = [version.rename(home.staging / version.name) for version in versions]
    if versions:
        sync(home.versions)
    known = registry.read(home)
    # After the rename: an unmarked version that still exists could be promoted.
    if gone := set(known.forgotten) - set(version_names(home)) - known.protected:
        registry.drop(home, gone)
    for path in retired:
        _delete(path)
    with suppress(OSError):
        # It contains files that cannot be deleted.
        home.staging.rmdir()


def _leftovers(home: Home) -> Iterator[Path]:
    """Leftovers of killed runs: drafts, partly deleted versions, partial files, old checkpoints."""
    yield from home.staging.glob("*")
    for written in (registry.REGISTRY, LAST_RUN, home.db.name):
        yield from home.path.glob(f".{written}.*.partial*")
    yield from home.path.glob(f"{home.db.name}.tmp")
    for path in home.checkpoints.glob("*"):
        if path.name.endswith(".partial") or time.time() - path.stat().st_mtime > MAX_CHECKPOINT_AGE:
            yield path


def _deleted(home: Home, paths: list[Path]) -> tuple[Deleted, ...]:
    return tuple(Deleted(path.relative_to(home.path).as_posix(), size(path)) for path in paths)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
