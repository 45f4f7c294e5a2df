"""Decide whether a new version is due: whether anything differs from the newest one."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from makemore.database import connect
from makemore.errors import CorruptVersion
from makemore.home import Home
from makemore.options import BuildOptions, TrainOptions
from makemore.pipeline.build import sources_of
from makemore.promotion.decide import record_pending
from makemore.versions import provenance, registry
from makemore.versions.store import list_versions
from makemore.versions.version import Version


def why_due(home: Path, build: BuildOptions, train: TrainOptions) -> str | None:
    """The reason for a new version; None if the newest one has the same lists, options, libraries and code.

    Model settings follow from options and code. A duplicate of another list does not make a version due.

    Raises:
        NotFound: no list was ingested.
        CorruptData: the registry is damaged.
    """
    with connect(Home(home).db) as con:
        sources = sources_of(con, home)
    if not (published := list_versions(Home(home))):
        return "no version exists"
    known, newest = registry.read(Home(home)), published[-1]
    champion = [Version(Home(home).versions / known.champion.version)] if known.champion else []
    for version in dict.fromkeys([newest, *champion]):
        if damage := next(_damage(version), None):
            return f"{version.name} is damaged: {damage}"
    if known.champion and known.champion.version in known.forgotten:
        return f"the champion {known.champion.version} contains forgotten data"
    if newest.failed:
        return f"{', '.join(newest.failed)} failed in {newest.name}"
    if not known.decisions_on(newest.name):
        return f"{newest.name} has no decision"
    # Through JSON, as the manifest: tuples become lists.
    now = json.loads(json.dumps(provenance.made_from(sources, build, train, {})))
    return "; ".join(_changes(newest.made_from, now)) or None


def record_newest(home: Path) -> None:
    """Record the decision on the newest version if the run that published it was killed before it could."""
    published = list_versions(Home(home))
    if published and not registry.read(Home(home)).decisions_on(published[-1].name):
        record_pending(Home(home))


def _damage(version: Version) -> Iterator[str]:
    """Damage of the manifest or of a file's size. `Version.verify` also reads the files."""
    try:
        for file, published in version.manifest["files"].items():
            path = version.path / file
            if not path.is_file() or path.stat().st_size != published["bytes"]:
                yield f"{file} is missing or has another size"
    except (CorruptVersion, KeyError, TypeError, AttributeError) as error:
        yield str(error)


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if lists := sorted(_lists(before) ^ _lists(now)):
        uris = list(dict.fromkeys(uri for uri, _ in lists))
        yield f"lists are new or changed: {', '.join(uris[:3])}" + (f" and {len(uris) - 3} more" if uris[3:] else "")
    for part in ("build", "train", "libraries"):
        old, new = dict(before.get(part, {})), dict(now[part])
        if changed := [name for name in old | new if old.get(name) != new.get(name)]:
            changes = ", ".join(f"{name} {_text(old.get(name))} -> {_text(new.get(name))}" for name in changed)
            yield f"{'libraries' if part == 'libraries' else 'options'} changed: {changes}"
    if before.get("git_commit") != now["git_commit"]:
        commits = (made_from.get("git_commit") or "none" for made_from in (before, now))
        # A '+' at the end means that files differed from the commit.
        yield f"the code changed: {' -> '.join(commit[:12] + commit[40:] for commit in commits)}"


def _lists(made_from: Mapping[str, Any]) -> set[tuple[str, str]]:
    """URI and description of each list that has names."""
    sources = made_from.get("sources", [])
    return {(source["uri"], json.dumps(source, sort_keys=True)) for source in sources if source.get("names")}


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
