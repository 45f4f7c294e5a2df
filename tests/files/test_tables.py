"""Tables in files of every format, metadata, and atomic writes."""

import csv
import io
import json
import os

import polars as pl
import pyarrow.parquet as pq
import pytest

from makemore.errors import InvalidOption, NotFound
from makemore.files.atomic import written_aside
from makemore.files.tables import SUFFIXES, TABLE_FORMATS, format_of, metadata_of, write_table, writing

NAMES = ["emma", "O'Neil", '"Ann" Lee', "Smith, John", "<b>", "Żoë", "😀"]
FRAME = pl.DataFrame({"name": NAMES, "count": range(1, 8)})
READERS = {
    "txt": lambda data: [(line,) for line in data.decode().splitlines()],
    "csv": lambda data: [(name, int(count)) for name, count in [*csv.reader(io.StringIO(data.decode()))][1:]],
    "json": lambda data: [tuple(row.values()) for row in json.loads(data)],
    "jsonl": lambda data: [tuple(json.loads(line).values()) for line in data.splitlines()],
    "parquet": lambda data: [tuple(row.values()) for row in pq.read_table(io.BytesIO(data)).to_pylist()],
}


def table_for(table_format):
    """Return the table, or only its names for a text file."""
    return FRAME.select("name") if table_format == "txt" else FRAME


def test_every_format_has_a_suffix_and_a_reader():
    """The tests below cover every suffix."""
    assert set(SUFFIXES.values()) == set(TABLE_FORMATS) == set(READERS)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_libraries_read_the_same_table(tmp_path, suffix):
    """Python's csv and json and Arrow read commas, quotes, markup and any alphabet."""
    table_format = format_of(tmp_path / f"out{suffix}")

    write_table(table_for(table_format), tmp_path / f"out{suffix}", table_format)

    expected = [(name,) for name in NAMES] if table_format == "txt" else list(zip(NAMES, range(1, 8), strict=True))
    assert READERS[table_format]((tmp_path / f"out{suffix}").read_bytes()) == expected


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_stream_gets_the_bytes_of_the_file(tmp_path, suffix):
    """stdout receives the same bytes as a file."""
    stream = io.BytesIO()

    write_table(table_for(SUFFIXES[suffix]), stream, SUFFIXES[suffix])
    write_table(table_for(SUFFIXES[suffix]), tmp_path / "out", SUFFIXES[suffix])

    assert (tmp_path / "out").read_bytes() == stream.getvalue()


@pytest.mark.parametrize(
    ("frame", "table_format", "message"),
    [
        (FRAME, "txt", "holds one column, this table has 2"),
        (pl.DataFrame({"x": [[1, 2]]}), "csv", r"csv cannot hold column 'x' of List"),
        (pl.DataFrame({"x": [b"a"]}), "json", "json cannot hold column 'x' of Binary"),
    ],
)
def test_an_unsupported_column_is_an_error(tmp_path, frame, table_format, message):
    """No column is dropped, and no file is created."""
    with pytest.raises(ValueError, match=message):
        write_table(frame, tmp_path / "out", table_format)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error(tmp_path):
    """The message contains the folder, not the temporary file."""
    with pytest.raises(NotFound, match=r"nowhere is not a folder\. hint: create it, or write out\.csv to"):
        write_table(FRAME, tmp_path / "nowhere" / "out.csv", "csv")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_may_have_no_rows(suffix):
    """A query can have an empty result."""
    stream = io.BytesIO()

    write_table(table_for(SUFFIXES[suffix]).head(0), stream, SUFFIXES[suffix])

    assert READERS[SUFFIXES[suffix]](stream.getvalue()) == []


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet", ".csv.gz", ".jsonl.zst"])
def test_a_table_in_pieces_gives_the_same_bytes(tmp_path, suffix):
    """There is one header, also with empty pieces."""
    complete, pieces = tmp_path / f"complete{suffix}", tmp_path / f"pieces{suffix}"
    write_table(FRAME, complete, format_of(complete))

    with writing(pieces, format_of(pieces)) as write:
        for first, length in ((0, 0), (0, 2), (2, 0), (2, 3), (5, 9)):
            write(FRAME.slice(first, length))

    assert pieces.read_bytes() == complete.read_bytes()


def test_metadata_are_in_a_parquet_file_or_beside_a_text_file(tmp_path):
    """Those of an earlier table are deleted."""
    with writing(tmp_path / "out.csv", "csv", {"seed": 1}) as write:
        write(FRAME)
    with writing(tmp_path / "out.parquet", "parquet", {"seed": 1}) as write:
        write(FRAME)

    assert json.loads(metadata_of(tmp_path / "out.csv").read_text()) == {"seed": 1}
    assert json.loads(pq.read_schema(tmp_path / "out.parquet").metadata[b"makemore"]) == {"seed": 1}
    write_table(FRAME, tmp_path / "out.csv", "csv")
    assert not metadata_of(tmp_path / "out.csv").exists()


@pytest.mark.parametrize(("name", "suffix"), [("out.xlsx", "'.xlsx'"), ("out", "''")])
def test_an_unknown_suffix_is_an_error(tmp_path, name, suffix):
    """The message contains the file, its suffix and the known ones."""
    with pytest.raises(InvalidOption, match=r"use one of \.txt, \.csv, \.json, \.jsonl, \.parquet") as error:
        format_of(tmp_path / name)

    assert str(tmp_path / name) in str(error.value)
    assert suffix in str(error.value)


def test_a_file_appears_when_it_is_complete(tmp_path):
    """Until then readers see the old file or no file."""
    (tmp_path / "out.txt").write_text("old")

    with written_aside(tmp_path / "out.txt") as aside:
        aside.write_text("new")
        assert (tmp_path / "out.txt").read_text() == "old"
        assert aside.parent == tmp_path

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out.txt": "new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_write_leaves_the_old_file(tmp_path, error):
    """The temporary file is deleted."""
    (tmp_path / "out.txt").write_text("old")

    def broken():
        with written_aside(tmp_path / "out.txt") as aside:
            aside.write_text("half")
            raise error

    with pytest.raises(error):
        broken()

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out.txt": "old"}


def test_two_processes_write_to_different_temporary_files(tmp_path):
    """The name of the temporary file contains the process id."""
    with written_aside(tmp_path / "out.txt") as aside:
        aside.touch()

        assert str(os.getpid()) in aside.name
        assert aside.name.startswith(".")
