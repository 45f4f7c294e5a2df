"""A run with nothing to do on the embedded default, compared with a Python process that imports its libraries."""

from __future__ import annotations

import sys

from benchmarks.figure import Figure, Row, seconds
from benchmarks.help import COMMAND
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, measure, run_once

TARGET = 1.0
LIBRARIES = "import cyclopts, duckdb, polars"


def figure(inputs: Inputs, repeats: int) -> Figure:
    environment = {"PREFECT_HOME": str(inputs.folder / "prefect")}
    home = inputs.folder / "idle"
    command = (str(COMMAND), "run", str(inputs.names), "--home", str(home))
    # The first run publishes a version, and creates the database of Prefect if it is missing.
    run_once(Contender("a run with a new list", command, environment))
    libraries, ours = measured = measure(
        [
            Contender(f"python -c '{LIBRARIES}'", (sys.executable, "-c", LIBRARIES)),
            Contender("makemore run, nothing new", command, environment),
        ],
        repeats,
    )
    if len(list((home / "versions").iterdir())) != 1:
        raise AssertionError("a second version was published: the code or its commit changed during the benchmark.")
    return Figure(
        "idle",
        repeats,
        [
            Row(
                f"a run with nothing new in {inputs.names.name}, without a Prefect server",
                libraries,
                ours,
                f"{seconds(ours.wall - libraries.wall)} more",
                f"at most {TARGET:g} s",
                ours.wall <= TARGET,
            )
        ],
        measured,
        [
            "Complete processes, from start to exit. The run hashes the list, compares the options with the manifest "
            "of the newest version, prunes and records itself. It imports neither Prefect nor torch.",
        ],
    )
