"""`makemore run` on the embedded default, compared with the same steps without Prefect."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.figure import Figure, Row, seconds
from benchmarks.help import COMMAND
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, measure, python, run_once

TARGET = 4.5


def figure(inputs: Inputs, repeats: int) -> Figure:
    prefect_home = inputs.folder / "prefect"
    names = str(inputs.names)
    run = Contender("makemore run", (str(COMMAND), "run", names), {"PREFECT_HOME": str(prefect_home)})
    cold = None if prefect_home.exists() else run_once(run).wall
    steps, ours = measured = measure(
        [Contender("the same steps without Prefect", python("run", "steps", names)), run], repeats
    )
    more = ours.wall - steps.wall
    return Figure(
        "run",
        repeats,
        [
            Row(
                f"`makemore run` on {inputs.names.name}, three models, 10,000 samples each",
                steps,
                ours,
                f"{abs(more):.2f} s {'more' if more > 0 else 'less'}",
                f"at most {TARGET:g} s more than the steps",
                more <= TARGET,
            )
        ],
        measured,
        [
            "Complete processes, from start to exit, each in an empty home. The home of Prefect is a temporary folder "
            "in which it has started before"
            + (f"; that first start, which creates its database, took {seconds(cold)} in all." if cold else "."),
            "CPU seconds do not include the Prefect server, which ends after the command.",
        ],
    )


def _steps(names: str) -> None:
    from makemore.options import BuildOptions, ReadOptions, TrainOptions
    from makemore.pipeline.build import build_relations
    from makemore.pipeline.ingest import ingest
    from makemore.pipeline.publish import make_version

    home = Path("home")
    home.mkdir()
    ingest(home, names, ReadOptions())
    build_relations(home, BuildOptions())
    make_version(home, TrainOptions())


if __name__ == "__main__":
    {"steps": _steps}[sys.argv[1]](sys.argv[2])
