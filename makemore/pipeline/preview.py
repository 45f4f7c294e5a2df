"""What a run would do: the code of a run on a copy of the home without its names, in a temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from makemore.database import connect
from makemore.errors import NotFound
from makemore.home import Home
from makemore.ingest import store
from makemore.pipeline.due import record_newest, why_due
from makemore.pipeline.inbox import Outcome, ingest_lists
from makemore.pipeline.nightly import Plan
from makemore.versions.registry import REGISTRY


@dataclass(frozen=True)
class Preview:
    """What a run would do with each list, and whether it would make a version."""

    outcomes: tuple[Outcome, ...]
    known: frozenset[str]
    """URIs of the lists in the home."""
    why: str | None
    """The reason for a version; None if none is due."""
    is_empty: bool = False
    """The home would have no list, so the run would fail."""

    @property
    def problems(self) -> int:
        """The number of problems that the run would report. A list that is quarantined already is none."""
        return sum(outcome.problem is not None for outcome in self.outcomes) or int(self.is_empty)

    def lists(self) -> Iterator[str]:
        """A line for each list."""
        for outcome in self.outcomes:
            if outcome.ingested is None:
                yield f"{outcome.uri}: unreadable: {outcome.problem}"
            elif reason := outcome.ingested.quarantine_reason:
                yield f"{outcome.uri}: {'would be quarantined' if outcome.problem else 'quarantined'}: it {reason}"
            elif outcome.ingested.changed:
                counts = f"{outcome.ingested.names:,} names, {outcome.ingested.rejects:,} rejected"
                yield f"{outcome.uri}: {'changed' if outcome.uri in self.known else 'new'}: {counts}"
            else:
                yield f"{outcome.uri}: unchanged"


def preview(home: Path, plan: Plan) -> Preview:
    """Find out what a run would do, up to the first step of a version. New lists are read and screened.

    Nothing is written to the home, which may not exist, and its lock is not taken.

    Raises:
        HomeBusy: a run writes to the home.
        CorruptData: the database or the registry is damaged.
    """
    with _copied(Home(home)) as (copy, known):
        outcomes = tuple(ingest_lists(copy, plan.lists, plan.read))
        record_newest(copy)
        try:
            return Preview(outcomes, known, why_due(copy, plan.build, plan.train))
        except NotFound:
            return Preview(outcomes, known, None, is_empty=True)


@contextmanager
def _copied(home: Home) -> Iterator[tuple[Path, frozenset[str]]]:
    """A temporary home with the lists, the registry and the versions of a home; and the URIs of the lists."""
    with TemporaryDirectory() as folder:
        copy = Home(Path(folder))
        if home.versions.exists():
            copy.versions.symlink_to(home.versions.absolute(), target_is_directory=True)
        if (registry := home.path / REGISTRY).exists():
            shutil.copy(registry, copy.path)
        with connect(copy.db) as con:
            store.create_tables(con)
            if home.db.exists():
                with connect(home.db, read_only=True) as saved:
                    store.copy_lists(saved, con)
            known = con.execute("select uri from lists").fetchall()
        yield copy.path, frozenset(uri for (uri,) in known)
