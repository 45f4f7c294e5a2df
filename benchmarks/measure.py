"""Measure contenders as fresh processes, interleaved (A B A B ...): wall seconds, CPU seconds and peak memory.

A contender that is a function times itself with `report`, without the start of the interpreter and imports. A
contender that is a command is timed from outside. Peak memory is that of the process, or of the largest one if there
are several. On Linux it includes memory of the parent at the time of the fork, so this module imports only the
standard library.
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
CLEARED = ("MAKEMORE_", "PREFECT_")
"""Prefixes of environment variables that would change the measurement."""


@dataclass(frozen=True)
class Contender:
    """A name for the tables, a command and its environment."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """Seconds, bytes, and the result that the contender reports."""

    wall: float
    cpu: float
    peak: int
    result: dict[str, Any]


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
    def result(self) -> dict[str, Any]:
        """Result of the last run."""
        return self.runs[-1].result


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command of a contender in a module of this package."""
    return sys.executable, "-m", f"benchmarks.{module}", *arguments


def measure(contenders: Sequence[Contender], repeats: int) -> list[Measured]:
    """Run each contender `repeats` times, interleaved, so that other load affects all of them alike."""
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for repeat in range(repeats):
        for contender in contenders:
            run = run_once(contender)
            print(f"{repeat + 1}/{repeats} {contender.name}: {run.wall:.3f} s", file=sys.stderr)
            runs[contender.name].append(run)
    return [Measured(name, tuple(each)) for name, each in runs.items()]


def run_once(contender: Contender) -> Run:
    """Run a contender in an empty folder.

    Raises:
        RuntimeError: the command fails.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(CLEARED)}
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
        result = _result(out.read().decode(errors="replace"))
    cpu = usage.ru_utime + usage.ru_stime
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(result.pop("wall", wall), result.pop("cpu", cpu), usage.ru_maxrss * unit, result)


def report(work: Callable[[], T], summarise: Callable[[T], dict[str, Any]]) -> None:
    """Run `work` and print its seconds and the summary of its result, for the measuring process."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(summarise(result) | seconds))


def _result(output: str) -> dict[str, Any]:
    """Return what `report` printed on the last line, or nothing."""
    last = output.rstrip("\n").rpartition("\n")[2]
    return dict(json.loads(last)) if last.startswith("{") else {}
