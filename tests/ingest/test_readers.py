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
from makemore.ingest.formats import READERS, _lines
from makemore.options import Format, ReadOptions

# What a reader that guesses types takes for a missing value, a truth, a number or a quote.
NAMES = ["null", "NULL", "NA", "None", "nan", "true", "123", "1e5", "O'Neil", '"O\'Neil"', "Anne, Marie", "#1", "Żoë"]


def zstd(data):
    return pa.compress(data, "zstd", asbytes=True)


def in_text(names):
    return "\n".join(names).encode()


def in_csv(names):
    file = io.StringIO()
    csv.writer(file).writerows([["name"], *([name] for name in names)])
    return file.getvalue().encode()


def in_jsonl(names):
    return "\n".join(json.dumps({"name": name}) for name in names).encode()


def in_parquet(names):
    file = io.BytesIO()
    pq.write_table(pa.table({"name": names}), file)
    return file.getvalue()


@pytest.fixture
def rows(tmp_path):
    """A function of a list's name and bytes to the rows (row, raw, count, reject_reason) that are read from it."""

    def read(name, data, **options):
        (tmp_path / name).write_bytes(data)
        return [row for batch in readers.read(tmp_path / name, ReadOptions(**options)) for row in batch.rows()]

    return read


@pytest.fixture
def raws(rows):
    """A function of a list's name and bytes to what stands in it as names, troubled rows left out."""

    def read(name, data, **options):
        return [(row, raw) for row, raw, _, reject_reason in rows(name, data, **options) if reject_reason is None]

    return read


@pytest.mark.parametrize("write", [in_text, in_csv, in_jsonl, in_parquet])
def test_names_are_text_whatever_they_look_like(raws, write):
    """`null`, `true`, `123` and a name in quotes are names, in every format."""
    suffix = write.__name__.removeprefix("in_").replace("text", "txt")

    found = raws(f"names.{suffix}", write(NAMES))

    assert [name for _, name in found] == NAMES


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_lines_end_as_on_any_system(raws, newline, end):
    """Unix, Windows and old Mac lines, the last one with or without its newline."""
    assert raws("names.txt", newline.join([b"emma", b"olivia"]) + end) == [(1, "emma"), (2, "olivia")]


def test_newlines_may_be_mixed(raws):
    """Two lists put one after the other keep the newlines of both; '\\n\\r' is two of them."""
    assert raws("names.txt", b"a\rb\r\nc\n\rd") == [(1, "a"), (2, "b"), (3, "c"), (4, ""), (5, "d")]


def test_only_newlines_end_a_line(raws):
    """Python's str.splitlines would also cut at these, and rows would not be an editor's lines."""
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
    """So that a row's number is its line's in an editor."""
    found = raws(name, data)

    assert [(row, raw) for row, raw in found if raw] == [(3, "emma"), (5, "olivia")]
    assert found[-1] == (6, "")


@pytest.mark.parametrize(("name", "head"), [("a.txt", b""), ("a.csv", b"name\n"), ("a.csv", b'"name"\n')])
def test_a_byte_order_mark_is_no_part_of_a_name(raws, name, head):
    """Windows editors write one; it would make a first name, or a column, of its own."""
    assert [raw for _, raw in raws(name, codecs.BOM_UTF8 + head + b"emma\n")] == ["emma"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "utf-7"]
)
@pytest.mark.parametrize("name", ["names.txt", "names.csv", "names.jsonl"])
def test_names_come_through_any_encoding(raws, name, encoding):
    """The witness is Python's own encoder."""
    write = {"txt": in_text, "csv": in_csv, "jsonl": lambda names: in_text([f'{{"name": "{n}"}}' for n in names])}
    written = write[name.rpartition(".")[2]](["Żoë", "Łukasz", "諸葛亮", "😀"]).decode()

    found = raws(name, written.encode(encoding), encoding=encoding)

    assert [raw for _, raw in found] == ["Żoë", "Łukasz", "諸葛亮", "😀"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "mac-roman", "cp850"])
def test_one_byte_encodings_are_read_as_said(raws, encoding):
    """The same letters, other bytes."""
    assert raws("names.txt", "José\nZoë".encode(encoding), encoding=encoding) == [(1, "José"), (2, "Zoë")]


def test_what_cannot_be_decoded_is_marked_in_its_line_alone(raws):
    """One line of another encoding does not cost the others."""
    assert raws("names.txt", b"emma\nJos\xe9\nava") == [(1, "emma"), (2, "Jos\ufffd"), (3, "ava")]


@pytest.mark.parametrize(("encoding", "half"), [("utf-7", b"+2AA-"), ("unicode_escape", rb"\ud800")])
def test_half_a_character_is_marked_in_its_line_alone(raws, encoding, half):
    """Some encodings can spell the half of a surrogate pair, which no text can hold."""
    assert raws("names.txt", b"emma\n" + half + b"\nava", encoding=encoding)[1:] == [(2, "\ufffd"), (3, "ava")]


@pytest.mark.parametrize("suffix", ["txt", "csv", "jsonl"])
@pytest.mark.parametrize(
    ("packing", "pack"),
    [
        (".gz", gzip.compress),
        (".zst", zstd),
        (".gz", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        (".zst", lambda data: zstd(data[:9]) + zstd(data[9:])),
    ],
    ids=["gzip", "zstd", "gzip of two members", "zstd of two frames"],
)
def test_packed_lists_are_read_to_their_end(raws, suffix, packing, pack):
    """Also those that were put together from several packed files, as `cat a.gz b.gz` does."""
    data = {"txt": in_text, "csv": in_csv, "jsonl": in_jsonl}[suffix](NAMES)

    assert [raw for _, raw in raws(f"names.{suffix}{packing}", pack(data))] == NAMES


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
        ("a.parquet", in_parquet(NAMES)[:-9]),
        ("a.parquet", b""),
    ],
    ids=["gzip", "gzip's size", "no gzip", "gzip and more", "zstd", "no zstd", "no parquet", "parquet", "nothing"],
)
def test_a_list_cut_short_or_not_packed_at_all_cannot_be_read(rows, tmp_path, name, data):
    """One line that names the file; what was read of it before is for the caller to take back."""
    with pytest.raises(InvalidInput, match=r"cannot be read: \S+") as error:
        rows(name, data)

    assert str(tmp_path / name) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl", "a.txt.gz", "a.txt.zst"])
def test_an_empty_file_has_no_row(rows, name):
    """What an empty list means is for the warehouse to say."""
    assert rows(name, b"") == []


@pytest.mark.parametrize(
    "data",
    [
        random.Random(0).randbytes(5000),
        in_parquet(NAMES),
        zstd(b"emma" * 9) * 99,
        b"\0" * 99,
        "emma\n".encode("utf-32-be") * 9,
    ],
    ids=["random", "parquet", "zstd", "zeros", "utf-32"],
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_binary_file_is_no_list(rows, tmp_path, name, data):
    """Rather than a quarantine full of garbage: the message names the file and a way out."""
    with pytest.raises(InvalidInput, match=r"is not text in utf-8: \d+% of its first characters are control") as error:
        rows(name, data)

    assert str(tmp_path / name) in str(error.value)
    assert "use --encoding" in str(error.value)


def test_binary_packed_as_a_list_is_no_list_either(rows):
    """What counts is what is inside."""
    with pytest.raises(InvalidInput, match="is not text in utf-8"):
        rows("a.txt.gz", gzip.compress(random.Random(0).randbytes(5000)))


def test_a_line_of_garbage_does_not_make_a_list_binary(raws):
    """A tenth of the characters may be strange; in a short list eight of them."""
    assert len(raws("names.txt", b"emma\nolivia\n\x00\xff\x00\xff\x00\xff\x00\xff\nava\n")) == 4


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_says_its_name(rows, name, encoding):
    """Its mark is known at sight: the message has the option to give."""
    with pytest.raises(InvalidInput, match=r"UTF-16\. hint: use --encoding utf-16"):
        rows(name, "\ufeffemma\n".encode(encoding))


def test_a_header_says_which_column_holds_the_name(raws):
    """In any order and any case; other columns are left alone, whatever is in them."""
    assert raws("a.csv", b"Sex, Name ,Year\nF,emma,2018\nM,,2018\n") == [(2, "emma"), (3, "")]


def test_the_name_column_can_be_said(raws):
    """A list of towns calls it otherwise."""
    data = b"name,town\nemma,Oslo\n"

    assert raws("a.csv", data, name_column="Town") == [(2, "Oslo")]


def test_an_ssa_list_is_read_by_its_columns(rows):
    """yobYYYY.txt has no header: name, sex and count of each line."""
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
def test_fields_are_divided_by_the_delimiter_outside_quotes(rows, name, data, options):
    """RFC 4180, with the delimiter that was asked for."""
    assert rows(name, data, **options) == [(2, "Smith, John", "2", None)]


def test_quotes_are_doubled_within_quotes_and_plain_elsewhere(raws):
    """RFC 4180 again: only a field that begins with a quote is quoted."""
    data = b'name\n"Ann ""Bud"" Lee"\nO"Neil\n'

    assert raws("a.csv", data) == [(2, 'Ann "Bud" Lee'), (3, 'O"Neil')]


@pytest.mark.parametrize(
    "after",
    [["emma"], [], ['"emma"', "ava"], ['"ava'], ["x", 'y"'], ["", "emma"], ["emma"] * 40_000],
    ids=["names", "nothing", "a quoted name", "another", "its end", "a blank line", "200 KB of names"],
)
def test_a_quote_left_open_spoils_its_own_line_alone(rows, after):
    """Python's csv module reads on to the next quote, and would lose the names between."""
    found = rows("a.csv", "\n".join(["name", "olivia", '"mia', *after]).encode())

    assert found[:2] == [(2, "olivia", None, None), (3, '"mia', None, "is not CSV: a quote is left open")]
    assert [row for row, *_ in found] == list(range(2, len(after) + 4))
    assert [raw for _, raw, _, reject_reason in found[2:] if reject_reason is None] == [
        line.strip('"') if line == '"emma"' else line for line in after if line != '"ava'
    ]


def test_text_after_a_closed_quote_is_not_csv(rows):
    """The line is kept as it stands, for whoever mends the list."""
    assert rows("a.csv", b'name\n"em"ma\nava\n') == [
        (2, '"em"ma', None, "is not CSV: ',' expected after '\"'"),
        (3, "ava", None, None),
    ]


def test_a_line_with_too_few_fields_says_so(rows):
    """A name whose count is missing is not counted once: nobody said that."""
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
        ("a.parquet", in_parquet(NAMES), {"name_column": "town"}, "has no column 'town', only 'name'"),
        ("a.parquet", in_parquet(NAMES), {"count_column": "n"}, "has no column 'n'"),
    ],
)
def test_a_missing_column_is_named_beside_those_there_are(rows, tmp_path, name, data, options, words):
    """With the ways out: another column, no header, another delimiter."""
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
def test_a_column_called_count_counts(rows, name, data):
    """Without being asked for."""
    assert [(raw, count) for _, raw, count, _ in rows(name, data)] == [("emma", "3")]


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b"name,count,n\nemma,3,5\n"), ("a.jsonl", b'{"name": "emma", "count": 3, "n": 5}')]
)
def test_another_count_column_can_be_said(rows, name, data):
    """Then 'count' is a column like any other."""
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
def test_a_line_without_a_name_in_json_is_in_trouble_alone(rows, line, reject_reason):
    """It is kept as it stands, and the next one is read."""
    assert rows("a.jsonl", f'{line}\n{{"name": "ava"}}'.encode()) == [
        (1, line, None, reject_reason),
        (2, "ava", None, None),
    ]


def test_an_object_without_the_count_that_was_asked_for_is_in_trouble(rows):
    """The count column was named: a name without it is no name that counts once."""
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
def test_json_escapes_are_characters(raws, line, name):
    """Half of a surrogate pair is none: it is marked, and costs its own line alone."""
    assert raws("a.jsonl", f'{{"name": {line}}}\n{{"name": "ava"}}'.encode()) == [(1, name), (2, "ava")]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_parquet_has_text_of_several_kinds(rows, tmp_path, kind):
    """A category of pandas is a dictionary there; a null is a row without a name."""
    names = pa.array(["emma", None, "emma"], pa.string()).cast(kind)
    pq.write_table(pa.table({"year": [1, 2, 3], "name": names}), tmp_path / "made.parquet")

    found = rows("a.parquet", (tmp_path / "made.parquet").read_bytes())

    assert found == [(1, "emma", None, None), (2, "", None, None), (3, "emma", None, None)]


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.decimal128(19, 0), pa.string()], ids=str)
def test_parquet_counts_are_whole_numbers_of_any_kind(rows, tmp_path, kind):
    """A null is no count."""
    counts = pa.array(["3", None, "17"], pa.string()).cast(pa.int64()).cast(kind)
    pq.write_table(pa.table({"name": ["emma", "ava", "mia"], "count": counts}), tmp_path / "made.parquet")

    found = rows("a.parquet", (tmp_path / "made.parquet").read_bytes())

    assert [count for _, _, count, _ in found] == ["3", "", "17"]


def test_parquet_rows_are_numbered_across_row_groups(rows, tmp_path):
    """From 1, as lines are."""
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
def test_parquet_of_other_types_is_refused(rows, tmp_path, table, words):
    """One line that names the file."""
    pq.write_table(table, tmp_path / "made.parquet")

    with pytest.raises(InvalidInput, match=re.escape(words)):
        rows("a.parquet", (tmp_path / "made.parquet").read_bytes())


@given(text=st.text(st.sampled_from("ab\n\r\ufeffé😀 \x0b\u2028")) | st.text(), chunk=st.integers(1, 9))
@example(text="a\r\nb", chunk=2)
def test_rows_are_the_lines_of_the_file_whatever_the_chunk(tmp_path_factory, text, chunk):
    """No line is lost, none comes twice, and each has its own number: '\\r\\n' may fall on a chunk's edge.

    The witness splits the text at once; a last newline ends its line and begins no other.
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
    write=st.sampled_from([in_csv, in_jsonl]),
    chunk=st.integers(1, 99),
)
def test_fields_are_the_same_whatever_the_chunk(tmp_path_factory, names, write, chunk):
    """Python's csv and json modules wrote them."""
    path = tmp_path_factory.mktemp("any") / f"names.{write.__name__[3:]}"
    path.write_bytes(write(names))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lines, "CHUNK_SIZE", chunk)
        patch.setattr(_lines, "MAX_BINARY_SHARE", 1)
        batches = list(readers.read(path, ReadOptions()))

    assert pl.concat(batches)["raw"].to_list() == names


def test_a_line_of_ten_million_characters_takes_little_memory(tmp_path, monkeypatch):
    """A file that is one line, or has one line of garbage, is read in pieces; the lines beside it are kept."""
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


def test_a_long_object_is_read_whole_across_chunks(rows, monkeypatch):
    """A name may stand in a line of a hundred kilobytes about it, wherever the chunks part."""
    monkeypatch.setattr(_lines, "CHUNK_SIZE", 1 << 14)
    line = json.dumps({"about": "x" * 100_000, "name": "emma"}).encode()

    assert rows("a.jsonl", b"\n".join([line] * 3)) == [(row, "emma", None, None) for row in (1, 2, 3)]


def test_names_in_memory_are_a_batch():
    """Numbered from 1; what no text can hold, such as an undecodable byte of a command, is U+FFFD."""
    batch = readers.batch_of(["emma", "a\udcffb"])

    assert batch.rows() == [(1, "emma", None, None), (2, "a\ufffdb", None, None)]
    assert batch.schema == readers.batch_of([]).schema == readers.SCHEMA


def test_a_list_that_is_not_there_is_named(tmp_path):
    """Before anything else is said of it."""
    with pytest.raises(NotFound, match=r"nowhere\.docx does not exist"):
        next(readers.read(tmp_path / "nowhere.docx", ReadOptions()))


def test_each_format_option_has_a_reader():
    """The choices of `--format` are the modules of formats/."""
    assert set(get_args(Format)) == set(READERS)
