"""Names from a published version into a file."""

from pathlib import Path

from prefect import flow

from flows import tasks
from makemore.artifacts import find_model, find_version
from makemore.home import Home


@flow(name="generate")
def generate(
    output: Path,
    n: int = 1000,
    model_type: str | None = None,
    seed: int = 2147483647,
    home: Path = Path("artifacts"),
    version: str | None = None,
) -> Path:
    """Sample `n` names into `output`, from the newest version and its best model where none is named."""
    folder = find_version(Home(home), version)
    tasks.generate(folder, find_model(folder, model_type), n, seed, output)
    return output
