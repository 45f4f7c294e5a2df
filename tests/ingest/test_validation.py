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

# Text with much of what spoils a name, and any text at all.
SPOILED = st.text(st.sampled_from("aÉe\u0301 .\t\x00\u200b\u200d\u00a0\u2028\ufffdßİΣ9'\"")) | st.text()


def divided(*raws, count=None, reject_reason=None, **options):
    """Entries and rejects of lines numbered from 1, as rows."""
    batch = pl.DataFrame(
        [(row, raw, count, reject_reason) for row, raw in enumerate(raws, start=1)], schema=readers.SCHEMA, orient="row"
    )
    entries, rejects = divide(batch, ReadOptions(**options))
    return entries.rows(), rejects.rows()


def test_a_clean_line_is_an_entry():
    """With its row, the name as it stands there and a weight of one."""
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
def test_a_spoiled_line_is_a_reject(raw, reason):
    """With its row, its text and the reason; the line after it is an entry."""
    entries, rejects = divided(raw, "ava")

    assert rejects == [(1, raw, reason)]
    assert entries == [(2, "ava", 1)]


@pytest.mark.parametrize("name", ["علی\u200cرضا", "ක්\u200dෂ", "\u1820\u180e\u1820"])
def test_joiners_belong_to_the_spelling_of_some_names(name):
    """Persian has non-joiners within words, Sinhala joiners, Mongolian a vowel separator."""
    assert divided(name) == ([(1, name, 1)], [])


@pytest.mark.parametrize("raw", [" emma", "emma\t", "\u00a0emma\u2003", "\x0bemma\x0c"])
def test_white_space_around_a_name_is_no_part_of_it(raw):
    """No-break and wide blanks too, which lists from the web have."""
    assert divided(raw) == ([(1, "emma", 1)], [])


def test_white_space_within_a_name_is():
    """Towns have it, and given names."""
    assert divided("Mary Ann", "Nové Mesto nad Váhom")[1] == []


@pytest.mark.parametrize("raw", ["Zoe\u0308", "Zo\u00eb"])
def test_a_name_has_one_spelling(raw):
    """A letter and its mark are one character where Unicode has it (NFC): both spellings are the same name."""
    assert divided(raw) == ([(1, "Zo\u00eb", 1)], [])


@given(st.text())
def test_spelling_is_that_of_python(raw):
    """unicodedata.normalize is a second implementation of NFC."""
    entries, _ = divided(raw, max_length=10_000)

    assert [name for _, name, _ in entries] in ([], [unicodedata.normalize("NFC", raw).strip()])


def test_case_is_kept_unless_asked():
    """Emma and emma are two names, or one."""
    assert divided("Emma", "ŻOË") == ([(1, "Emma", 1), (2, "ŻOË", 1)], [])
    assert divided("Emma", "ŻOË", lower=True) == ([(1, "emma", 1), (2, "żoë", 1)], [])


def test_folding_does_not_undo_the_one_spelling():
    """The small letter of dotted capital I is an i and a mark, which may join what follows otherwise than before."""
    entries, _ = divided("İpek", "J\u030c", lower=True)

    assert [name for _, name, _ in entries] == ["i\u0307pek", "\u01f0"]


def test_the_longest_name_is_as_long_as_said():
    """In characters of its one spelling, without the blanks around it: 64 times e and its accent are 64."""
    assert divided(" " + "e\u0301" * 64 + " ") == ([(1, "é" * 64, 1)], [])
    assert divided("emma", max_length=4)[1] == []
    assert divided("emma", max_length=3)[1] == [(1, "emma", "is longer than 3 characters")]


def test_a_reject_keeps_the_first_thousand_characters():
    """Enough to find the line, without a copy of a file that is one line."""
    _, rejects = divided("é" * 5000)

    assert rejects == [(1, "é" * 1000, "is longer than 64 characters")]


@pytest.mark.parametrize(
    ("count", "weight"), [("1", 1), ("18688", 18688), (" 7 ", 7), ("999999999999", 999_999_999_999), ("3.0", 3)]
)
def test_a_count_is_the_weight(count, weight):
    """Up to twelve digits: nobody counted more people, and sums stay within 64 bits."""
    assert divided("emma", count=count) == ([(1, "emma", weight)], [])


@pytest.mark.parametrize("raw", ["\u200c", "\u200d\u200c"])
def test_joiners_alone_are_no_name(raw):
    """Invisible characters belong between others."""
    assert divided(raw) == ([], [(1, raw, "is empty")])


@pytest.mark.parametrize(
    "count",
    ["", " ", "0", "-1", "+1", "1.5", "1e3", "0x1", "1,000", "1 000", "007", "many", "NA", "٣", "1000000000000"],
)
def test_a_count_that_is_no_number_of_names_is_a_reject(count):
    """Not one, and not nought: what it means is for the list's owner to say."""
    assert divided("emma", count=count) == ([], [(1, f"emma,{count}", "has a count that is no whole number from 1")])


def test_what_was_wrong_with_the_line_comes_first():
    """A line that could not be read has no name to judge."""
    assert divided('"emma', reject_reason="is not CSV: a quote is left open") == (
        [],
        [(1, '"emma', "is not CSV: a quote is left open")],
    )


@given(st.lists(SPOILED), st.booleans(), st.integers(1, 9))
def test_entries_and_rejects_are_all_lines_once(tmp_path_factory, names, lower, chunk):
    """No line of a file is in neither, none in both, whatever stands in it and wherever the chunks part."""
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
@given(st.lists(SPOILED), st.booleans())
def test_entries_keep_the_law_of_clean_names(con, raws, lower):
    """What Polars lets through has nothing that DuckDB's own check of the names finds, so no build breaks on it."""
    entries, _ = divided(*raws, lower=lower)
    names = pl.DataFrame(
        {"split": "train", "name": [name for _, name, _ in entries]}, schema_overrides={"name": pl.String}
    )
    con.register("split_names", names.to_arrow())

    catalog.run_checks(con, {"names_are_clean": catalog.checks()["names_are_clean"]})

    assert all(name == name.strip() and 1 <= len(name) <= 64 for _, name, _ in entries)
