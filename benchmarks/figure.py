"""Targets and measurements of a benchmark, rendered as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measure import Measured


@dataclass(frozen=True)
class Row:
    """A measurement with its baseline and its target."""

    what: str
    baseline: Measured | str
    """Measured baseline, or a known figure."""
    ours: Measured
    ratio: str
    target: str
    met: bool | None = None
    """None without a target."""


@dataclass(frozen=True)
class Figure:
    """Rows of one benchmark, all its measurements, and notes."""

    name: str
    repeats: int
    rows: Sequence[Row]
    measured: Sequence[Measured]
    notes: Sequence[str]


def summary(figures: Sequence[Figure]) -> str:
    """Return a table with a line for each row."""
    lines = ["| figure | baseline | ours | ratio | peak memory | target | met |", "|---|---|---|---|---|---|---|"]
    for figure in figures:
        for row in figure.rows:
            lines.append(
                f"| {row.what} | {_baseline(row.baseline)} | {seconds(row.ours.wall)} "
                f"| {row.ratio} | {megabytes(row.ours.peak)} | {row.target} | {_yes_no(row.met)} |"
            )
    return "\n".join(lines)


def details(figure: Figure) -> str:
    """Return a table of all contenders (times, CPU time, peak memory) and the notes."""
    lines = [
        f"### {figure.name}: {figure.repeats} repeats, interleaved",
        "",
        "| contender | wall, median | min - max | CPU, median | peak memory |",
        "|---|---|---|---|---|",
    ]
    for measured in figure.measured:
        shortest, longest = measured.range
        lines.append(
            f"| {measured.name} | {seconds(measured.wall)} | {seconds(shortest)} - {seconds(longest)} "
            f"| {seconds(measured.cpu)} | {megabytes(measured.peak)} |"
        )
    return "\n".join([*lines, "", *(f"- {note}" for note in figure.notes)])


def times(baseline: Measured, ours: Measured) -> float:
    """Return the speed-up: the ratio of the median times."""
    return baseline.wall / ours.wall


def seconds(value: float) -> str:
    """Format seconds with about three digits."""
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s" if value >= 1 else f"{value:.3f} s"


def megabytes(value: int) -> str:
    """Format bytes as megabytes."""
    return f"{value / 1e6:.0f} MB"


def _baseline(baseline: Measured | str) -> str:
    return baseline if isinstance(baseline, str) else f"{baseline.name}: {seconds(baseline.wall)}"


def _yes_no(met: bool | None) -> str:
    return "" if met is None else "yes" if met else "**no**"
