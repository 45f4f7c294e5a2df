"""The step that takes in whatever lists there are: what becomes of one costs the others nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from makemore.database import connect, first_line
from makemore.errors import NoListFound
from makemore.home import Home
from makemore.ingest import sources
from makemore.ingest.store import Ingested
from makemore.options import IngestOptions
from makemore.pipeline import ingest as intake

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Outcome:
    """What became of a list: taken in or known, or held back; or the problem that it could not be read for."""

    uri: str
    ingested: Ingested | None
    problem: str | None = None

    @property
    def told(self) -> str:
        """It in a few words."""
        if self.ingested is None:
            return "not read"
        if self.ingested.held:
            return "held back"
        return "taken in" if self.ingested.changed else "nothing new"


def take_in(
    home: Path,
    named: list[str],
    options: IngestOptions,
    ingest: Callable[[Path, str, IngestOptions], Ingested] = intake.ingest,
) -> Iterator[Outcome]:
    """What became of each list that files, folders, globs and URLs stand for, taken in one after the other.

    A folder without a list is an inbox with nothing new, and tells of nothing. Of a list that is held back there is a
    problem in the first night alone.
    """
    # Held open, so that the database is not opened anew for each list: that costs more than to know a list again.
    with connect(Home(home).db):
        for name, uri in _addresses(named):
            yield _failed(name, uri) if isinstance(uri, Exception) else _take_in(home, uri, options, ingest)


def _addresses(named: list[str]) -> Iterator[tuple[str, str | Exception]]:
    """What is named and the address of a list that it stands for, each once; or the error that it has none for."""
    seen = set()
    for name in named:
        try:
            uris = sources.expand([name])
        except NoListFound as error:
            log.info("%s", error)
            continue
        except (ValueError, OSError) as error:
            yield name, error
            continue
        for uri in uris:
            if uri not in seen:
                seen.add(uri)
                yield name, uri


def _take_in(
    home: Path, uri: str, options: IngestOptions, ingest: Callable[[Path, str, IngestOptions], Ingested]
) -> Outcome:
    try:
        ingested = ingest(home, uri, options)
    except Exception as error:
        return _failed(uri, error)
    if not ingested.held or not ingested.changed:
        return Outcome(uri, ingested)
    return Outcome(uri, ingested, ingested.held_back)


def _failed(name: str, error: Exception) -> Outcome:
    if isinstance(error, (ValueError, OSError)):
        return Outcome(name, None, first_line(error))
    log.error("%s", name, exc_info=error)
    return Outcome(name, None, f"{name}: {type(error).__name__}: {first_line(error)}")
