"""Ingest all lists of a run; a list that fails does not stop the others."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from makemore.database import connect, first_line
from makemore.errors import MakemoreError, NoListFound
from makemore.home import Home
from makemore.ingest.sources import expand
from makemore.ingest.store import Ingested
from makemore.options import IngestOptions
from makemore.pipeline.ingest import ingest

log = logging.getLogger("makemore")

IngestStep = Callable[[Path, str, IngestOptions], Ingested]


@dataclass(frozen=True)
class Outcome:
    """The result for a list, and the problem that needs attention."""

    uri: str
    ingested: Ingested | None
    problem: str | None = None

    @property
    def status(self) -> str:
        """One of: failed, quarantined, ingested, unchanged."""
        if self.ingested is None:
            return "failed"
        if self.ingested.quarantine_reason:
            return "quarantined"
        return "ingested" if self.ingested.changed else "unchanged"


def ingest_lists(
    home: Path, lists: list[str], options: IngestOptions, ingest: IngestStep = ingest
) -> Iterator[Outcome]:
    """Ingest the lists of files, folders, globs and URLs one after the other; yield the outcome of each.

    A folder without a list is an empty inbox and has no outcome. A quarantined list is a problem once.
    """
    # An open connection, since opening the database again for each list takes longer than recognising a known list.
    with connect(Home(home).db):
        seen = set[str]()
        for name in lists:
            try:
                uris = expand([name])
            except NoListFound as error:
                log.info("%s", error)
            except (MakemoreError, OSError) as error:
                yield _failed(name, error)
            else:
                yield from (_ingest(home, uri, options, ingest) for uri in uris if uri not in seen)
                seen.update(uris)


def _ingest(home: Path, uri: str, options: IngestOptions, ingest: IngestStep) -> Outcome:
    try:
        ingested = ingest(home, uri, options)
    except Exception as error:
        return _failed(uri, error)
    is_new_problem = ingested.quarantine_reason and ingested.changed
    return Outcome(uri, ingested, ingested.quarantine_message(home) if is_new_problem else None)


def _failed(name: str, error: Exception) -> Outcome:
    if isinstance(error, (MakemoreError, OSError)):
        return Outcome(name, None, first_line(error))
    log.error("%s", name, exc_info=error)
    return Outcome(name, None, f"{name}: {type(error).__name__}: {first_line(error)}")
