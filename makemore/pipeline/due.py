"""The steps that decide whether a new version is due: whether there is anything that the newest one does not hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from makemore.database import connect
from makemore.home import Home
from makemore.ingest import store as wh
from makemore.options import BuildOptions, TrainOptions
from makemore.promotion import decide
from makemore.versions import provenance, registry
from makemore.versions.store import list_versions
from makemore.versions.version import Version


def why_due(home: Path, build: BuildOptions, train: TrainOptions) -> str | None:
    """Why a new version is due; None if the newest one is made of the same lists, options, libraries and code.

    Settings of models need no look: they follow from the options and the code. A list that another address gives too
    has no names of its own, and makes no version.

    Raises:
        FileNotFoundError: nothing was ingested.
        ValueError: the registry is damaged.
    """
    with connect(Home(home).db) as con:
        wh.create_tables(con)
        sources = wh.sources(con)
    if not sources:
        raise FileNotFoundError(f"{home} has no list: take one in with `makemore ingest LIST --home {home}`.")
    if not (published := list_versions(Home(home))):
        return "there is no version yet"
    known, newest = registry.read(Home(home)), published[-1]
    champion = [Version(Home(home).versions / known.champion.version)] if known.champion else []
    for version in dict.fromkeys([newest, *champion]):
        if damage := next(_damage(version), None):
            return f"{version.name} is damaged: {damage}"
    if known.champion and known.champion.version in known.forgotten:
        return f"the champion {known.champion.version} was made of what is to be forgotten"
    if newest.failed:
        return f"{', '.join(newest.failed)} failed in {newest.name}"
    if not known.decisions_on(newest.name):
        return f"nothing says whether {newest.name} is to serve"
    # As a manifest has it: JSON knows no tuples.
    now = json.loads(json.dumps(provenance.made_from(sources, build, train, {})))
    return "; ".join(_changes(newest.made_from, now)) or None


def settle(home: Path) -> None:
    """Record the decision on the newest version, if the run that published it ended before it could."""
    published = list_versions(Home(home))
    if published and not registry.read(Home(home)).decisions_on(published[-1].name):
        decide.finish(Home(home))


def _damage(version: Version) -> Iterator[str]:
    """What is wrong with a version at a look: its manifest, the sizes of its files. `Version.verify` reads them."""
    try:
        for file, told in version.manifest["files"].items():
            path = version.path / file
            if not path.is_file() or path.stat().st_size != told["bytes"]:
                yield f"{file} is not as it was published"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield str(error)


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if lists := sorted(_lists(before) ^ _lists(now)):
        uris = list(dict.fromkeys(uri for uri, _ in lists))
        yield f"lists are new or changed: {', '.join(uris[:3])}" + (f" and {len(uris) - 3} more" if uris[3:] else "")
    for part in ("build", "train", "libraries"):
        old, new = dict(before.get(part, {})), dict(now[part])
        changed = [name for name in old | new if old.get(name) != new.get(name)]
        if changed:
            told = ", ".join(f"{name} {_told(old.get(name))} -> {_told(new.get(name))}" for name in changed)
            yield f"{'libraries' if part == 'libraries' else 'options'} changed: {told}"
    if before.get("git_commit") != now["git_commit"]:
        yield f"the code changed: {_commit(before.get('git_commit'))} -> {_commit(now['git_commit'])}"


def _lists(made_from: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The lists that have names, each by its address and all that is told of it."""
    sources = made_from.get("sources", [])
    return {(source["uri"], json.dumps(source, sort_keys=True)) for source in sources if source.get("names")}


def _told(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _commit(commit: str | None) -> str:
    return commit[:12] if commit else "none"
