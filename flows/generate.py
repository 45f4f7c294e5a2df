"""Names from a published version into a file."""

from pathlib import Path

from prefect import flow

from flows import tasks
from makemore.artifacts import find_version
from makemore.home import Home


@flow(name="generate")
def generate(
    output: Path,
    n: int = 1000,
    model_type: str = "bigram",
    seed: int = 2147483647,
    home: Path = Path("artifacts"),
    version: str | None = None,
) -> Path:
    """Sample `n` names from a model of a version, the newest if none is named, into `output`."""
    tasks.generate(find_version(Home(home), version), model_type, n, seed, output)
    return output
