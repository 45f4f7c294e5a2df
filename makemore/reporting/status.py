"""The state of a home in figures: last run, champion, newest version, quarantined lists, and what needs attention.

Reads JSON and at most opens the working database read-only: it must answer at once, also while a run writes.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from makemore.errors import CorruptData, HomeBusy, NotFound
from makemore.files.sizes import size
from makemore.home import Home, shared_home
from makemore.ingest import quarantine
from makemore.versions import registry, run_record
from makemore.versions.registry import Champion, Promotion
from makemore.versions.run_record import Quarantined, RunRecord
from makemore.versions.store import version_names
from makemore.versions.version import Version


@dataclass(frozen=True)
class ChampionStatus:
    """The champion, the names and rejected rows of its lists, and the nll of each model and split."""

    version: str
    model_type: str
    since: str
    names: int
    rejects: int
    nll: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Status:
    """The state of a home. Times are UTC, as 2026-11-22T02:00:00Z."""

    home: Path
    bytes: int
    versions: tuple[str, ...]
    """Published versions, oldest first."""
    locked_by: str | None
    """The process that has locked the home."""
    last_run: RunRecord | None
    champion: ChampionStatus | None
    newest: Promotion | None
    """The last decision on the newest version."""
    quarantined: tuple[Quarantined, ...]
    """From the database; while the home is locked, as of the end of the last run."""
    damage: tuple[str, ...]

    @property
    def outcome(self) -> str | None:
        """The outcome of the last run: that of its record, or `killed`."""
        if self.last_run and self.last_run.outcome == "running" and not self.locked_by:
            return "killed"
        return self.last_run.outcome if self.last_run else None

    @property
    def needs_attention(self) -> tuple[str, ...]:
        """What needs attention, one line each.

        A problem of the last run counts until the next run, except a quarantined list and a refused version, which
        count while they are.
        """
        return tuple(dict.fromkeys([*self._problems_of_run(), *self._problems_now()]))

    def _problems_of_run(self) -> Iterator[str]:
        run, option = self.last_run, f" --home {shlex.quote(str(self.home))}"
        if run is None:
            return
        if self.outcome == "killed":
            yield f"the last run was killed. hint: makemore run{option}"
        elif self.outcome == "failed":
            yield f"the last run failed: {'; '.join(run.problems)}"
        else:
            now = (*(f"{each.uri} is quarantined" for each in run.quarantined), f"{run.version} was refused")
            yield from (problem for problem in run.problems if not problem.startswith(now))

    def _problems_now(self) -> Iterator[str]:
        yield from (quarantine.message(each.uri, each.reason, self.home) for each in self.quarantined)
        if self.newest and not self.newest.is_promoted:
            hint = f"makemore promote {self.newest.version} --home {shlex.quote(str(self.home))}"
            yield f"{self.newest.version} was refused: {'; '.join(self.newest.reasons)}. hint: {hint}"
        yield from self.damage


def read_status(path: Path) -> Status:
    """The state of a home. What is damaged is a line of `damage`.

    Raises:
        NotFound: the home does not exist.
    """
    if not path.is_dir():
        raise NotFound(f"home {path} does not exist", "use --home, or set MAKEMORE_HOME")
    home, damage = Home(path), list[str]()
    with shared_home(home) as locked_by:
        last_run = run_record.read(home)
        quarantined = last_run.quarantined if last_run else ()
        if not locked_by:
            try:
                quarantined = _quarantined(home)
            except HomeBusy:
                pass
            except CorruptData as error:
                damage.append(str(error))
    known, versions = registry.Registry(), tuple(version_names(home))
    try:
        known = registry.read(home)
    except CorruptData as error:
        damage.append(str(error))
    champion = None
    if known.champion:
        try:
            champion = _champion(home, known.champion)
        except CorruptData as error:
            damage.append(str(error))
    decisions = known.decisions_on(versions[-1]) if versions else []
    newest = decisions[-1] if decisions else None
    return Status(path, size(path), versions, locked_by, last_run, champion, newest, quarantined, damage=tuple(damage))


def as_json(status: Status) -> dict[str, Any]:
    """The state of a home as a JSON object; docs/guides/monitor.md lists its keys."""
    run, champion, newest = status.last_run, status.champion, status.newest
    last_run = asdict(run) | {"outcome": status.outcome} if run else {}
    for elsewhere in ("last_success_at", "quarantined"):
        last_run.pop(elsewhere, None)
    return {
        "home": str(status.home),
        "locked_by": status.locked_by,
        "last_run": last_run or None,
        "last_success_at": run.last_success_at if run else None,
        "champion": asdict(champion) | {"nll": _without_infinity(champion.nll)} if champion else None,
        "newest": {"version": newest.version, "decision": newest.decision, "reasons": newest.reasons}
        if newest
        else None,
        "versions": status.versions,
        "quarantined": [asdict(each) for each in status.quarantined],
        "bytes": status.bytes,
        "needs_attention": status.needs_attention,
    }


def _without_infinity(nll: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    return {
        model_type: {split: value if isfinite(value) else None for split, value in splits.items()}
        for model_type, splits in nll.items()
    }


def _quarantined(home: Home) -> tuple[Quarantined, ...]:
    if not home.db.exists():
        return ()
    import duckdb

    from makemore.database import connect

    with connect(home.db, read_only=True) as con:
        try:
            rows = quarantine.quarantined_lists(con)
        except duckdb.CatalogException:
            # No list was ingested.
            return ()
    return tuple(Quarantined(row["uri"], row["reason"]) for row in rows)


def _champion(home: Home, champion: Champion) -> ChampionStatus:
    version = Version(home.versions / champion.version)
    nll = {model_type: version.read_metrics(model_type)["nll"] for model_type in version.model_types}
    names, rejects = (sum(source.get(key, 0) for source in version.sources) for key in ("names", "rejects"))
    return ChampionStatus(champion.version, champion.model_type, champion.since, names, rejects, nll)
