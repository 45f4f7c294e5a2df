"""CSV with a name column and an optional count column."""

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from makemore.ingest.compressed import list_suffix
from makemore.ingest.formats._lines import text_chunks
from makemore.ingest.formats._rows import Row, column_indices, frame
from makemore.options import ReadOptions

SUFFIXES = (".csv", ".tsv")


def read(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """Yield batches of rows."""
    names = options.columns.split(",") if options.columns else None
    for row, text in text_chunks(path, options):
        lines = text.split("\n")
        records = _records(lines, delimiter_of(path, options))
        if names is None:
            names = next(records)[1]
        name, count = column_indices(path, names, options)
        yield frame(_row(row + i, lines[i], fields, reason, name, count) for i, fields, reason in records)


def delimiter_of(path: Path, options: ReadOptions) -> str:
    """The character between fields."""
    return options.delimiter or ("\t" if list_suffix(path) == ".tsv" else ",")


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """Index of each line, its fields and the reject reason.

    A name never spans lines, so an open quote invalidates its own line alone. The csv module by itself would read on
    to the next quote and lose the names between.
    """
    i = 0
    while i < len(lines):
        first = i
        reader = csv.reader((lines[line] for line in range(first, len(lines))), delimiter=delimiter, strict=True)
        try:
            for fields in reader:
                if first + reader.line_num > i + 1:
                    raise csv.Error("a quote is left open")
                yield i, fields, None
                i += 1
        except csv.Error as error:
            # The csv module may fail on a later line, but the quote of this line is the cause.
            left_open = first + reader.line_num > i + 1 or "unexpected end" in str(error)
            yield i, [], f"is not CSV: {'a quote is left open' if left_open else error}"
            i += 1


def _row(row: int, line: str, fields: list[str], reason: str | None, name: int, count: int | None) -> Row:
    if reason is None and fields and len(fields) <= max(name, count or 0):
        reason = "has too few fields"
    if reason or not fields:
        return row, line, None, reason
    return row, fields[name], None if count is None else fields[count], None
