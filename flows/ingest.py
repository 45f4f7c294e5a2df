"""Lists in, nothing else."""

from pathlib import Path
from typing import Any, cast

from prefect import flow
from prefect.states import Completed

from makemore.flows import nightly_tasks
from makemore.flows.alerts import LOOK
from makemore.home import locked_home
from makemore.ingest.sources import expand
from makemore.options import IngestOptions


@flow(name="ingest")
def ingest(lists: list[str], home: Path = Path("artifacts"), read: IngestOptions = IngestOptions()) -> None:
    """Take the lists in, one after the other: they share one database. It wants a look if one is held back."""
    with locked_home(home, "ingest"):
        taken = [nightly_tasks.ingest(home, uri, read) for uri in expand(lists)]
    held = [each.held_back for each in taken if each.held]
    # A flow that returns a state ends in that state.
    ended: Any = Completed(name=LOOK, message="; ".join(held)) if held else None
    return cast(None, ended)
