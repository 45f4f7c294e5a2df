"""Ingest of 3.2 million names from text with validation, compared with polars.read_csv of the same file."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.figure import Figure, Row, megabytes, seconds
from benchmarks.inputs import MANY, Inputs
from benchmarks.measure import Contender, measure, python, report

TARGET = 10
PEAK = 1_000_000_000


def figure(inputs: Inputs, repeats: int) -> Figure:
    path = inputs.spoiled(MANY)
    wc = shutil.which("wc")
    read_csv, ours, *scale = measured = measure(
        [
            Contender("polars.read_csv", python("ingest", "read_csv", str(path))),
            Contender("makemore.pipeline.ingest", python("ingest", "ours", str(path))),
            *([Contender("wc -l", (wc, "-l", str(path)))] if wc else []),
        ],
        repeats,
    )
    names, rejects = ours.result["names"], ours.result["rejects"]
    if read_csv.result["rows"] != MANY or names + rejects != MANY or rejects < MANY // 1000:
        raise AssertionError(f"of {MANY:,} lines, {read_csv.result} were read and {ours.result} ingested.")
    ratio = ours.wall / read_csv.wall
    return Figure(
        "ingest",
        repeats,
        [
            Row(
                f"ingest of {MANY / 1e6:g} million names from text",
                read_csv,
                ours,
                f"{ratio:.1f} times as long",
                f"within {TARGET} times; peak under {megabytes(PEAK)}",
                ratio <= TARGET and ours.peak < PEAK,
            )
        ],
        measured,
        [
            f"{path.stat().st_size / 1e6:.1f} MB of text in the system's cache. {names:,} names, "
            f"{rejects:,} rejects: every thousandth line is invalid, and a few names are longer than 64 characters.",
            "Timed: the step in an empty home, that is hashing the file twice, reading, Unicode NFC, trimming, "
            "validation and one transaction in DuckDB. polars.read_csv creates one column in memory.",
            *(f"`wc -l`, for scale, with the start of the process: {seconds(one.wall)}." for one in scale),
        ],
    )


def _read_csv(path: str) -> None:
    import polars as pl

    report(
        lambda: pl.read_csv(path, has_header=False, new_columns=["name"]),
        lambda frame: {"rows": len(frame)},
    )


def _ours(path: str) -> None:
    from makemore.options import ReadOptions
    from makemore.pipeline.ingest import ingest

    home = Path("home")
    home.mkdir()
    report(
        lambda: ingest(home, path, ReadOptions()),
        lambda ingested: {"names": ingested.names, "rejects": ingested.rejects},
    )


if __name__ == "__main__":
    {"read_csv": _read_csv, "ours": _ours}[sys.argv[1]](sys.argv[2])
