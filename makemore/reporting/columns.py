"""Columns of the model comparison and the sample quality, as rendered by report, card, terminal and run page.

To add a column, add a `Column` here. A new figure also needs a column in sql/results/.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from makemore.database import query
from makemore.versions.version import Version

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table. `cell` formats a row of the relation; None if the row has no value."""

    heading: str
    cell: Callable[[Row], str | None]
    explanation: str = ""
    align: Literal["left", "right"] = "right"


@dataclass(frozen=True)
class Table:
    """Formatted cells, row by row, and their columns. Columns without any value are left out."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


def comparison(version: Version) -> Table:
    """Models of a version, best first."""
    return _table(COMPARISON, query(version.stats, "from comparison").to_dicts())


def sample_quality(version: Version) -> Table:
    """Samples of each model of a version, and names of train drawn again."""
    return _table(SAMPLE_QUALITY, query(version.stats, "from sample_quality").to_dicts())


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    cells = {column: [column.cell(row) for row in rows] for column in columns}
    shown = {column: [cell or "–" for cell in values] for column, values in cells.items() if any(values)}
    return Table(list(shown), list(zip(*shown.values(), strict=True)))


def with_interval(value: float, low: float, high: float) -> str:
    """Return a difference and its 95 % interval."""
    return f"{value:+.4f} ({low:+.4f} to {high:+.4f})"


def _number(name: str, spec: str) -> Callable[[Row], str | None]:
    return lambda row: None if row[name] is None else format(row[name], spec)


def _percent(name: str) -> Callable[[Row], str]:
    return lambda row: f"{100 * row[name]:.1f} %"


def _nll(split: str) -> Callable[[Row], str | None]:
    nll, se = f"nll_{split}", f"nll_{split}_se"
    return lambda row: None if row[nll] is None else f"{row[nll]:.4f} ± {row[se]:.4f}"


def _difference(row: Row) -> str | None:
    """Return None for the best model, and for versions without held-out names."""
    differs = row["difference"] or row["difference_high"]
    return with_interval(row["difference"], row["difference_low"], row["difference_high"]) if differs else None


COMPARISON = (
    Column("model", lambda row: row["model_type"], align="left"),
    Column("nll (train)", _number("nll_train", ".4f"), "mean negative log-likelihood in nats per character"),
    Column("nll (dev)", _nll("dev"), "± standard error; the models are sorted by this column"),
    Column("nll (test)", _nll("test"), "± standard error"),
    Column("Δ nll (test)", _difference, "nll minus the best nll; its 95 % interval contains 0 if not significant"),
    Column("parameters", _number("parameters", ",")),
    Column("seconds", _number("train_seconds", ",.2f"), "training time"),
    Column("names/s", _number("names_per_second", ",.0f"), "sampling speed"),
)
SAMPLE_QUALITY = (
    Column("samples of", lambda row: row["model_type"], align="left"),
    Column("unique", _percent("unique_rate"), "share of distinct names"),
    Column("in train", _percent("copy_rate"), "share of names that are in train"),
    Column("held-out hits", _number("held_out_hits", ","), "distinct names of dev and test, not in train"),
    Column("length TV", _number("length_tv", ".3f"), "total variation distance between the lengths and those of train"),
    Column("trigram JSD", _number("trigram_jsd", ".4f"), "Jensen-Shannon divergence of trigrams from train, in nats"),
)
