"""The flow that trains on the ingested lists and publishes a version."""

from pathlib import Path

from prefect import flow

from makemore.flows.version_tasks import make_version
from makemore.home import locked_home
from makemore.options import BuildOptions, TrainOptions
from makemore.pipeline.recording import Stopwatch


@flow(name="train")
def train(
    home: Path = Path("artifacts"), build: BuildOptions = BuildOptions(), train: TrainOptions = TrainOptions()
) -> Path:
    """Build the relations, train the models, publish a version and return its folder."""
    with locked_home(home, "train"):
        return make_version(home, build, train, Stopwatch())
