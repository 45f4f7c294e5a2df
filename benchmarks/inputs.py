"""What is measured on: the list of names, and 3.2 million names drawn from a bigram model of it."""

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
"""Names drawn at a time, from a generator of their own: the first names of a longer list are those of a shorter one."""
SEED = 2147483647


@dataclass(frozen=True)
class Inputs:
    """The list of names, and the folder that the lists drawn from it are kept in while benchmarks run."""

    names: Path
    folder: Path

    def drawn(self, n: int) -> Path:
        """A list of `n` names drawn from a bigram model of the list; the same bytes at every run."""
        return self._made(self.folder / f"{n}.txt", "draw", str(self.names), str(n))

    def spoiled(self, n: int) -> Path:
        """The same list with every thousandth line in a state that ingest must reject."""
        return self._made(self.folder / f"{n}-spoiled.txt", "spoil", str(self.drawn(n)))

    def _made(self, path: Path, *command: str) -> Path:
        # In a process of its own: what this one once held would count as its children's memory (measure.py).
        if not path.exists():
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            subprocess.run(
                [sys.executable, "-m", "benchmarks.inputs", *command, str(path)], check=True, env=environment
            )
        return path


def find_names(named: str | None) -> Path:
    """The list to measure on: the one named, else the lecture's where it is at hand, else the bundled one.

    Raises:
        FileNotFoundError: the list that is named does not exist.
    """
    if named is None:
        return LECTURE if LECTURE.exists() else BUNDLED
    if not Path(named).is_file():
        raise FileNotFoundError(f"{named} does not exist: name a list of one name a line.")
    return Path(named).resolve()


def reference_split(names: Path) -> tuple[list[str], list[str], list[str]]:
    """Train, dev and test of the reference program's split: the last 1,000 of a permutation seeded 3407 are test.

    Train is all the others, as in the reference program; dev, the last 1,000 of them, is where settings are found.
    """
    import torch

    lines = names.read_text(encoding="utf-8").splitlines()
    # torch.manual_seed(3407); torch.randperm(len(lines)), without touching the global generator.
    order = torch.randperm(len(lines), generator=torch.Generator().manual_seed(3407)).tolist()
    test, rest = [lines[i] for i in order[-1000:]], [lines[i] for i in order[:-1000]]
    return rest, rest[-1000:], test


def draw(names: Path, n: int, path: Path) -> None:
    """Write `n` names, one a line, drawn from the bigram model of a list, without smoothing."""
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
                # A point that rounding puts past its row is the row's last character that occurs.
                point = np.minimum(rng.random(len(alive)), 1 - 2**-40) + rows[alive]
                rows[alive] = np.searchsorted(line, point, side="right") % len(chars)
                column = np.full(len(rows), "", dtype=codes.dtype)
                column[alive] = codes[rows[alive]]
                columns.append(column)
                alive = alive[rows[alive] != end]
            letters = np.stack(columns, axis=1).ravel()
            file.write(letters[letters != ""].tobytes().decode("utf-32-le"))


def spoil(source: Path, path: Path) -> None:
    """Write a list with every thousandth line empty, with a '.', with a control character, or too long, in turn."""
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
