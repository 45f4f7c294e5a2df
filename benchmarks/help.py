"""Start-up time of the command line: `makemore --help`, compared with an empty Python process."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from benchmarks.figure import Figure, Row
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, measure, python, report, run_once

TARGET = 0.4
HEAVY = ("torch", "prefect", "duckdb", "polars", "numpy", "pyarrow")
FORBIDDEN = {"torch", "prefect"}
COMMAND = Path(sys.executable).with_name("makemore")


def figure(inputs: Inputs, repeats: int) -> Figure:
    nothing, ours = measured = measure(
        [
            Contender("python -c pass", (sys.executable, "-c", "pass")),
            Contender("makemore --help", (str(COMMAND), "--help")),
        ],
        repeats,
    )
    imported = run_once(Contender("modules", python("help", "modules"))).result["imported"]
    if FORBIDDEN & set(imported):
        raise AssertionError(f"makemore --help imports {', '.join(imported)}.")
    return Figure(
        "help",
        repeats,
        [
            Row(
                "`makemore --help`",
                nothing,
                ours,
                f"{ours.wall - nothing.wall:.3f} s more",
                f"under {TARGET} s, neither torch nor prefect imported",
                ours.wall < TARGET,
            )
        ],
        measured,
        [
            f"Of {', '.join(HEAVY)}, it imports {', '.join(imported) or 'none'} (asserted for "
            f"{' and '.join(sorted(FORBIDDEN))}). Complete processes, from start to exit."
        ],
    )


def _modules() -> None:
    from makemore.cli import main

    sys.argv = ["makemore", "--help"]
    with (
        open(os.devnull, "w", encoding="utf-8") as null,  # noqa: PTH123
        contextlib.redirect_stdout(null),
        contextlib.suppress(SystemExit),
    ):
        main()
    report(lambda: [module for module in HEAVY if module in sys.modules], lambda found: {"imported": found})


if __name__ == "__main__":
    _modules()
