"""The flow that ingests lists."""

from pathlib import Path
from typing import Any, cast

from prefect import flow
from prefect.states import Completed

from makemore.errors import QuarantinedList
from makemore.flows import nightly_tasks
from makemore.flows.alerts import NEEDS_ATTENTION
from makemore.home import locked_home
from makemore.options import IngestOptions
from makemore.pipeline.lists import ingest_each


@flow(name="ingest")
def ingest(lists: list[str], home: Path = Path("artifacts"), read: IngestOptions = IngestOptions()) -> None:
    """Ingest lists one after the other. The state is `Needs attention` if a list is quarantined."""
    with locked_home(home, "ingest"):
        try:
            for _ in ingest_each(home, lists, read, nightly_tasks.ingest):
                pass
        except QuarantinedList as error:
            # A state that a flow returns is the state of its run.
            state: Any = Completed(name=NEEDS_ATTENTION, message=str(error))
            return cast(None, state)
