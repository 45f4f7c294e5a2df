"""`makemore run` beside its two halves: a Prefect flow whose tasks do nothing, and the same steps without Prefect."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.figure import Figure, Row, seconds
from benchmarks.help import COMMAND
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, Measured, measure, python, run_once

REACH = 2.0
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
                f"at most {REACH:g} s more than the two together",
                more <= REACH,
            )
        ],
        [*measured, together],
        [
            "Whole processes, from start to exit, each run in an empty home. Prefect's own home is a temporary "
            "folder, in which it has started before"
            + (f": that first start, which builds its database, took {seconds(cold)}." if cold else "."),
            "CPU seconds are those of the command and of Prefect's server, which it starts and waits for; peak memory "
            "is that of the larger of the two processes.",
        ],
    )


def _flow(tasks: str) -> None:

    # Only now: importing flows is what sets Prefect's settings.
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
    from makemore.pipeline import ingest, publish
    from makemore.pipeline.build import build_relations

    home = Path("home")
    home.mkdir()
    ingest.ingest(home, names, ReadOptions())
    build_relations(home, BuildOptions())
    publish.make_version(home, TrainOptions())


if __name__ == "__main__":
    {"flow": _flow, "steps": _steps}[sys.argv[1]](sys.argv[2])
