"""Names, counts and row numbers read from lists of every format."""

import codecs
import csv
import gzip
import io
import json
import random
import re
import tracemalloc
from typing import get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from makemore.errors import InvalidInput, NotFound
from makemore.ingest import readers
from makemore.ingest.formats import _lines
from makemore.options import Format, ReadOptions

# A reader that infers types would take these for missing values, booleans, numbers or quoted fields.
NAMES = ["null", "NULL", "NA", "None", "nan", "true", "123", "1e5", "O'Neil", '"O\'Neil"', "Anne, Marie", "#1", "Żoë"]


def zstd(data):
    return pa.compress(data, "zstd", asbytes=True)


def as_text(names):
    return "\n".join(names).encode()


def as_csv(names):
    file = io.StringIO()
    csv.writer(file).writerows([["name"], *([name] for name in names)])
    return file.getvalue().encode()


def as_jsonl(names):
    return "\n".join(json.dumps({"name": name}) for name in names).encode()


def as_parquet(names):
    file = io.BytesIO()
    pq.write_table(pa.table({"name": names}), file)
    return file.getvalue()


@pytest.fixture
def rows(tmp_path):
    """Function that writes a list and returns its rows (row, raw, count, reject_reason)."""

    def read(name, data, **options):
        (tmp_path / name).write_bytes(data)
        return [row for batch in readers.read(tmp_path / name, ReadOptions(**options)) for row in batch.rows()]

    return read


@pytest.fixture
def raws(rows):
    """Function that writes a list and returns (row, raw) of its rows without a reject reason."""

    def read(name, data, **options):
        return [(row, raw) for row, raw, _, reject_reason in rows(name, data, **options) if reject_reason is None]

    return read


@pytest.mark.parametrize("write", [as_text, as_csv, as_jsonl, as_parquet])
def test_names_are_always_read_as_text(raws, write):
    """`null`, `true`, `123` and a quoted name are names in every format."""
    suffix = write.__name__.removeprefix("as_").replace("text", "txt")

    found = raws(f"names.{suffix}", write(NAMES))

    assert [name for _, name in found] == NAMES


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_newlines_of_all_systems_end_a_line(raws, newline, end):
    """Unix, Windows and old Mac newlines; the last one is optional."""
    assert raws("names.txt", newline.join([b"emma", b"olivia"]) + end) == [(1, "emma"), (2, "olivia")]


def test_newlines_may_be_mixed(raws):
    """A concatenation of two lists keeps the newlines of both; '\\n\\r' is two newlines."""
    assert raws("names.txt", b"a\rb\r\nc\n\rd") == [(1, "a"), (2, "b"), (3, "c"), (4, ""), (5, "d")]


def test_only_newlines_end_a_line(raws):
    """str.splitlines also splits at these characters, so its row numbers would differ from an editor's."""
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"

    assert raws("names.txt", text.encode()) == [(1, text)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b"\n\nemma\n\nolivia\n\n"),
        ("a.csv", b"name\n\nemma\n\nolivia\n\n"),
        ("a.jsonl", b'\n\n{"name": "emma"}\n\n{"name": "olivia"}\n\n'),
    ],
)
def test_blank_lines_are_rows_too(raws, name, data):
    """A row number equals the line number in an editor."""
    found = raws(name, data)

    assert [(row, raw) for row, raw in found if raw] == [(3, "emma"), (5, "olivia")]
    assert found[-1] == (6, "")


@pytest.mark.parametrize(("name", "head"), [("a.txt", b""), ("a.csv", b"name\n"), ("a.csv", b'"name"\n')])
def test_a_byte_order_mark_is_skipped(raws, name, head):
    """Windows editors write one; otherwise it would become part of the first name or column name."""
    assert [raw for _, raw in raws(name, codecs.BOM_UTF8 + head + b"emma\n")] == ["emma"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "utf-7"]
)
@pytest.mark.parametrize("name", ["names.txt", "names.csv", "names.jsonl"])
def test_lists_are_decoded_from_unicode_encodings(raws, name, encoding):
    """Python's encoder writes the list."""
    write = {"txt": as_text, "csv": as_csv, "jsonl": lambda names: as_text([f'{{"name": "{n}"}}' for n in names])}
    written = write[name.rpartition(".")[2]](["Żoë", "Łukasz", "諸葛亮", "😀"]).decode()

    found = raws(name, written.encode(encoding), encoding=encoding)

    assert [raw for _, raw in found] == ["Żoë", "Łukasz", "諸葛亮", "😀"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "mac-roman", "cp850"])
def test_lists_are_decoded_from_one_byte_encodings(raws, encoding):
    """The same letters have other bytes in each encoding."""
    assert raws("names.txt", "José\nZoë".encode(encoding), encoding=encoding) == [(1, "José"), (2, "Zoë")]


def test_undecodable_bytes_affect_only_their_own_line(raws):
    """They become U+FFFD; the other lines are decoded as usual."""
    assert raws("names.txt", b"emma\nJos\xe9\nava") == [(1, "emma"), (2, "Jos\ufffd"), (3, "ava")]


@pytest.mark.parametrize(("encoding", "half"), [("utf-7", b"+2AA-"), ("unicode_escape", rb"\ud800")])
def test_a_lone_surrogate_affects_only_its_own_line(raws, encoding, half):
    """Some encodings can encode half of a surrogate pair; it becomes U+FFFD."""
    assert raws("names.txt", b"emma\n" + half + b"\nava", encoding=encoding)[1:] == [(2, "\ufffd"), (3, "ava")]


@pytest.mark.parametrize("list_format", ["txt", "csv", "jsonl"])
@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", gzip.compress),
        (".zst", zstd),
        (".gz", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        (".zst", lambda data: zstd(data[:9]) + zstd(data[9:])),
    ],
    ids=["gzip", "zstd", "gzip with two members", "zstd with two frames"],
)
def test_compressed_lists_are_read_to_their_end(raws, list_format, suffix, compress):
    """A file may consist of several compressed files, like the output of `cat a.gz b.gz`."""
    data = {"txt": as_text, "csv": as_csv, "jsonl": as_jsonl}[list_format](NAMES)

    assert [raw for _, raw in raws(f"names.{list_format}{suffix}", compress(data))] == NAMES


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt.gz", gzip.compress(b"emma\n" * 99999)[:-20]),
        ("a.txt.gz", gzip.compress(b"emma\n" * 99999)[:-9]),
        ("a.txt.gz", b"emma\n"),
        ("a.txt.gz", gzip.compress(b"emma\n") + b"emma\n"),
        ("a.txt.zst", zstd(b"emma\n" * 99999)[:-9]),
        ("a.txt.zst", b"emma\n"),
        ("a.parquet", b"emma\n"),
        ("a.parquet", as_parquet(NAMES)[:-9]),
        ("a.parquet", b""),
    ],
    ids=[
        "truncated gzip",
        "gzip without its size",
        "not gzip",
        "gzip with a tail",
        "truncated zstd",
        "not zstd",
        "not Parquet",
        "truncated Parquet",
        "empty Parquet",
    ],
)
def test_a_truncated_or_invalid_file_is_an_error(rows, tmp_path, name, data):
    """The message is one line with the path; the caller discards the rows read before the error."""
    with pytest.raises(InvalidInput, match=r"cannot be read: \S+") as error:
        rows(name, data)

    assert str(tmp_path / name) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl", "a.txt.gz", "a.txt.zst"])
def test_an_empty_file_has_no_rows(rows, name):
    """The reader accepts it; `store.ingest` rejects an empty list."""
    assert rows(name, b"") == []


@pytest.mark.parametrize(
    "data",
    [
        random.Random(0).randbytes(5000),
        as_parquet(NAMES),
        zstd(b"emma" * 9) * 99,
        b"\0" * 99,
        "emma\n".encode("utf-32-be") * 9,
    ],
    ids=["random", "parquet", "zstd", "zeros", "utf-32"],
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_binary_file_is_an_error(rows, tmp_path, name, data):
    """Its lines are not rejected one by one: the message names the file and the option to use."""
    with pytest.raises(InvalidInput, match=r"is not text in utf-8: \d+% of its first characters are control") as error:
        rows(name, data)

    assert str(tmp_path / name) in str(error.value)
    assert "use --encoding" in str(error.value)


def test_a_compressed_binary_file_is_an_error(rows):
    """The decompressed content decides."""
    with pytest.raises(InvalidInput, match="is not text in utf-8"):
        rows("a.txt.gz", gzip.compress(random.Random(0).randbytes(5000)))


def test_a_few_control_characters_do_not_make_a_list_binary(raws):
    """A tenth of the characters may be invalid, and in a short list eight of them."""
    assert len(raws("names.txt", b"emma\nolivia\n\x00\xff\x00\xff\x00\xff\x00\xff\nava\n")) == 4


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_detected(rows, name, encoding):
    """By its byte order mark: the message contains the option to use."""
    with pytest.raises(InvalidInput, match=r"UTF-16\. hint: use --encoding utf-16"):
        rows(name, "\ufeffemma\n".encode(encoding))


def test_the_header_identifies_the_name_column(raws):
    """Columns are in any order and case; the content of other columns is ignored."""
    assert raws("a.csv", b"Sex, Name ,Year\nF,emma,2018\nM,,2018\n") == [(2, "emma"), (3, "")]


def test_the_name_column_is_an_option(raws):
    """A list of towns may use another column name."""
    data = b"name,town\nemma,Oslo\n"

    assert raws("a.csv", data, name_column="Town") == [(2, "Oslo")]


def test_an_ssa_list_is_read_by_its_columns(rows):
    """yobYYYY.txt has no header; its columns are name, sex and count."""
    data = b"Emma,F,18688\r\nOlivia,F,17921\r\n"

    assert rows("yob2018.txt", data, columns="name, sex, count") == [
        (1, "Emma", "18688", None),
        (2, "Olivia", "17921", None),
    ]


@pytest.mark.parametrize(
    ("name", "data", "options"),
    [
        ("a.csv", b"name;count\nSmith, John;2\n", {"delimiter": ";"}),
        ("a.tsv", b"name\tcount\nSmith, John\t2\n", {}),
        ("a.csv", b'name,count\n"Smith, John",2\n', {}),
        ("a.csv", b'count,name\n"2","Smith, John"\n', {}),
        ("a.txt", b"name|count\nSmith, John|2\n", {"format": "csv", "delimiter": "|"}),
    ],
)
def test_the_delimiter_separates_fields_outside_quotes(rows, name, data, options):
    """As in RFC 4180, with the delimiter of the options or the suffix."""
    assert rows(name, data, **options) == [(2, "Smith, John", "2", None)]


def test_quotes_are_doubled_in_quoted_fields_only(raws):
    """As in RFC 4180: only a field that begins with a quote is quoted."""
    data = b'name\n"Ann ""Bud"" Lee"\nO"Neil\n'

    assert raws("a.csv", data) == [(2, 'Ann "Bud" Lee'), (3, 'O"Neil')]


@pytest.mark.parametrize(
    "after",
    [["emma"], [], ['"emma"', "ava"], ['"ava'], ["x", 'y"'], ["", "emma"], ["emma"] * 40_000],
    ids=["names", "end of file", "a quoted name", "another open quote", "a closing quote", "a blank line", "200 KB"],
)
def test_an_unclosed_quote_affects_only_its_own_line(rows, after):
    """Python's csv module would continue to the next quote and lose the names in between."""
    found = rows("a.csv", "\n".join(["name", "olivia", '"mia', *after]).encode())

    assert found[:2] == [(2, "olivia", None, None), (3, '"mia', None, "is not CSV: a quote is left open")]
    assert [row for row, *_ in found] == list(range(2, len(after) + 4))
    assert [raw for _, raw, _, reject_reason in found[2:] if reject_reason is None] == [
        line.strip('"') if line == '"emma"' else line for line in after if line != '"ava'
    ]


def test_text_after_a_closed_quote_is_not_csv(rows):
    """The rejected row keeps the unchanged line."""
    assert rows("a.csv", b'name\n"em"ma\nava\n') == [
        (2, '"em"ma', None, "is not CSV: ',' expected after '\"'"),
        (3, "ava", None, None),
    ]


def test_a_line_with_too_few_fields_has_a_reject_reason(rows):
    """A missing count is not read as 1."""
    assert rows("a.csv", b"name,sex,count\nemma,F,3\nolivia\nava,F\n") == [
        (2, "emma", "3", None),
        (3, "olivia", None, "has too few fields"),
        (4, "ava,F", None, "has too few fields"),
    ]


@pytest.mark.parametrize(
    ("name", "data", "options", "words"),
    [
        ("a.csv", b"emma\nolivia\n", {}, "has no column 'name', only 'emma'. hint: use --name-column COLUMN"),
        ("a.csv", b"name;count\nemma;3\n", {}, "only 'name;count'. hint:"),
        ("a.csv", b"name\nemma\n", {"count_column": "n"}, "has no column 'n', only 'name'. hint: use --count-column"),
        ("a.csv", b"emma,3\n", {"columns": "name,n", "count_column": "count"}, "has no column 'count'"),
        ("a.parquet", as_parquet(NAMES), {"name_column": "town"}, "has no column 'town', only 'name'"),
        ("a.parquet", as_parquet(NAMES), {"count_column": "n"}, "has no column 'n'"),
    ],
)
def test_a_missing_column_is_an_error(rows, tmp_path, name, data, options, words):
    """The message lists the existing columns and the options for the column, the header and the delimiter."""
    with pytest.raises(InvalidInput, match=re.escape(words)) as error:
        rows(name, data, **options)

    assert str(tmp_path / name) in str(error.value)
    assert "--columns name,... for a CSV without a header, or --delimiter ';'" in str(error.value)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"name,count\nemma,3\n"),
        ("a.csv", b"Count,Name\n3,emma\n"),
        ("a.jsonl", b'{"name": "emma", "count": 3}'),
        ("a.jsonl", b'{"name": "emma", "count": "3"}'),
    ],
)
def test_a_column_named_count_is_used_by_default(rows, name, data):
    """CSV headers match in any case; a JSON count may be a number or a string."""
    assert [(raw, count) for _, raw, count, _ in rows(name, data)] == [("emma", "3")]


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b"name,count,n\nemma,3,5\n"), ("a.jsonl", b'{"name": "emma", "count": 3, "n": 5}')]
)
def test_the_count_column_is_an_option(rows, name, data):
    """The column 'count' is then ignored."""
    assert [(raw, count) for _, raw, count, _ in rows(name, data, count_column="n")] == [("emma", "5")]


@pytest.mark.parametrize(
    ("line", "reject_reason"),
    [
        ("emma", "is not JSON"),
        ('{"name": "emma"', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('["emma"]', "has no text in 'name'"),
        ('"emma"', "has no text in 'name'"),
        ('{"Name": "emma"}', "has no text in 'name'"),
        ('{"name": null}', "has no text in 'name'"),
        ('{"name": 123}', "has no text in 'name'"),
        ('{"name": ["emma"]}', "has no text in 'name'"),
    ],
)
def test_a_json_line_without_a_name_has_a_reject_reason(rows, line, reject_reason):
    """The rejected row keeps the unchanged line, and the next line is read."""
    assert rows("a.jsonl", f'{line}\n{{"name": "ava"}}'.encode()) == [
        (1, line, None, reject_reason),
        (2, "ava", None, None),
    ]


def test_a_json_object_without_the_count_has_a_reject_reason(rows):
    """With `count_column`, a missing count is not read as 1."""
    data = b'{"name": "emma", "n": 3}\n{"name": "ava"}'

    assert rows("a.jsonl", data, count_column="n") == [
        (1, "emma", "3", None),
        (2, '{"name": "ava"}', None, "has no 'n'"),
    ]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (r'"\u00c9va"', "Éva"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"a\nb"', "a\nb"),
        (r'"\ud83d"', "\ufffd"),
        (r'"\ude00x"', "\ufffdx"),
    ],
)
def test_json_escapes_are_decoded(raws, line, name):
    """A lone surrogate becomes U+FFFD; the next line is read as usual."""
    assert raws("a.jsonl", f'{{"name": {line}}}\n{{"name": "ava"}}'.encode()) == [(1, name), (2, "ava")]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_parquet_names_may_have_any_string_type(rows, tmp_path, kind):
    """A pandas category is a dictionary in Parquet; a null is an empty name."""
    names = pa.array(["emma", None, "emma"], pa.string()).cast(kind)
    pq.write_table(pa.table({"year": [1, 2, 3], "name": names}), tmp_path / "made.parquet")

    found = rows("a.parquet", (tmp_path / "made.parquet").read_bytes())

    assert found == [(1, "emma", None, None), (2, "", None, None), (3, "emma", None, None)]


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.decimal128(19, 0), pa.string()], ids=str)
def test_parquet_counts_may_have_any_integer_type(rows, tmp_path, kind):
    """A null is an empty count."""
    counts = pa.array(["3", None, "17"], pa.string()).cast(pa.int64()).cast(kind)
    pq.write_table(pa.table({"name": ["emma", "ava", "mia"], "count": counts}), tmp_path / "made.parquet")

    found = rows("a.parquet", (tmp_path / "made.parquet").read_bytes())

    assert [count for _, _, count, _ in found] == ["3", "", "17"]


def test_parquet_rows_are_numbered_across_row_groups(rows, tmp_path):
    """Numbers start at 1, as for lines."""
    pq.write_table(pa.table({"name": ["a", "b", "c", "d", "e"]}), tmp_path / "made.parquet", row_group_size=2)

    found = rows("a.parquet", (tmp_path / "made.parquet").read_bytes())

    assert [(row, raw) for row, raw, *_ in found] == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table({"name": [1, 2]}), "column 'name' has type int64, not text. hint: use --name-column COLUMN"),
        (pa.table({"name": ["emma"], "count": [[1]]}), "cannot be read: cannot cast List type"),
        (pa.table([["a"], ["b"]], names=["name", "name"]), "cannot be read: column appears more than once"),
    ],
)
def test_other_parquet_types_are_an_error(rows, tmp_path, table, words):
    """A name column that is not text, a nested count, or a repeated column."""
    pq.write_table(table, tmp_path / "made.parquet")

    with pytest.raises(InvalidInput, match=re.escape(words)):
        rows("a.parquet", (tmp_path / "made.parquet").read_bytes())


@given(text=st.text(st.sampled_from("ab\n\r\ufeffé😀 \x0b\u2028")) | st.text(), chunk=st.integers(1, 9))
@example(text="a\r\nb", chunk=2)
def test_rows_equal_lines_for_any_chunk_size(tmp_path_factory, text, chunk):
    """No line is lost or repeated and each has its number, even if '\\r\\n' spans two chunks.

    The expected lines come from one split of the text; a final newline does not start another line.
    """
    path = tmp_path_factory.mktemp("any") / "names.txt"
    path.write_bytes(text.encode())
    lines = re.split("\r\n|\r|\n", text.removeprefix("\ufeff"))
    lines = lines if lines[-1] else lines[:-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lines, "CHUNK_SIZE", chunk)
        patch.setattr(_lines, "MAX_BINARY_SHARE", 1)
        found = [row for batch in readers.read(path, ReadOptions()) for row in batch.rows()]

    assert found == [(row, line, None, None) for row, line in enumerate(lines, start=1)]


@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1),
    write=st.sampled_from([as_csv, as_jsonl]),
    chunk=st.integers(1, 99),
)
def test_fields_are_the_same_for_any_chunk_size(tmp_path_factory, names, write, chunk):
    """Python's csv and json modules write the list."""
    path = tmp_path_factory.mktemp("any") / f"names.{write.__name__[3:]}"
    path.write_bytes(write(names))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lines, "CHUNK_SIZE", chunk)
        patch.setattr(_lines, "MAX_BINARY_SHARE", 1)
        batches = list(readers.read(path, ReadOptions()))

    assert pl.concat(batches)["raw"].to_list() == names


def test_a_line_of_ten_million_characters_takes_little_memory(tmp_path, monkeypatch):
    """An overlong line is read in chunks and cut; the other lines are unaffected."""
    monkeypatch.setattr(_lines, "CHUNK_SIZE", 1 << 16)
    monkeypatch.setattr(_lines, "MAX_LINE_LENGTH", 1 << 16)
    (tmp_path / "names.txt").write_text(f"emma\n{'x' * 10_000_000}\nava\n")

    tracemalloc.start()
    found = [
        (row, raw[:5]) for batch in readers.read(tmp_path / "names.txt", ReadOptions()) for row, raw, *_ in batch.rows()
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == [(1, "emma"), (2, "xxxxx"), (3, "ava")]
    assert peak < 2_000_000


def test_a_long_json_object_may_span_chunks(rows, monkeypatch):
    """A JSON line of a hundred kilobytes is complete for any chunk boundaries."""
    monkeypatch.setattr(_lines, "CHUNK_SIZE", 1 << 14)
    line = json.dumps({"about": "x" * 100_000, "name": "emma"}).encode()

    assert rows("a.jsonl", b"\n".join([line] * 3)) == [(row, "emma", None, None) for row in (1, 2, 3)]


def test_names_in_memory_become_a_batch():
    """Rows are numbered from 1; a lone surrogate, such as an undecodable byte of an argument, becomes U+FFFD."""
    batch = readers.batch_of(["emma", "a\udcffb"])

    assert batch.rows() == [(1, "emma", None, None), (2, "a\ufffdb", None, None)]
    assert batch.schema == readers.batch_of([]).schema == readers.SCHEMA


def test_a_missing_list_is_an_error(tmp_path):
    """This is reported before an unknown suffix."""
    with pytest.raises(NotFound, match=r"nowhere\.docx does not exist"):
        next(readers.read(tmp_path / "nowhere.docx", ReadOptions()))


def test_each_format_option_has_a_reader():
    """The choices of `--format` equal the modules of formats/."""
    assert set(get_args(Format)) == set(readers.READERS)
