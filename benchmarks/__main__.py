"""Run benchmarks and print the results as Markdown: `python -m benchmarks [NAME...] [--names LIST] [--repeats N]`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import (
    bigram_net,
    count_models,
    counting,
    evaluation,
    generators,
    help,
    idle,
    incremental,
    ingest,
    machine,
    models,
    nets,
    ngram,
    run,
    sampling,
    setup,
    transformer,
)
from benchmarks.figure import details, summary
from benchmarks.inputs import BUNDLED, Inputs, find_names

MODULES = (
    bigram_net, count_models, counting, evaluation, ingest, help, ngram, run, idle, incremental, transformer, models,
    sampling, generators, nets, setup,
)  # fmt: skip
FIGURES = {module.__name__.rpartition(".")[2]: module for module in MODULES}


def main() -> None:
    """Measure, then print a summary table and a table for each figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="name", help=f"{', '.join(FIGURES)}; all by default")
    parser.add_argument("--names", default=os.environ.get("NAMES"), help="list to measure on; also the variable NAMES")
    parser.add_argument("--repeats", type=int, default=5, help="number of runs of each contender")
    arguments = parser.parse_args()
    if unknown := set(arguments.figures) - FIGURES.keys():
        parser.error(f"unknown figure {sorted(unknown)[0]!r}. hint: use one of {', '.join(FIGURES)}")
    if arguments.repeats < 1:
        parser.error(f"--repeats {arguments.repeats} is out of range. hint: use 1 or more")
    try:
        names = find_names(arguments.names)
    except FileNotFoundError as error:
        parser.error(str(error))
    before, started = machine.load(), time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.figures or FIGURES:
            print(f"{name} ...", file=sys.stderr)
            figures.append(FIGURES[name].figure(Inputs(names, Path(folder)), arguments.repeats))
    print(f"{started}, {arguments.repeats} repeats, list: {names.name}{_fallback(arguments.names, names)}.\n")
    print(f"Machine: {machine.describe()}. Load before {before}, after {machine.load()}.\n")
    print(summary(figures))
    for figure in figures:
        print(f"\n{details(figure)}")


def _fallback(named: str | None, names: Path) -> str:
    return " (the lecture's names.txt is missing)" if named is None and names == BUNDLED else ""


if __name__ == "__main__":
    main()
