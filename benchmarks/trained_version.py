"""A published version for contenders to load, created in a separate process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.inputs import Inputs
from benchmarks.measure import ROOT


def trained_version(
    inputs: Inputs, models: str, *, order: int = 6, holdout: int = 10, settings: tuple[str, ...] = ()
) -> Path:
    """Return the folder of a version with these models, created once. `settings` are those of --set."""
    home = inputs.folder / f"home-{models.replace(',', '-')}-{order}-{holdout}"
    if not home.exists():
        command = [sys.executable, "-m", "benchmarks.trained_version", str(home), str(inputs.names), models]
        subprocess.run(
            [*command, str(order), str(holdout), *settings], check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
    return max((home / "versions").iterdir())


def _create(home: Path, names: str, models: str, order: int, holdout: int, settings: tuple[str, ...]) -> None:
    from makemore.options import BuildOptions, IngestOptions, TrainOptions
    from makemore.pipeline.build import build_relations
    from makemore.pipeline.ingest import ingest
    from makemore.pipeline.publish import make_version

    home.mkdir()
    ingest(home, names, IngestOptions())
    build_relations(home, BuildOptions(order=order, holdout=holdout))
    make_version(home, TrainOptions((models,), samples=10, set=settings))


if __name__ == "__main__":
    _home, _names, _models, _order, _holdout, *_settings = sys.argv[1:]
    _create(Path(_home), _names, _models, int(_order), int(_holdout), tuple(_settings))
