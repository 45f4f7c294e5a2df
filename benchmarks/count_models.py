"""Start-up with a count model: load and sample, compared with torch reading the same weights; and `makemore --help`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.figure import Figure, Row, megabytes, times
from benchmarks.help import COMMAND
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, measure, python
from benchmarks.trained_version import trained_version

SAMPLE, LOAD, PEAK, HELP = 0.5, 0.4, 150_000_000, 1.7
"""Seconds of `makemore sample`; seconds and bytes of a program that loads and samples; help, as a multiple."""
PROGRAM = "import makemore; makemore.load({!r}, model='ngram').sample(1)"


def figure(inputs: Inputs, repeats: int) -> Figure:
    version = trained_version(inputs, "ngram")
    home = str(version.parent.parent)
    by_torch, sample, program, cyclopts, shown = measured = measure(
        [
            Contender("torch reads the weights, one name", python("count_models", str(version))),
            Contender("makemore sample -n 20", (str(COMMAND), "sample", "-n", "20", "--home", home)),
            Contender("makemore.load(home).sample(1)", (sys.executable, "-c", PROGRAM.format(home))),
            Contender("import cyclopts", (sys.executable, "-c", "import cyclopts")),
            Contender("makemore --help", (str(COMMAND), "--help")),
        ],
        repeats,
    )
    return Figure(
        "count_models",
        repeats,
        [
            Row(
                "`makemore sample -n 20`, ngram", by_torch, sample, f"{times(by_torch, sample):.1f} times faster",
                f"{SAMPLE:g} s", sample.wall <= SAMPLE,
            ),
            Row(
                "`makemore.load(home).sample(1)`, ngram", by_torch, program,
                f"{times(by_torch, program):.1f} times faster", f"{LOAD:g} s, peak under {megabytes(PEAK)}",
                program.wall <= LOAD and program.peak < PEAK,
            ),
            Row(
                "`makemore --help`", cyclopts, shown, f"{shown.wall / cyclopts.wall:.2f} times as long",
                f"{HELP:g} times", shown.wall <= HELP * cyclopts.wall,
            ),
        ],
        measured,
        ["Complete processes, from start to exit. The baseline of the first two draws one name in a loop."],
    )  # fmt: skip


def _by_torch(version: str) -> None:
    import json

    import torch
    from safetensors.torch import load_file

    folder = Path(version) / "models" / "ngram"
    chars = json.loads((folder / "config.json").read_text(encoding="utf-8"))["chars"]
    tensors = load_file(folder / "model.safetensors")
    name, state, ix = "", 0, -1
    while ix:
        ix = int(torch.multinomial(tensors["log_probs"][state].exp(), 1))
        name, state = name + chars[ix], int(tensors["next"][state, ix])
    print(name)


if __name__ == "__main__":
    _by_torch(sys.argv[1])
