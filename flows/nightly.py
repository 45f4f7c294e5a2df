"""The whole job: lists in, a published version out."""

from pathlib import Path

from prefect import flow

from flows.tasks import ingest_lists, make_version
from makemore.home import holding
from makemore.options import BuildOptions, IngestOptions, TrainOptions


@flow(name="nightly")
def nightly(
    lists: list[str],
    home: Path = Path("artifacts"),
    read: IngestOptions = IngestOptions(),
    build: BuildOptions = BuildOptions(),
    train: TrainOptions = TrainOptions(),
) -> Path:
    """Ingest the lists, build the relations, train the models and publish a version; its folder."""
    with holding(home, "nightly"):
        ingest_lists(lists, home, read)
        return make_version(home, build, train)
