"""The whole job: lists in, a published version out, if there is anything new."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from prefect import flow
from prefect.states import Completed

from makemore.flows import nightly_tasks, run_history, run_page
from makemore.flows.alerts import LOOK, tell
from makemore.home import locked_home
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline.nightly import Night, Plan, night

NOTHING = "Nothing to do"
"""Name of the state of a night in which no version was due."""
HOURS = float(os.environ.get("MAKEMORE_TIMEOUT", "6"))
"""Hours after which a run is ended: one that hangs is not to cost the next night too."""


@flow(name="nightly", timeout_seconds=HOURS * 3600, on_completion=[tell], on_failure=[tell], on_crashed=[tell])
def nightly(
    lists: list[str],
    home: Path = Path("artifacts"),
    read: IngestOptions = IngestOptions(),
    build: BuildOptions = BuildOptions(),
    train: TrainOptions = TrainOptions(),
    keep: int = 30,
) -> Night:
    """What the night came to: lists taken in, and if anything is new, a version made, judged, published."""
    plan = Plan(lists, read, build, train, keep)
    with locked_home(home, "nightly"):
        came_to = night(home, plan, _steps())
    run_history.trim()
    told = f"published {came_to.version.name}" if came_to.version else "the newest version is made of all that there is"
    name = LOOK if came_to.problems else None if came_to.version else NOTHING
    # A flow that returns a state ends in that state; who calls the flow gets its data.
    ended: Any = Completed(name=name, message="; ".join([told, *came_to.problems]), data=came_to)
    return cast(Night, ended)


def _steps() -> SimpleNamespace:
    def make_version(*arguments: Any) -> Path:
        # Only when a version is due: it needs torch.
        from makemore.flows import version_tasks

        return version_tasks.make_version(*arguments)

    return SimpleNamespace(
        ingest=nightly_tasks.ingest,
        make_version=make_version,
        prune=nightly_tasks.prune,
        show_lists=run_page.lists,
        show_version=run_page.version,
    )
