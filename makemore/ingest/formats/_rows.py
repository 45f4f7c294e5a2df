"""Batches of rows: row number, raw name, count as text, and why a row cannot be read."""

import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from makemore.errors import InvalidInput
from makemore.options import ReadOptions

SCHEMA = {"row": pl.Int64, "raw": pl.String, "count": pl.String, "reject_reason": pl.String}
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character: JSON can escape one, but text cannot contain it."""

Row = tuple[int, str, str | None, str | None]


def frame(rows: Iterable[Row]) -> pl.DataFrame:
    """A batch of rows."""
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def columns(row: int, raw: pl.Series, count: pl.Series | None = None) -> pl.DataFrame:
    """A batch of valid rows, numbered from `row`."""
    null, rows = pl.lit(None, pl.String), pl.int_range(row, row + len(raw))
    return pl.select(row=rows, raw=raw, count=null if count is None else count, reject_reason=null)


def column_indices(path: Path, names: list[str], options: ReadOptions) -> tuple[int, int | None]:
    """Indices of the name column and of the count column, which may be missing unless an option selects it."""
    indices = {name.strip().lower(): i for i, name in reversed(list(enumerate(names)))}
    for column, option in ((options.name_column, "--name-column"), (options.count_column, "--count-column")):
        if column is not None and column.lower() not in indices:
            hint = f"use {option} COLUMN, --columns name,... for a CSV without a header, or --delimiter ';'"
            raise InvalidInput(f"{path} has no column {column!r}, only {', '.join(map(repr, names))[:200]}", hint)
    return indices[options.name_column.lower()], indices.get((options.count_column or "count").lower())


def replace_surrogates(text: str) -> str:
    """The text with U+FFFD in place of each half of a character."""
    return SURROGATE.sub("\ufffd", text)
