"""The command that keeps a server and a worker up, so that nights run by themselves."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from makemore.cli.app import (
    HOME,
    Flat,
    HomeOption,
    KeepOption,
    NotifyOption,
    TimeoutOption,
    app,
    named,
    prefect_needed,
    tell_whom,
)
from makemore.options import BuildOptions, IngestOptions, TrainOptions


@app.command
def serve(
    *lists: str,
    cron: Annotated[str, Parameter(help="When a night is: minute, hour, day, month, weekday.")] = "0 2 * * *",
    timezone: Annotated[str, Parameter(help="Time zone of --cron.")] = "UTC",
    home: HomeOption = HOME,
    read: Annotated[IngestOptions, Flat] = IngestOptions(),
    build: Annotated[BuildOptions, Flat] = BuildOptions(),
    train: Annotated[TrainOptions, Flat] = TrainOptions(),
    keep: KeepOption = 30,
    notify: NotifyOption = "",
    timeout: TimeoutOption = 6,
) -> None:
    """Bring up a Prefect server and a worker that do every night what `makemore run` does, until they are stopped.

    Example: makemore serve examples/names/english.txt --cron "30 1 * * *" --timezone Europe/Berlin
    """
    from makemore.ingest.sources import is_url

    asked = named(lists)
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"--timezone {timezone}: no such time zone. Use UTC, Europe/Berlin, ...") from error
    tell_whom(notify)
    os.environ["MAKEMORE_TIMEOUT"] = str(timeout)
    # A run is a process of its own, in a folder of its own.
    places = [one if is_url(one) else str(Path(one).expanduser().absolute()) for one in asked]
    parameters = {
        "lists": places,
        "home": str(home.absolute()),
        "read": asdict(read),
        "build": asdict(build),
        "train": asdict(train),
        "keep": keep,
    }
    with prefect_needed():
        from makemore.flows.server import serve as bring_up
    bring_up(parameters, cron, timezone)
