"""Forget a list or a name: remove it from the database and its counts, and mark the versions that contain it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from makemore.database import connect, transaction
from makemore.errors import CorruptVersion, InvalidOption, MakemoreError
from makemore.home import Home, clear_staging
from makemore.ingest import contents, quarantine, store
from makemore.pipeline.build import update_relations
from makemore.relations import incremental
from makemore.versions import registry
from makemore.versions.store import list_versions
from makemore.versions.version import Version

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Forgotten:
    """The number of lines removed, the URIs of their lists, and the published versions made of them."""

    lines: int
    lists: tuple[str, ...]
    versions: tuple[str, ...]


def forget_source(home: Path, source: str) -> Forgotten:
    """Forget a list, with every list of the same bytes; none of them is ingested again.

    `source` is its URI, or an unambiguous end of it.

    Raises:
        NotFound: no such list, or several.
    """
    now = datetime.now(UTC)
    with connect(Home(home).db) as con:
        store.create_tables(con)
        quarantined = quarantine.quarantined_lists(con)
        # Forgotten lists too: an interrupted run may have forgotten the list but not finished.
        known = {row["uri"]: row for row in [*quarantine.forgotten_lists(con), *quarantined, *store.sources(con)]}
        uri = quarantine.match_uri(list(known), source, "list")
        sha256s = {row["sha256"] for row in [*quarantined, *known.values()] if row["uri"] == uri}
        same = [row for row in known.values() if row["sha256"] in sha256s]
        uris = [row["uri"] for row in same]
        versions = [
            version
            for version, sources in _sources_of_versions(Home(home))
            if any(row["sha256"] in sha256s or row["uri"] in uris for row in sources)
        ]
        what = f"the list {uri}, sha256 {min(sha256s)[:12]}"
        # First, so that an interruption leaves no version unmarked.
        registry.mark_forgotten(Home(home), dict.fromkeys(versions, what))
        with transaction(con):
            contents.forget(con, uris)
            for each in uris:
                for sha256 in sha256s:
                    quarantine.forget_source(con, each, sha256, now)
    lines = sum(row.get("names", 0) + row.get("rejects", 0) for row in same)
    return _finish(home, Forgotten(lines, tuple(uris), tuple(versions)), what)


def forget_name(home: Path, name: str) -> Forgotten:
    """Forget a name in any case; it is not ingested again.

    Raises:
        InvalidOption: the name is empty.
    """
    name = name.strip()
    if not name:
        raise InvalidOption("--name is empty", "use --name NAME")
    with connect(Home(home).db) as con:
        store.create_tables(con)
        sha256 = quarantine.name_sha256(con, name)
        versions = [version.name for version in list_versions(Home(home)) if _has(version, sha256)]
        what = f"a name, sha256 {sha256[:12]}"
        registry.mark_forgotten(Home(home), dict.fromkeys(versions, what))
        with transaction(con):
            quarantine.forget_name(con, name, datetime.now(UTC))
            lines = contents.reject_forgotten(con)
    return _finish(home, Forgotten(sum(lines.values()), tuple(lines), tuple(versions)), what)


def _finish(home: Path, forgotten: Forgotten, what: str) -> Forgotten:
    """Update the counts, and remove the deleted rows from every file but those of the marked versions."""
    with connect(Home(home).db) as con:
        update_relations(con)
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
            log.warning("cannot read the lists of %s: %s", version.name, error)


def _has(version: Version, sha256: str) -> bool:
    """Whether a version has the name with this hash; True for a damaged version."""
    try:
        with connect(version.stats, read_only=True) as con:
            rows = con.execute("select 1 from split_names where sha256(lower(name)) = ? limit 1", [sha256]).fetchall()
    except (MakemoreError, OSError, duckdb.Error) as error:
        log.warning("cannot read %s, marked as forgotten: %s", version.name, error)
        return True
    return bool(rows)
