"""The steps of every night as Prefect tasks: what takes lists in, and what decides. They do without torch."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.again import AGAIN
from makemore.lists import expand
from makemore.options import IngestOptions
from makemore.steps import intake

ingest = task(name="ingest", task_run_name="ingest {uri}", cache_policy=NO_CACHE, **AGAIN)(intake.ingest)


def ingest_lists(lists: list[str], home: Path, read: IngestOptions) -> None:
    """Take in each list, one after the other: they share one database."""
    for uri in expand(lists):
        ingest(home, uri, read)
