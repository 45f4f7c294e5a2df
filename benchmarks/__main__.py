"""All benchmarks or the named ones, as Markdown: `python -m benchmarks [name...] [--names LIST] [--repeats N]`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import (
    added,
    bigram_net,
    counting,
    evaluation,
    help,
    idle,
    ingest,
    machine,
    models,
    nets,
    ngram,
    producers,
    run,
    sampling,
    transformer,
)
from benchmarks.figure import details, summary
from benchmarks.inputs import BUNDLED, Inputs, find_names

MODULES = (
    bigram_net, counting, evaluation, ingest, help, ngram, run, idle, added, transformer, models, sampling,
    producers, nets,
)  # fmt: skip
FIGURES = {module.__name__.rpartition(".")[2]: module for module in MODULES}


def main() -> None:
    """Measure, then print one table of all figures and one of each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="name", help=f"{', '.join(FIGURES)}; all if left out")
    parser.add_argument("--names", default=os.environ.get("NAMES"), help="list to measure on; also NAMES=LIST")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each contender")
    arguments = parser.parse_args()
    if unknown := set(arguments.figures) - FIGURES.keys():
        parser.error(f"no figure {sorted(unknown)[0]!r}: use one of {', '.join(FIGURES)}.")
    if arguments.repeats < 1:
        parser.error(f"--repeats {arguments.repeats}: use 1 or more.")
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
    print(f"{started}, {arguments.repeats} repeats, list: {names.name}{_instead(arguments.names, names)}.\n")
    print(f"Machine: {machine.describe()}. Load before {before}, after {machine.load()}.\n")
    print(summary(figures))
    for figure in figures:
        print(f"\n{details(figure)}")


def _instead(named: str | None, names: Path) -> str:
    return " (the lecture's names.txt is not at hand)" if named is None and names == BUNDLED else ""


if __name__ == "__main__":
    main()
