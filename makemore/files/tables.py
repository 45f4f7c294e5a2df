"""Tables written piece by piece as text, CSV, JSON, JSON lines or Parquet."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

import polars as pl

from makemore.errors import InvalidOption
from makemore.files.atomic import written_aside
from makemore.files.compression import COMPRESSED, compressed
from makemore.options import TableFormat

SUFFIXES: dict[str, TableFormat] = {f".{name}": name for name in get_args(TableFormat)}
"""Format of each suffix. `TABLE_FORMATS` has the writers."""
ROW_GROUP = 1 << 17
"""Rows of a Parquet row group, except for the last one."""
KEY = "makemore"
"""Key of the table's metadata in a Parquet file."""

Metadata = Mapping[str, Any] | None
Write = Callable[[pl.DataFrame], None]
Writing = Callable[[IO[bytes], Metadata], AbstractContextManager[Write]]


@dataclass(frozen=True)
class _Format:
    """A function that opens a writer on a file, and the content that the format holds."""

    writing: Writing
    nested: bool = False
    binary: bool = False
    metadata: bool = False


def format_of(path: Path) -> TableFormat:
    """The table format of a file's suffix.

    Raises:
        InvalidOption: the suffix is unknown.
    """
    compressed = path.suffix.lower() in COMPRESSED
    suffix = (path.with_suffix("") if compressed else path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidOption(f"{path}: unknown suffix {suffix!r}", f"use one of {', '.join(SUFFIXES)}")
    if compressed and SUFFIXES[suffix] == "parquet":
        raise InvalidOption(f"{path}: Parquet files are compressed already", f"remove {path.suffix}")
    return SUFFIXES[suffix]


def write_table(frame: pl.DataFrame, target: Path | IO[bytes], table_format: TableFormat) -> None:
    """Write a table; a file is complete or absent. `txt` holds one column, one value per line.

    Raises:
        InvalidOption: the format cannot hold the table.
    """
    _check_columns(frame, table_format)
    with writing(target, table_format) as write:
        write(frame)


@contextmanager
def writing(target: Path | IO[bytes], table_format: TableFormat, metadata: Metadata = None) -> Iterator[Write]:
    """A function that writes the next rows of a table. The file appears, complete, when the block succeeds.

    Parquet stores `metadata` under the key `makemore`; other formats get a second file, `<file>-metadata.json`.

    Raises:
        NotFound: the folder does not exist.
        InvalidOption: the format cannot hold the table.
    """
    with _opened(target) as file, TABLE_FORMATS[table_format].writing(file, metadata) as write_rows:

        def write(frame: pl.DataFrame) -> None:
            _check_columns(frame, table_format)
            write_rows(frame)

        yield write
    if metadata and isinstance(target, Path) and not TABLE_FORMATS[table_format].metadata:
        with written_aside(metadata_of(target)) as aside:
            aside.write_text(_json(metadata, indent=2) + "\n", encoding="utf-8")


def metadata_of(path: Path) -> Path:
    """The metadata file of a table."""
    return path.with_name(f"{path.name}-metadata.json")


def _check_columns(frame: pl.DataFrame, table_format: TableFormat) -> None:
    if table_format == "txt" and len(frame.columns) != 1:
        raise InvalidOption(f"a .txt file holds one column, this table has {len(frame.columns)}", "use .csv")
    holds = TABLE_FORMATS[table_format]
    for name, kind in frame.schema.items():
        if (kind.is_nested() and not holds.nested) or (kind == pl.Binary and not holds.binary):
            message = f"{table_format} cannot hold column {name!r} of {kind}"
            raise InvalidOption(message, "use parquet, or cast it to text")


@contextmanager
def _opened(target: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(target, Path):
        yield target
        return
    with written_aside(target) as aside:
        with aside.open("wb") as raw, compressed(raw, target) as file:
            yield file
        # The metadata of an earlier table must not describe this one.
        metadata_of(target).unlink(missing_ok=True)


def _writing_text(text: Callable[[pl.DataFrame, bool], str], start: bytes = b"", end: bytes = b"") -> Writing:
    """A writer of the text of each piece; `text` gets the piece and whether it is the first with a text."""

    @contextmanager
    def writing(file: IO[bytes], _: Metadata) -> Iterator[Write]:
        is_first = True

        def write(frame: pl.DataFrame) -> None:
            nonlocal is_first
            rows = text(frame, is_first).encode()
            # Polars hides a closed pipe behind a general error; Python's own write raises BrokenPipeError.
            file.write(rows)
            is_first &= not rows

        file.write(start)
        yield write
        file.write(end)

    return writing


def _json_rows(frame: pl.DataFrame, is_first: bool) -> str:
    rows = frame.write_json()[1:-1]
    return rows if is_first or not rows else f",{rows}"


@contextmanager
def _writing_parquet(file: IO[bytes], metadata: Metadata) -> Iterator[Write]:
    """Collect rows to full row groups, so that the bytes do not depend on the pieces."""
    import pyarrow.parquet as pq

    waiting: list[pl.DataFrame] = []
    writer: pq.ParquetWriter | None = None
    counted = _Counted(file)

    def flush(*, is_last: bool) -> None:
        nonlocal writer
        rows = pl.concat(waiting)
        until = len(rows) if is_last else len(rows) // ROW_GROUP * ROW_GROUP
        table = rows.head(until).rechunk().to_arrow()
        if metadata:
            table = table.replace_schema_metadata({KEY: _json(metadata)})
        if writer is None:
            writer = pq.ParquetWriter(counted, table.schema, use_dictionary=False, compression="zstd")
        writer.write_table(table, row_group_size=ROW_GROUP)
        waiting[:] = [rows.tail(len(rows) - until)]

    def write(frame: pl.DataFrame) -> None:
        waiting.append(frame)
        if sum(map(len, waiting)) >= ROW_GROUP:
            flush(is_last=False)

    try:
        yield write
        if waiting and (writer is None or sum(map(len, waiting))):
            flush(is_last=True)
    finally:
        if writer is not None:
            # Before its file is closed, also after an error: otherwise it prints one when it is collected.
            writer.close()


class _Counted(io.RawIOBase):
    """A writable file with a position, which the Parquet writer needs and a pipe lacks."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.position = file, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.position += self.file.write(data)
        return len(data)

    def tell(self) -> int:
        return self.position


def _json(metadata: Mapping[str, Any], indent: int | None = None) -> str:
    return json.dumps(metadata, ensure_ascii=False, sort_keys=True, indent=indent)


TABLE_FORMATS: dict[TableFormat, _Format] = {
    "txt": _Format(_writing_text(lambda frame, _: frame.write_csv(include_header=False, quote_style="never"))),
    "csv": _Format(_writing_text(lambda frame, is_first: frame.write_csv(include_header=is_first))),
    "json": _Format(_writing_text(_json_rows, b"[", b"]\n"), nested=True),
    "jsonl": _Format(_writing_text(lambda frame, _: frame.write_ndjson()), nested=True),
    "parquet": _Format(_writing_parquet, nested=True, binary=True, metadata=True),
}
