"""Contenders as fresh processes, each in its turn, A B A B ...: wall seconds, CPU seconds and peak memory.

A contender that is a function times itself with `report`: the interpreter's start and imports are left out. One that
is a command is timed from outside, with both. Peak memory is the operating system's, of the whole process either way,
or of the largest where there are several. On Linux a process counts what its parent held before it: whoever measures
keeps to the standard library, and leaves numpy, polars and torch to the contenders.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parent.parent
OURS_TO_SET = ("MAKEMORE_", "PREFECT_")
"""Variables of the user's that would change what is measured."""


@dataclass(frozen=True)
class Contender:
    """Its name in the tables, its command, and what the command finds in its environment."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """Seconds, bytes, and what the contender told of its result."""

    wall: float
    cpu: float
    peak: int
    told: dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """All runs of a contender."""

    name: str
    runs: tuple[Run, ...]

    @property
    def wall(self) -> float:
        """Median of the wall seconds."""
        return median(run.wall for run in self.runs)

    @property
    def range(self) -> tuple[float, float]:
        """Shortest and longest wall seconds."""
        return min(run.wall for run in self.runs), max(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """Median of the CPU seconds."""
        return median(run.cpu for run in self.runs)

    @property
    def peak(self) -> int:
        """Highest peak memory, in bytes."""
        return max(run.peak for run in self.runs)

    @property
    def told(self) -> dict[str, Any]:
        """What the last run told."""
        return self.runs[-1].told


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """The command of a contender that a module of this package holds."""
    return sys.executable, "-m", f"benchmarks.{module}", *arguments


def measure(contenders: Sequence[Contender], repeats: int) -> list[Measured]:
    """The runs of each contender, `repeats` of them, interleaved: what slows the machine down slows them alike."""
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for repeat in range(repeats):
        for contender in contenders:
            run = run_once(contender)
            print(f"{repeat + 1}/{repeats} {contender.name}: {run.wall:.3f} s", file=sys.stderr)
            runs[contender.name].append(run)
    return [Measured(name, tuple(made)) for name, made in runs.items()]


def run_once(contender: Contender) -> Run:
    """One run in an empty folder of its own.

    Raises:
        RuntimeError: the command fails.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS_TO_SET)}
    environment |= {"PYTHONPATH": str(ROOT)} | contender.environment
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(contender.command, stdout=out, stderr=err, cwd=folder, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            err.seek(0)
            raise RuntimeError(f"{contender.name} fails: {err.read().decode(errors='replace')[-2000:]}")
        out.seek(0)
        told = _told(out.read().decode(errors="replace"))
    cpu = usage.ru_utime + usage.ru_stime
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(told.pop("wall", wall), told.pop("cpu", cpu), usage.ru_maxrss * unit, told)


def report(work: Callable[[], T], tell: Callable[[T], dict[str, Any]]) -> None:
    """Print the seconds that `work` takes, and what `tell` says of its result, for the process that measures."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(tell(result) | seconds))


def _told(output: str) -> dict[str, Any]:
    """What `report` printed on the last line, if it was that which printed there."""
    last = output.rstrip("\n").rpartition("\n")[2]
    return dict(json.loads(last)) if last.startswith("{") else {}
