"""Inputs of the benchmarks: the list of names, and 3.2 million names drawn from a bigram model of it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LECTURE = ROOT.parent / "shared" / "data" / "names.txt"
BUNDLED = ROOT / "examples" / "names" / "english.txt"
MANY = 3_200_000
FEWER = 800_000
BLOCK = 400_000
"""Names drawn from one generator. A longer list starts with the names of a shorter one."""
SEED = 2147483647


@dataclass(frozen=True)
class Inputs:
    """The list of names, and the folder for lists that are drawn from it."""

    names: Path
    folder: Path

    def drawn(self, n: int) -> Path:
        """Return a list of `n` names from a bigram model of the list, with the same bytes in every run."""
        return self._create(self.folder / f"{n}.txt", "draw", str(self.names), str(n))

    def spoiled(self, n: int) -> Path:
        """Return the same list with every thousandth line invalid."""
        return self._create(self.folder / f"{n}-spoiled.txt", "spoil", str(self.drawn(n)))

    def _create(self, path: Path, *command: str) -> Path:
        # In a separate process: memory of this one would count as memory of its children (measure.py).
        if not path.exists():
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            subprocess.run(
                [sys.executable, "-m", "benchmarks.inputs", *command, str(path)], check=True, env=environment
            )
        return path


def find_names(named: str | None) -> Path:
    """Return the named list, else the lecture's list if it exists, else the bundled one.

    Raises:
        FileNotFoundError: the named list does not exist.
    """
    if named is None:
        return LECTURE if LECTURE.exists() else BUNDLED
    if not Path(named).is_file():
        raise FileNotFoundError(f"{named} does not exist. hint: use a list with one name a line")
    return Path(named).resolve()


def reference_split(names: Path) -> tuple[list[str], list[str], list[str]]:
    """Return train, dev and test of the reference split: the last 1,000 of a permutation with seed 3407 are test.

    Train contains all others, as in the reference program. dev, the last 1,000 of train, serves to choose settings.
    """
    import torch

    lines = names.read_text(encoding="utf-8").splitlines()
    # torch.manual_seed(3407); torch.randperm(len(lines)), without touching the global generator.
    order = torch.randperm(len(lines), generator=torch.Generator().manual_seed(3407)).tolist()
    test, rest = [lines[i] for i in order[-1000:]], [lines[i] for i in order[:-1000]]
    return rest, rest[-1000:], test


def draw(names: Path, n: int, path: Path) -> None:
    """Write `n` names from the bigram model of a list, without smoothing."""
    import numpy as np

    stream = np.array([".", *".".join(names.read_text(encoding="utf-8").splitlines()), "."])
    chars, ids = np.unique(stream, return_inverse=True)
    end = int(np.flatnonzero(chars == ".")[0])
    counts = np.zeros((len(chars), len(chars)))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    # Row i of the cumulative probabilities ends at i + 1: one sorted line in which each row has its own interval.
    line = ((counts / counts.sum(axis=1, keepdims=True)).cumsum(axis=1) + np.arange(len(chars))[:, None]).ravel()
    codes = np.where(chars == ".", "\n", chars)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for block in range(-(-n // BLOCK)):
            rng = np.random.default_rng([SEED, block])
            rows = np.full(min(BLOCK, n - block * BLOCK), end)
            alive, columns = np.arange(len(rows)), []
            while len(alive):
                # Rounding may put a point past its row: it counts as the last character of the row.
                point = np.minimum(rng.random(len(alive)), 1 - 2**-40) + rows[alive]
                rows[alive] = np.searchsorted(line, point, side="right") % len(chars)
                column = np.full(len(rows), "", dtype=codes.dtype)
                column[alive] = codes[rows[alive]]
                columns.append(column)
                alive = alive[rows[alive] != end]
            letters = np.stack(columns, axis=1).ravel()
            file.write(letters[letters != ""].tobytes().decode("utf-32-le"))


def spoil(source: Path, path: Path) -> None:
    """Write a list in which every thousandth line is empty, contains '.' or a control character, or is too long."""
    damage = (lambda name: "", lambda name: f"{name}.", lambda name: f"{name}\x07", lambda name: name * 65)
    with source.open(encoding="utf-8") as lines, path.open("w", encoding="utf-8", newline="\n") as file:
        for i, line in enumerate(lines):
            file.write(line if i % 1000 else damage[i // 1000 % 4](line.rstrip("\n")) + "\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["draw", names, n, path]:
            draw(Path(names), int(n), Path(path))
        case ["spoil", source, path]:
            spoil(Path(source), Path(path))
