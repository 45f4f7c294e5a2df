"""`make setup` and `make run` on a fresh clone, compared with `python -m venv` and `pip install`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.figure import Figure, Row, times
from benchmarks.inputs import Inputs
from benchmarks.measure import ROOT, Contender, Measured, measure, python

TARGET_SETUP, TARGET_NAMES = 20.0, 45.0
FIRST_NAMES = re.compile(r"\d+ new names from ")
PIP_SETUP = (
    "python3 -m venv .venv && .venv/bin/python -m pip install --quiet --constraint constraints.txt "
    "--editable '.[all,docs,dev]' && touch .venv/set-up"
)


def figure(_: Inputs, repeats: int) -> Figure:
    pip, setup, old, run = measured = measure(
        [
            Contender("venv and pip install", python("setup", PIP_SETUP)),
            Contender("make setup", python("setup", "make setup")),
            Contender("venv, pip install, make run", python("setup", f"{PIP_SETUP} && make run")),
            Contender("make run", python("setup", "make run")),
        ],
        repeats,
    )
    return Figure(
        "setup",
        repeats,
        [
            _row("`make setup` from nothing, warm index", pip, setup, TARGET_SETUP),
            _row("`make run` on a fresh clone, first names printed", old, run, TARGET_NAMES),
        ],
        measured,
        [
            "Each process clones the committed state into an empty folder; the time starts after that. It ends with "
            "the first names that the command prints, else with the command. The caches of pip and uv and the home of "
            "Prefect are empty.",
        ],
    )


def _row(what: str, baseline: Measured, ours: Measured, target: float) -> Row:
    ratio = f"{times(baseline, ours):.1f} times"
    return Row(what, baseline, ours, ratio, f"at most {target:g} s", ours.wall <= target)


def _time(command: str) -> None:
    """Run a command in a fresh clone, and print its seconds until the first names, or until its end."""
    subprocess.run(["git", "clone", "--quiet", ROOT, "project"], check=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"PYTHONUNBUFFERED": "1"}
    for variable in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "PREFECT_HOME"):
        environment[variable] = str(Path(variable).absolute())
    started, names = time.perf_counter(), None
    with subprocess.Popen(
        command, shell=True, cwd="project", env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if names is None and FIRST_NAMES.match(line):
                names = time.perf_counter() - started
    if process.returncode:
        sys.exit(process.returncode)
    print(json.dumps({"wall": names or time.perf_counter() - started}))


if __name__ == "__main__":
    _time(sys.argv[1])
