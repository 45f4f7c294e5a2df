"""The lists that a command names: files, folders, globs and URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from makemore.errors import InvalidOption, MakemoreError, QuarantinedList
from makemore.home import Home
from makemore.ingest.sources import expand, is_url
from makemore.ingest.store import Ingested
from makemore.options import IngestOptions
from makemore.pipeline.ingest import ingest


def check_lists(home: Path, lists: Sequence[str]) -> None:
    """Raise in a new home unless at least one list exists, before a run starts Prefect.

    Raises:
        InvalidOption: there are no lists.
        NotFound: none exists.
    """
    _require(lists)
    if Home(home).db.exists():
        return
    missing = []
    for name in lists:
        try:
            expand([name])
        except (MakemoreError, OSError) as error:
            missing.append(error)
    if len(missing) == len(lists):
        raise missing[0]


def absolute(lists: Sequence[str]) -> list[str]:
    """Return the lists with absolute paths, for a run with another working directory.

    Raises:
        InvalidOption: there are no lists.
    """
    _require(lists)
    return [name if is_url(name) else str(Path(name).expanduser().absolute()) for name in lists]


def ingest_each(
    home: Path,
    lists: Sequence[str],
    options: IngestOptions,
    ingest: Callable[[Path, str, IngestOptions], Ingested] = ingest,
) -> Iterator[Ingested]:
    """Ingest lists one after the other, stop at the first error, and yield each result.

    Raises:
        InvalidOption: there are no lists.
        NotFound: one does not exist; nothing is ingested.
        QuarantinedList: after the last list, if some were quarantined.
    """
    _require(lists)
    quarantined = []
    for uri in expand(list(lists)):
        result = ingest(home, uri, options)
        if result.quarantine_reason:
            quarantined.append(result.quarantine_message(home))
        else:
            yield result
    if quarantined:
        raise QuarantinedList("\n".join(quarantined))


def _require(lists: Sequence[str]) -> None:
    if not lists:
        raise InvalidOption("no list given", "name a file, a folder, a glob or a URL, or set lists in makemore.toml")
