"""A version for contenders to load: the list taken in, its relations built, models trained, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.inputs import Inputs
from benchmarks.measure import ROOT


def published(
    inputs: Inputs, models: str, *, order: int = 6, holdout: int = 10, settings: tuple[str, ...] = ()
) -> Path:
    """The folder of a version of these models, made once for as long as benchmarks run; `settings` as of --set."""
    home = inputs.folder / f"home-{models.replace(',', '-')}-{order}-{holdout}"
    if not home.exists():
        command = [sys.executable, "-m", "benchmarks.published", str(home), str(inputs.names), models]
        subprocess.run(
            [*command, str(order), str(holdout), *settings], check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
    return max((home / "versions").iterdir())


def _make(home: Path, names: str, models: str, order: int, holdout: int, settings: tuple[str, ...]) -> None:
    from makemore.options import BuildOptions, IngestOptions, TrainOptions
    from makemore.pipeline import ingest, publish
    from makemore.pipeline.build import build_relations

    home.mkdir()
    ingest.ingest(home, names, IngestOptions())
    build_relations(home, BuildOptions(order=order, holdout=holdout))
    publish.make_version(home, TrainOptions((models,), samples=10, set=settings))


if __name__ == "__main__":
    _home, _names, _models, _order, _holdout, *_settings = sys.argv[1:]
    _make(Path(_home), _names, _models, int(_order), int(_holdout), tuple(_settings))
