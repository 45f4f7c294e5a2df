"""The command that runs a Prefect server and a worker, for nightly runs on a schedule."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from makemore.cli.app import (
    DEFAULT_HOME,
    RUN,
    Flat,
    HomeOption,
    KeepOption,
    NotifyOption,
    TimeoutOption,
    TrainFlags,
    app,
    flows_installed,
    set_alerts,
)
from makemore.options import BuildOptions, IngestOptions


@app.command(group=RUN)
def serve(
    *lists: str,
    cron: Annotated[str, Parameter(help="Schedule: minute, hour, day, month, weekday.")] = "0 2 * * *",
    timezone: Annotated[str, Parameter(help="Time zone of --cron.")] = "UTC",
    home: HomeOption = DEFAULT_HOME,
    read: Annotated[IngestOptions, Flat] = IngestOptions(),
    build: Annotated[BuildOptions, Flat] = BuildOptions(),
    train: Annotated[TrainFlags, Flat] = TrainFlags(),
    keep: KeepOption = 30,
    notify: NotifyOption = "",
    timeout: TimeoutOption = 6,
) -> None:
    """Start a Prefect server and a worker that do what `makemore run` does on a schedule, until they are stopped.

    Example: makemore serve examples/names/english.txt --cron "30 1 * * *" --timezone Europe/Berlin
    """
    from makemore.pipeline.lists import absolute

    options = {"read": asdict(read), "build": asdict(build), "train": asdict(train)}
    # Each run is a process of its own, with another working directory.
    parameters = {"lists": absolute(lists), "home": str(home.absolute()), **options, "keep": keep}
    set_alerts(notify)
    os.environ["MAKEMORE_TIMEOUT"] = str(timeout)
    with flows_installed():
        from makemore.flows import server
    server.serve(parameters, cron, timezone)
