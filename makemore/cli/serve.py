"""The command that runs a Prefect server and a worker, for nightly runs on a schedule."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from makemore.cli.app import (
    DEFAULT_HOME,
    RUN,
    ConfigOption,
    Flat,
    HomeOption,
    ListsArgument,
    RunFlags,
    app,
    pass_to_flows,
)

DEFAULT_CRON, DEFAULT_TIMEZONE = "0 2 * * *", "UTC"
CronOption = Annotated[str, Parameter(help="Schedule: minute, hour, day, month, weekday.")]
TimezoneOption = Annotated[str, Parameter(help="Time zone of --cron.")]


@app.command(group=RUN)
def serve(
    *lists: ListsArgument,
    cron: CronOption = DEFAULT_CRON,
    timezone: TimezoneOption = DEFAULT_TIMEZONE,
    home: HomeOption = DEFAULT_HOME,
    config: ConfigOption = None,
    flags: Annotated[RunFlags, Flat] = RunFlags(),
) -> None:
    """Start a Prefect server and a worker that run `makemore run` on a schedule, until they are stopped.

    Example: makemore serve examples/names/english.txt --cron "30 1 * * *" --timezone Europe/Berlin
    """
    from makemore.flows import server
    from makemore.pipeline.lists import absolute

    # Each run is a process of its own, with another working directory.
    parameters = {"lists": absolute(lists), "home": str(home.absolute()), **asdict(flags)}
    del parameters["notify"], parameters["timeout"], parameters["metrics"]
    pass_to_flows(flags)
    os.environ["MAKEMORE_TIMEOUT"] = str(flags.timeout)
    server.serve(parameters, cron, timezone)
