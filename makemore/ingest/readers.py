"""Lists as batches of rows: row number, the name as it stands there, the count as text, and why a row is unreadable."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from makemore.ingest.sources import check_unpacked, delimiter_of, format_of, opened
from makemore.options import ReadOptions

CHUNK = 1 << 24
"""Characters read at a time: memory does not grow with the list."""
LONGEST_LINE = 1 << 20
"""Characters that are kept of a line that spans chunks, and of a name in Parquet: more is rejected all the same."""
STRANGE = 0.1
"""Share of control and undecodable characters from which a file is no list."""
ONCE = object()
"""A count that is not told."""
SCHEMA = {"row": pl.Int64, "raw": pl.String, "count": pl.String, "reject_reason": pl.String}

SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character: JSON can spell one, no text can hold it."""

Row = tuple[int, str, str | None, str | None]


def read(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """Batches with columns row (from 1), raw, count (null: the name counts once) and reject_reason (null: none).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not of its format, or lacks the column.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist.")
    readers = {"text": _text, "csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
    try:
        yield from readers[format_of(path, options)](path, options)
    except (EOFError, zlib.error, pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(f"{path} cannot be read: {str(error).splitlines()[0][:200]}") from error


def batch_of(names: Sequence[str]) -> pl.DataFrame:
    """A batch as of `read`, of names that are at hand."""
    return _frame((row, _mended(name), None, None) for row, name in enumerate(names, start=1))


def _text(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    for row, text in _texts(path, options):
        yield _columns(row, pl.Series([text]).str.split("\n").explode(), None)


def _csv(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    columns = options.columns.split(",") if options.columns else None
    for row, text in _texts(path, options):
        lines = text.split("\n")
        records = _records(lines, delimiter_of(path, options))
        if columns is None:
            columns = next(records)[1]
        name, count = _column_indices(path, columns, options)
        yield _frame(
            (row + i, *_fields(lines[i], fields, reject_reason, name, count)) for i, fields, reject_reason in records
        )


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """Index of each line, its fields, and what is wrong with it.

    A name never spans lines, so a quote that is left open spoils its own line alone: by itself the csv module
    would read on to the next quote, however far, and lose the names between.
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
            # Whichever way the csv module then fails, further down, the quote of this line is why.
            left_open = first + reader.line_num > i + 1 or "unexpected end" in str(error)
            yield i, [], f"is not CSV: {'a quote is left open' if left_open else error}"
            i += 1


def _fields(
    line: str, fields: list[str], reject_reason: str | None, name: int, count: int | None
) -> tuple[str, str | None, str | None]:
    if reject_reason is None and fields and len(fields) <= max(name, count or 0):
        reject_reason = "has too few fields"
    if reject_reason or not fields:
        return line, None, reject_reason
    return fields[name], None if count is None else fields[count], None


def _jsonl(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    for row, text in _texts(path, options):
        yield _frame((row + i, *_object(line, options)) for i, line in enumerate(text.split("\n")))


def _object(line: str, options: ReadOptions) -> tuple[str, str | None, str | None]:
    if not line.strip():
        return line, None, None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return line, None, "is not JSON"
    if not isinstance(found, dict) or not isinstance(found.get(options.name_column), str):
        return line, None, f"has no text in {options.name_column!r}"
    if options.count_column and options.count_column not in found:
        return line, None, f"has no {options.count_column!r}"
    count = found.get(options.count_column or "count", ONCE)
    return _mended(found[options.name_column]), None if count is ONCE else _mended(str(count)), None


def _parquet(path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    name, count = _column_indices(path, schema.names, options)
    if not _is_text(schema.types[name]):
        raise ValueError(
            f"{path}: column {schema.names[name]!r} holds {schema.types[name]}, not text. Say --name-column COLUMN."
        )
    columns = [schema.names[i] for i in (name, count) if i is not None]
    # What a page unpacks to is in memory at once: the file says how much that is before it is read.
    check_unpacked(path, _unpacked(file.metadata, columns))
    row, size = 1, 0
    for batch in file.iter_batches(1 << 18, columns=columns):
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)
        raw = frame[schema.names[name]].cast(pl.String).fill_null("")
        size += len(raw) + int(raw.str.len_bytes().sum())
        check_unpacked(path, size)
        raw = raw.str.head(LONGEST_LINE)
        yield _columns(row, raw, None if count is None else frame[schema.names[count]].cast(pl.String).fill_null(""))
        row += len(raw)


def _unpacked(metadata: pq.FileMetaData, columns: list[str]) -> int:
    """Bytes of columns of a Parquet file as its pages unpack to them; a name that stands there often counts once."""
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    parts = [group.column(part) for group in groups for part in range(group.num_columns)]
    return sum(part.total_uncompressed_size for part in parts if part.path_in_schema in columns)


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _columns(row: int, raw: pl.Series, count: pl.Series | None) -> pl.DataFrame:
    nothing = pl.lit(None, pl.String)
    return pl.select(
        row=pl.int_range(row, row + len(raw)), raw=raw, count=nothing if count is None else count, reject_reason=nothing
    )


def _frame(rows: Iterable[Row]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def _column_indices(path: Path, columns: list[str], options: ReadOptions) -> tuple[int, int | None]:
    """Places of the name and of the count; without a count column each name counts once."""
    places = {column.strip().lower(): place for place, column in reversed(list(enumerate(columns)))}
    for wanted, option in ((options.name_column, "--name-column"), (options.count_column, "--count-column")):
        if wanted is not None and wanted.lower() not in places:
            raise ValueError(
                f"{path} has no column {wanted!r}: it has {', '.join(map(repr, columns))[:200]}. Say {option} COLUMN, "
                "or --columns name,... for a CSV without a header, or --delimiter ';' if that is what divides it."
            )
    return places[options.name_column.lower()], places.get((options.count_column or "count").lower())


def _texts(path: Path, options: ReadOptions) -> Iterator[tuple[int, str]]:
    """Number of the first line and the text of pieces of whole lines, each without its last newline.

    Newlines of any kind are '\\n'; what cannot be decoded is U+FFFD.
    """
    utf8 = codecs.lookup(options.encoding).name == "utf-8"
    encoding = "utf-8-sig" if utf8 else options.encoding
    _refuse_binary(path, encoding)
    row, kept = 1, ""
    with opened(path) as file, io.TextIOWrapper(file, encoding=encoding, errors="replace") as reader:
        while piece := reader.read(CHUNK):
            piece = piece if utf8 else _mended(piece)
            whole, newline, kept = (kept + piece).rpartition("\n")
            kept = kept[:LONGEST_LINE]
            if newline:
                yield row, whole
                row += whole.count("\n") + 1
    if kept:
        yield row, kept


def _mended(text: str) -> str:
    return SURROGATE.sub("\ufffd", text)


def _refuse_binary(path: Path, encoding: str) -> None:
    with opened(path) as file:
        head = file.read(1 << 16)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding == "utf-8-sig":
        raise ValueError(f"{path} starts with the mark of UTF-16. Say --encoding utf-16.")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    strange = sum(ch == "\ufffd" or (ch < " " and ch not in "\t\n\r\f") for ch in text)
    if strange > max(8, STRANGE * len(text)):
        raise ValueError(
            f"{path} is no list in {encoding.removesuffix('-sig')}: {strange / len(text):.0%} of its first characters "
            "are control or undecodable characters. Say --encoding if it is text of another encoding."
        )
