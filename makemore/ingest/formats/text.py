"""Text: one name per line."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from makemore.ingest.formats._lines import text_chunks
from makemore.ingest.formats._rows import columns
from makemore.options import ReadOptions

SUFFIXES = (".txt",)


def read(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """Yield batches of rows."""
    for row, text in text_chunks(path, options):
        yield columns(row, pl.Series([text]).str.split("\n").explode())
