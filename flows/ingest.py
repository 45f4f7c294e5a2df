"""Lists in, nothing else."""

from pathlib import Path

from prefect import flow

from flows import tasks
from makemore.home import holding
from makemore.lists import expand
from makemore.options import IngestOptions, WantsALook


@flow(name="ingest")
def ingest(lists: list[str], home: Path = Path("artifacts"), read: IngestOptions = IngestOptions()) -> None:
    """Take the lists in, one after the other: they share one database.

    Raises:
        WantsALook: some are held back; the others are taken in.
    """
    with holding(home, "ingest"):
        taken = [tasks.ingest(home, uri, read) for uri in expand(lists)]
    if held := [each.held_back for each in taken if each.held]:
        raise WantsALook("\n".join(held))
