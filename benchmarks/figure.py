"""A figure: what was asked, what was measured, and both as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measure import Measured


@dataclass(frozen=True)
class Row:
    """One claim: ours beside its baseline, and whether it is met."""

    what: str
    baseline: Measured | str
    """What it was measured beside, or where a figure is known from."""
    ours: Measured
    ratio: str
    asked: str
    met: bool | None = None
    """None where nothing is asked."""


@dataclass(frozen=True)
class Figure:
    """The claims of one benchmark, all that was run for them, and what a reader must know."""

    name: str
    repeats: int
    rows: Sequence[Row]
    measured: Sequence[Measured]
    notes: Sequence[str]


def summary(figures: Sequence[Figure]) -> str:
    """One line a claim."""
    lines = ["| figure | baseline | ours | ratio | peak memory | asked | met |", "|---|---|---|---|---|---|---|"]
    for figure in figures:
        for row in figure.rows:
            lines.append(
                f"| {row.what} | {_beside(row.baseline)} | {seconds(row.ours.wall)} "
                f"| {row.ratio} | {megabytes(row.ours.peak)} | {row.asked} | {_answer(row.met)} |"
            )
    return "\n".join(lines)


def details(figure: Figure) -> str:
    """All contenders of a figure: median, shortest and longest time, CPU time and peak memory; then its notes."""
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
    """How many times faster ours is: the ratio of the medians."""
    return baseline.wall / ours.wall


def seconds(value: float) -> str:
    """Seconds, in three digits or so."""
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s" if value >= 1 else f"{value:.3f} s"


def megabytes(value: int) -> str:
    """Bytes as megabytes."""
    return f"{value / 1e6:.0f} MB"


def _beside(baseline: Measured | str) -> str:
    return baseline if isinstance(baseline, str) else f"{baseline.name}: {seconds(baseline.wall)}"


def _answer(met: bool | None) -> str:
    return "" if met is None else "yes" if met else "**no**"
