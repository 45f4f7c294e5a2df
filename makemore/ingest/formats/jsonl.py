"""JSON lines: one object per line, with a name and an optional count."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from makemore.ingest.formats._lines import text_chunks
from makemore.ingest.formats._rows import frame, replace_surrogates
from makemore.options import ReadOptions

SUFFIXES = (".jsonl", ".ndjson")


def read(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """Yield batches of rows."""
    for row, text in text_chunks(path, options):
        yield frame((row + i, *_object(line, options)) for i, line in enumerate(text.split("\n")))


def _object(line: str, options: ReadOptions) -> tuple[str, str | None, str | None]:
    if not line.strip():
        return line, None, None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return line, None, "is not JSON"
    if not isinstance(value, dict) or not isinstance(value.get(options.name_column), str):
        return line, None, f"has no text in {options.name_column!r}"
    if options.count_column and options.count_column not in value:
        return line, None, f"has no {options.count_column!r}"
    column = options.count_column or "count"
    count = replace_surrogates(str(value[column])) if column in value else None
    return replace_surrogates(value[options.name_column]), count, None
