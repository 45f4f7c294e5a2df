"""`makemore run`, compared with an empty Prefect flow plus the same steps without Prefect."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.figure import Figure, Row, seconds
from benchmarks.help import COMMAND
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, Measured, measure, python, run_once

TARGET = 2.0
TASKS = 6 + 3 * 3
"""Ingest, build, draft, counts, dataset, publish; and train, evaluate, sample for each of three models."""


def figure(inputs: Inputs, repeats: int) -> Figure:
    prefect_home = inputs.folder / "prefect"
    environment = {"PREFECT_HOME": str(prefect_home)}
    names = str(inputs.names)
    flow = Contender(f"Prefect flow of {TASKS} empty tasks", python("run", "flow", str(TASKS)), environment)
    cold = None if prefect_home.exists() else run_once(flow).wall
    empty, steps, ours = measured = measure(
        [
            flow,
            Contender("the same steps without Prefect", python("run", "steps", names)),
            Contender("makemore run", (str(COMMAND), "run", names), environment),
        ],
        repeats,
    )
    together = Measured(
        "flow and steps together",
        tuple(
            type(first)(first.wall + second.wall, first.cpu + second.cpu, max(first.peak, second.peak), {})
            for first, second in zip(empty.runs, steps.runs, strict=True)
        ),
    )
    more = ours.wall - together.wall
    return Figure(
        "run",
        repeats,
        [
            Row(
                f"`makemore run` on {inputs.names.name}, three models, 10,000 samples each",
                together,
                ours,
                f"{abs(more):.2f} s {'more' if more > 0 else 'less'}",
                f"at most {TARGET:g} s more than both together",
                more <= TARGET,
            )
        ],
        [*measured, together],
        [
            "Complete processes, from start to exit, each in an empty home. The home of Prefect is a temporary folder "
            "in which it has started before"
            + (f"; that first start, which creates its database, took {seconds(cold)}." if cold else "."),
            "CPU seconds include the Prefect server, which the command starts. Peak memory: the larger process.",
        ],
    )


def _flow(tasks: str) -> None:
    _do_nothing(int(tasks))


def _do_nothing(tasks: int) -> None:
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    @task(cache_policy=NO_CACHE)
    def nothing() -> None: ...

    @flow(name="nothing")
    def nothings() -> None:
        for _ in range(tasks):
            nothing()

    nothings()


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
    {"flow": _flow, "steps": _steps}[sys.argv[1]](sys.argv[2])
