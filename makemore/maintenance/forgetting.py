"""The steps that forget: a list or a name leaves the database and its counts, and versions made of it are marked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from makemore.database import connect, transaction
from makemore.errors import CorruptVersion
from makemore.home import Home, clear_staging
from makemore.ingest import quarantine
from makemore.ingest import store as wh
from makemore.pipeline.build import keep_up
from makemore.relations import incremental
from makemore.versions import registry
from makemore.versions.store import list_versions
from makemore.versions.version import Version

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten: how many lines of which lists, and the published versions that were made of it."""

    lines: int
    lists: tuple[str, ...]
    versions: tuple[str, ...]


def forget_source(home: Path, source: str) -> Forgotten:
    """What there was of a list, which is gone from the database now, and is not taken in again.

    `source` is its address, or the end of it where only one list has that end.

    Raises:
        FileNotFoundError: the home has no such list.
    """
    now, lines = datetime.now(UTC), 0
    with connect(Home(home).db) as con:
        wh.create_tables(con)
        # What was forgotten by a run that did not end is forgotten to the end.
        known = {row["uri"]: row for row in [*quarantine.forgotten(con), *quarantine.held(con), *wh.sources(con)]}
        uri = quarantine.one_of(list(known), source, "was taken in or is held back")
        # The same bytes that other addresses brought are the same list; what an address had before is, too.
        sha256s = {row["sha256"] for row in [*quarantine.held(con), *known.values()] if row["uri"] == uri}
        same = [row for row in known.values() if row["sha256"] in sha256s]
        uris = tuple(row["uri"] for row in same)
        made_of = [
            version
            for version, sources in _sources_of_versions(Home(home))
            if any(row["sha256"] in sha256s or row["uri"] in uris for row in sources)
        ]
        what = f"the list {uri}, sha256 {min(sha256s)[:12]}"
        _mark(home, made_of, what)
        with transaction(con):
            for row in same:
                lines += wh.forget(con, row["source_id"]) if "source_id" in row else 0
                for sha256 in sha256s:
                    quarantine.forget_source(con, row["uri"], sha256, now)
    return _finish(home, Forgotten(lines, uris, tuple(made_of)), what)


def forget_name(home: Path, name: str) -> Forgotten:
    """What there was of a name, in capitals or not, which is gone from the database now, and is not taken in again.

    Raises:
        ValueError: there is no name.
    """
    if not name.strip():
        raise ValueError("--name is empty: say which name is to be forgotten.")
    now, lines, lists = datetime.now(UTC), 0, []
    with connect(Home(home).db) as con:
        wh.create_tables(con)
        digest = quarantine.digest_of(con, name.strip())
        made_of = [version.name for version in list_versions(Home(home)) if _has(version, digest)]
        what = f"a name, sha256 {digest[:12]}"
        _mark(home, made_of, what)
        with transaction(con):
            quarantine.forget_name(con, name.strip(), now)
            for row in wh.sources(con):
                if gone := wh.reject_forgotten(con, row["source_id"]):
                    lines += gone
                    lists.append(row["uri"])
    return _finish(home, Forgotten(lines, tuple(lists), tuple(made_of)), what)


def _mark(home: Path, made_of: list[str], what: str) -> None:
    """Mark the versions, first of all: whatever happens next, none that has it is taken for a good one."""
    registry.mark_forgotten(Home(home), dict.fromkeys(made_of, what))


def _finish(home: Path, forgotten: Forgotten, what: str) -> Forgotten:
    """The same, once the counts know of it, and no file of the home has it but those of the marked versions."""
    with connect(Home(home).db) as con:
        keep_up(con)
    incremental.compact(Home(home).db)
    clear_staging(Home(home))
    for saved in Home(home).checkpoints.glob("*.safetensors"):
        saved.unlink()
    log.info("forgot %s: %d lines, %d versions marked", what, forgotten.lines, len(forgotten.versions))
    return forgotten


def _sources_of_versions(home: Home) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for version in list_versions(home):
        try:
            yield version.name, version.sources
        except CorruptVersion as error:
            log.warning("%s cannot be looked into: %s", version.name, error)


def _has(version: Version, digest: str) -> bool:
    """Whether a version was made of the name that has this hash; one that is damaged is taken to be."""
    try:
        with connect(version.stats, read_only=True) as con:
            found = con.execute("select 1 from split_names where sha256(lower(name)) = ? limit 1", [digest]).fetchall()
    except (ValueError, FileNotFoundError, duckdb.Error) as error:
        log.warning("%s cannot be looked into, and is marked: %s", version.name, error)
        return True
    return bool(found)
