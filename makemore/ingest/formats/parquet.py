"""Parquet with a name column and an optional count column."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from makemore.errors import InvalidInput
from makemore.ingest.compressed import check_unpacked
from makemore.ingest.formats._lines import MAX_LINE_LENGTH
from makemore.ingest.formats._rows import column_indices, columns
from makemore.options import ReadOptions

SUFFIXES = (".parquet",)


def read(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """Yield batches of rows."""
    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    name, count = column_indices(path, schema.names, options)
    kind = schema.types[name]
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    if values not in (pa.string(), pa.large_string(), pa.string_view()):
        message = f"{path}: column {schema.names[name]!r} has type {kind}, not text"
        raise InvalidInput(message, "use --name-column COLUMN")
    used = [schema.names[i] for i in (name, count) if i is not None]
    # A page is decompressed in memory as a whole, so its size is checked before it is read.
    check_unpacked(path, _unpacked_size(file.metadata, used))
    row, size = 1, 0
    for batch in file.iter_batches(1 << 18, columns=used):
        frame = cast(pl.DataFrame, pl.from_arrow(batch))
        raw = frame[schema.names[name]].cast(pl.String).fill_null("")
        size += len(raw) + int(raw.str.len_bytes().sum())
        check_unpacked(path, size)
        counts = None if count is None else frame[schema.names[count]].cast(pl.String).fill_null("")
        yield columns(row, raw.str.head(MAX_LINE_LENGTH), counts)
        row += len(raw)


def _unpacked_size(metadata: pq.FileMetaData, used: list[str]) -> int:
    """Bytes of the decompressed pages of columns; a dictionary page has a repeated name once."""
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    parts = [group.column(part) for group in groups for part in range(group.num_columns)]
    return sum(part.total_uncompressed_size for part in parts if part.path_in_schema in used)
