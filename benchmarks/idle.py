"""A night with nothing new beside a Prefect flow that does nothing: what it costs to find that out."""

from __future__ import annotations

from benchmarks.figure import Figure, Row
from benchmarks.help import COMMAND
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, measure, python, run_once

REACH = 2.0


def figure(inputs: Inputs, repeats: int) -> Figure:
    environment = {"PREFECT_HOME": str(inputs.folder / "prefect")}
    home = inputs.folder / "idle"
    night = (str(COMMAND), "run", str(inputs.names), "--home", str(home))
    # The first night makes a version, and Prefect's database if there is none yet.
    run_once(Contender("a night with a new list", night, environment))
    empty, ours = measured = measure(
        [
            Contender("Prefect flow that does nothing", python("run", "flow", "0"), environment),
            Contender("makemore run, nothing new", night, environment),
        ],
        repeats,
    )
    if len(list((home / "versions").iterdir())) != 1:
        raise AssertionError("a version was due again: the code, or its commit, changed meanwhile.")
    more = ours.wall - empty.wall
    return Figure(
        "idle",
        repeats,
        [
            Row(
                f"a night with nothing new in {inputs.names.name}",
                empty,
                ours,
                f"{abs(more):.2f} s {'more' if more > 0 else 'less'}",
                f"at most {REACH:g} s more than the flow that does nothing",
                more <= REACH,
            )
        ],
        measured,
        [
            "Whole processes, from start to exit, with Prefect's embedded server, which has started before; a standing "
            "server takes some ten seconds less of either. The list is hashed, and what is asked for is compared with "
            "the manifest of the newest version; torch is not imported.",
        ],
    )
