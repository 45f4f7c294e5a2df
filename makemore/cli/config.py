"""The command that prints the options of runs and where each value comes from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

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
    config_file,
)
from makemore.cli.serve import DEFAULT_CRON, DEFAULT_TIMEZONE, CronOption, TimezoneOption


@app.command(group=RUN)
def config(
    *lists: ListsArgument,
    cron: CronOption = DEFAULT_CRON,
    timezone: TimezoneOption = DEFAULT_TIMEZONE,
    home: HomeOption = DEFAULT_HOME,
    config: ConfigOption = None,
    flags: Annotated[RunFlags, Flat] = RunFlags(),
    as_json: Annotated[bool, Parameter(name="--json", help="Print JSON.")] = False,
) -> None:
    """Print each option of `makemore run` and `makemore serve`, and whether a flag, the environment or a file sets it.

    Example: makemore config --keep 7
    """
    from makemore.notifications import masked

    values: dict[str, Any] = {"lists": lists, "cron": cron, "timezone": timezone, "home": str(home)}
    for name, value in asdict(flags).items():
        values |= value if isinstance(value, dict) else {name: value}
    values["notify"] = [masked(address) for address in flags.notify]
    rows = []
    for name, value in values.items():
        key = name.replace("_", "-")
        source, of = config_file.sources.get(key, ("default", None))
        rows.append({"key": key, "value": value, "source": source, "from": of})
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    shown = [(row["key"], _text(row["value"]), row["source"], row["from"] or "") for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(3)]
    for *cells, of in shown:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), of]).rstrip())


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
