"""Names and counts of a list: normalization, entries and reject reasons."""

import re
import unicodedata

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.ingest import readers
from makemore.ingest.formats import _lines
from makemore.ingest.validation import divide
from makemore.options import ReadOptions
from makemore.relations import catalog

# Texts with many invalid characters, and any text.
RAWS = st.text(st.sampled_from("aÉe\u0301 .\t\x00\u200b\u200d\u00a0\u2028\ufffdßİΣ9'\"")) | st.text()


def divided(*raws, count=None, reject_reason=None, **options):
    """Return entries and rejects of lines numbered from 1, as tuples."""
    batch = pl.DataFrame(
        [(row, raw, count, reject_reason) for row, raw in enumerate(raws, start=1)], schema=readers.SCHEMA, orient="row"
    )
    entries, rejects = divide(batch, ReadOptions(**options))
    return entries.rows(), rejects.rows()


def test_a_valid_line_is_an_entry():
    """It has the row, the unchanged name and weight 1."""
    assert divided("emma", "O'Neil", "Żoë") == ([(1, "emma", 1), (2, "O'Neil", 1), (3, "Żoë", 1)], [])


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "is empty"),
        (" \t\u00a0\u3000", "is empty"),
        ("J.R.", "holds '.', which marks start and end"),
        (".", "holds '.', which marks start and end"),
        ("Jos\ufffd", "holds an undecodable character"),
        ("em\tma", "holds a control character"),
        ("em\x00ma", "holds a control character"),
        ("em\nma", "holds a control character"),
        ("em\x85ma", "holds a control character"),
        ("em\u2028ma", "holds a control character"),
        ("em\u200bma", "holds a control character"),
        ("em\u00adma", "holds a control character"),
        ("em\ufeffma", "holds a control character"),
        ("em\u202ema", "holds a control character"),
        ("e" * 65, "is longer than 64 characters"),
    ],
)
def test_an_invalid_line_is_a_reject(raw, reason):
    """It has the row, the text and the reject reason; the next line is an entry."""
    entries, rejects = divided(raw, "ava")

    assert rejects == [(1, raw, reason)]
    assert entries == [(2, "ava", 1)]


@pytest.mark.parametrize("name", ["علی\u200cرضا", "ක්\u200dෂ", "\u1820\u180e\u1820"])
def test_joiners_within_a_name_are_valid(name):
    """Persian uses non-joiners within words, Sinhala joiners, Mongolian a vowel separator."""
    assert divided(name) == ([(1, name, 1)], [])


@pytest.mark.parametrize("raw", [" emma", "emma\t", "\u00a0emma\u2003", "\x0bemma\x0c"])
def test_white_space_around_a_name_is_stripped(raw):
    """This includes no-break and wide spaces, which lists from the web contain."""
    assert divided(raw) == ([(1, "emma", 1)], [])


def test_white_space_within_a_name_is_valid():
    """Town names and given names contain it."""
    assert divided("Mary Ann", "Nové Mesto nad Váhom")[1] == []


@pytest.mark.parametrize("raw", ["Zoe\u0308", "Zo\u00eb"])
def test_names_are_normalized_to_nfc(raw):
    """A letter and its mark become one character where Unicode defines one."""
    assert divided(raw) == ([(1, "Zo\u00eb", 1)], [])


@given(st.text())
def test_normalization_equals_that_of_python(raw):
    """unicodedata.normalize is a second implementation of NFC."""
    entries, _ = divided(raw, max_length=10_000)

    assert [name for _, name, _ in entries] in ([], [unicodedata.normalize("NFC", raw).strip()])


def test_case_is_kept_without_lower():
    """Emma and emma are different names unless `lower` is set."""
    assert divided("Emma", "ŻOË") == ([(1, "Emma", 1), (2, "ŻOË", 1)], [])
    assert divided("Emma", "ŻOË", lower=True) == ([(1, "emma", 1), (2, "żoë", 1)], [])


def test_lower_case_names_are_in_nfc():
    """Lower-casing can yield a letter and a combining mark: İ becomes i and U+0307."""
    entries, _ = divided("İpek", "J\u030c", lower=True)

    assert [name for _, name, _ in entries] == ["i\u0307pek", "\u01f0"]


def test_length_is_counted_after_stripping_and_normalization():
    """64 times e and a combining accent are 64 characters."""
    assert divided(" " + "e\u0301" * 64 + " ") == ([(1, "é" * 64, 1)], [])
    assert divided("emma", max_length=4)[1] == []
    assert divided("emma", max_length=3)[1] == [(1, "emma", "is longer than 3 characters")]


def test_a_reject_keeps_the_first_thousand_characters():
    """A file may consist of one line, and is not copied into the database."""
    _, rejects = divided("é" * 5000)

    assert rejects == [(1, "é" * 1000, "is longer than 64 characters")]


@pytest.mark.parametrize(
    ("count", "weight"), [("1", 1), ("18688", 18688), (" 7 ", 7), ("999999999999", 999_999_999_999), ("3.0", 3)]
)
def test_a_count_is_the_weight(count, weight):
    """Up to twelve digits, so that sums fit into 64 bits."""
    assert divided("emma", count=count) == ([(1, "emma", weight)], [])


@pytest.mark.parametrize("raw", ["\u200c", "\u200d\u200c"])
def test_a_name_of_joiners_alone_is_rejected(raw):
    """Invisible characters are valid only beside other characters."""
    assert divided(raw) == ([], [(1, raw, "is empty")])


@pytest.mark.parametrize(
    "count",
    ["", " ", "0", "-1", "+1", "1.5", "1e3", "0x1", "1,000", "1 000", "007", "many", "NA", "٣", "1000000000000"],
)
def test_an_invalid_count_is_a_reject(count):
    """It is not read as 0 or 1."""
    assert divided("emma", count=count) == ([], [(1, f"emma,{count}", "has an invalid count")])


def test_a_reject_reason_of_the_reader_is_kept():
    """An unreadable line has no name to validate."""
    assert divided('"emma', reject_reason="is not CSV: a quote is left open") == (
        [],
        [(1, '"emma', "is not CSV: a quote is left open")],
    )


@given(st.lists(RAWS), st.booleans(), st.integers(1, 9))
def test_every_line_is_either_an_entry_or_a_reject(tmp_path_factory, names, lower, chunk):
    """For any text and any chunk size."""
    path = tmp_path_factory.mktemp("any") / "names.txt"
    path.write_bytes("".join(f"{name}\n" for name in names).encode())
    options = ReadOptions(lower=lower, max_length=5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lines, "CHUNK_SIZE", chunk)
        patch.setattr(_lines, "MAX_BINARY_SHARE", 1)
        divisions = [divide(batch, options) for batch in readers.read(path, options)]

    rows = [row for division in divisions for frame in division for row in frame["row"]]
    text = "".join(f"{name}\n" for name in names).removeprefix("\ufeff")
    assert sorted(rows) == list(range(1, len(re.findall("\r\n|\r|\n", text)) + 1))


@pytest.fixture(scope="module")
def con():
    return duckdb.connect()


@settings(max_examples=50)
@given(st.lists(RAWS), st.booleans())
def test_entries_pass_the_check_of_clean_names(con, raws, lower):
    """Polars validates at least as strictly as the check in DuckDB, so that a build does not fail."""
    entries, _ = divided(*raws, lower=lower)
    names = pl.DataFrame(
        {"split": "train", "name": [name for _, name, _ in entries]}, schema_overrides={"name": pl.String}
    )
    con.register("split_names", names.to_arrow())

    catalog.run_checks(con, {"names_are_clean": catalog.checks()["names_are_clean"]})

    assert all(name == name.strip() and 1 <= len(name) <= 64 for _, name, _ in entries)
