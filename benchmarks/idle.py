"""A run with nothing to do, compared with an empty Prefect flow."""

from __future__ import annotations

from benchmarks.figure import Figure, Row
from benchmarks.help import COMMAND
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, measure, python, run_once

TARGET = 2.0


def figure(inputs: Inputs, repeats: int) -> Figure:
    environment = {"PREFECT_HOME": str(inputs.folder / "prefect")}
    home = inputs.folder / "idle"
    command = (str(COMMAND), "run", str(inputs.names), "--home", str(home))
    # The first run publishes a version, and creates the database of Prefect if it is missing.
    run_once(Contender("a run with a new list", command, environment))
    empty, ours = measured = measure(
        [
            Contender("empty Prefect flow", python("run", "flow", "0"), environment),
            Contender("makemore run, nothing new", command, environment),
        ],
        repeats,
    )
    if len(list((home / "versions").iterdir())) != 1:
        raise AssertionError("a second version was published: the code or its commit changed during the benchmark.")
    more = ours.wall - empty.wall
    return Figure(
        "idle",
        repeats,
        [
            Row(
                f"a run with nothing new in {inputs.names.name}",
                empty,
                ours,
                f"{abs(more):.2f} s {'more' if more > 0 else 'less'}",
                f"at most {TARGET:g} s more than the empty flow",
                more <= TARGET,
            )
        ],
        measured,
        [
            "Complete processes, from start to exit, with a warm embedded Prefect server. A permanent server saves "
            "about ten seconds in both. The run hashes the list and compares the options with the manifest of the "
            "newest version; it does not import torch.",
        ],
    )
