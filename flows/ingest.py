"""Lists in, nothing else."""

from pathlib import Path

from prefect import flow

from flows.tasks import ingest_lists
from makemore.home import holding
from makemore.options import IngestOptions


@flow(name="ingest")
def ingest(lists: list[str], home: Path = Path("artifacts"), read: IngestOptions = IngestOptions()) -> None:
    """Ingest the lists into the home's database."""
    with holding(home, "ingest"):
        ingest_lists(lists, home, read)
