"""Machine and libraries of a measurement."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("duckdb", "numpy", "polars", "prefect", "pyarrow", "torch")


def describe() -> str:
    """Return one line: cores, memory, system, Python and libraries."""
    libraries = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{cores} cores ({_processor()}), {memory:.0f} GB of memory, {platform.system()}; "
        f"Python {platform.python_version()}, {libraries}"
    )


def load() -> str:
    """Return the load of the last minute. Above the number of cores, other work disturbs the benchmark."""
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
