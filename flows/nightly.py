"""The flow that runs the whole pipeline: ingest lists and, if anything changed, publish a version."""

import os
from pathlib import Path
from typing import Any, cast

from prefect import flow
from prefect.states import Completed

from makemore.flows import embedded, nightly_tasks, run_history, run_page
from makemore.flows.alerts import NEEDS_ATTENTION, send_alert
from makemore.home import locked_home
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline.nightly import Plan, RunResult, RunSteps, run_nightly
from makemore.pipeline.recording import Stopwatch

NOTHING_TO_DO = "Nothing to do"
"""Name of the state of a run in which no version was due."""
TIMEOUT = 3600 * float(os.environ.get("MAKEMORE_TIMEOUT", "6"))
"""Seconds after which Prefect ends a run: one that hangs must not block the next run."""


@flow(
    name="nightly",
    timeout_seconds=TIMEOUT,
    on_completion=[send_alert],
    on_failure=[send_alert],
    on_crashed=[send_alert],
)
def nightly(
    lists: list[str],
    home: Path = Path("artifacts"),
    read: IngestOptions = IngestOptions(),
    build: BuildOptions = BuildOptions(),
    train: TrainOptions = TrainOptions(),
    keep: int = 30,
) -> RunResult:
    """Ingest lists and, if anything changed, train, judge and publish a version. Keep the newest `keep` versions."""
    metrics = os.environ.get("MAKEMORE_METRICS")
    plan = Plan(lists, read, build, train, keep, Path(metrics) if metrics else None)
    with locked_home(home, "nightly"):
        result = run_nightly(home, plan, _steps())
    if embedded.is_running():
        run_history.trim()
    message = f"published {result.version.name}" if result.version else "the newest version is up to date"
    name = NEEDS_ATTENTION if result.problems else None if result.version else NOTHING_TO_DO
    # A state that a flow returns is the state of its run. The caller gets the data.
    state: Any = Completed(name=name, message="; ".join([message, *result.problems]), data=result)
    return cast(RunResult, state)


def _steps() -> RunSteps:
    def make_version(home: Path, build: BuildOptions, train: TrainOptions, clock: Stopwatch) -> Path:
        # Imported only if a version is due: most runs train nothing.
        from makemore.flows import version_tasks

        return version_tasks.make_version(home, build, train, clock)

    return RunSteps(nightly_tasks.ingest, make_version, nightly_tasks.prune, run_page.decision, run_page.version)
