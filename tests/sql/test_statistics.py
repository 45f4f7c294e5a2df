"""The relations with statistics of names, characters, lists and splits."""

from collections import Counter
from datetime import UTC, datetime

import duckdb
import polars as pl
import pytest

from makemore.ingest import store
from makemore.relations import catalog


def test_vocab_is_the_dot_and_then_characters_by_code_point(built):
    """Counts include weights; the count of '.' is the number of names."""
    con = built(["Żoë", "aZ\uff21", "😀a"], [1, 2, 3])

    assert con.execute("from vocab").fetchall() == [
        (0, ".", 46, 6),
        (1, "Z", 90, 2),
        (2, "a", 97, 5),
        (3, "o", 111, 1),
        (4, "ë", 235, 1),
        (5, "Ż", 379, 1),
        (6, "\uff21", 0xFF21, 2),
        (7, "😀", 0x1F600, 3),
    ]


def test_vocab_of_the_lecture_has_27_characters(lecture, lecture_names):
    """26 letters and the end, with the counts of Python."""
    rows = lecture.execute("select ix, ch, count from vocab").fetchall()

    assert [(ix, ch) for ix, ch, _ in rows] == list(enumerate(".abcdefghijklmnopqrstuvwxyz"))
    assert {ch: count for _, ch, count in rows} == Counter("".join(f"{name}." for name in lecture_names))


def test_name_lengths_are_in_characters_and_weighted(built):
    """Rows have the share of all names; the shortest length is first."""
    con = built(["ava", "😀🙂", "mia", "emma"], [1, 2, 2, 3])

    assert con.execute("from name_lengths").fetchall() == [(2, 2, 0.25), (3, 3, 0.375), (4, 3, 0.375)]


def test_first_and_last_letters_are_counted(built):
    """Sorted by frequency, then code point, without unused characters."""
    con = built(["emma", "ava", "eve", "éa"], [1, 1, 1, 1])

    assert con.execute("from first_letters").fetchall() == [("e", 2, 0.5), ("a", 1, 0.25), ("é", 1, 0.25)]
    assert con.execute("from last_letters").fetchall() == [("a", 3, 0.75), ("e", 1, 0.25)]


def test_first_and_last_letters_of_the_lecture_list(lecture, lecture_names):
    """Python counts the same."""
    first = Counter(name[0] for name in lecture_names)
    last = Counter(name[-1] for name in lecture_names)

    assert dict(lecture.execute("select ch, count from first_letters").fetchall()) == first
    assert dict(lecture.execute("select ch, count from last_letters").fetchall()) == last


def test_the_lecture_list_has_its_golden_sizes(lecture):
    """32,033 lines, 29,494 distinct names and 228,146 bigrams, all in train."""
    assert lecture.execute("select split, lines, names, count, bigrams from split_sizes").fetchall() == [
        ("train", 32_033, 29_494, 32_033, 228_146)
    ]
    assert catalog.count_rows(lecture, "name_counts") == 29_494


@pytest.fixture
def two_lists():
    """Two lists in one home, with common names and rejected rows."""
    con = duckdb.connect()
    store.create_tables(con)
    con.execute(
        "create table settings as select 0 as holdout, 1.0 as smoothing, 6 as ngram_order, 1 as ngram_min_count"
    )
    lists = {
        "a.csv": (
            [(1, "emma", 5), (2, "ava", 1), (4, "emma", 2)],
            [(3, "J.R.", "dot"), (5, "", "empty"), (6, " ", "empty")],
        ),
        "b.txt": ([(1, "emma", 1), (2, "olivia", 1)], [(3, "x.y", "dot")]),
    }
    for uri, (entries, rejects) in lists.items():
        source = store.Source(uri, uri, 1, {}, datetime(2026, 11, 22, tzinfo=UTC))
        batch = (
            pl.DataFrame(entries, schema=["row", "name", "weight"], orient="row"),
            pl.DataFrame(rejects, schema=["row", "raw", "reason"], orient="row"),
        )
        store.ingest(con, source, [batch])
    list(catalog.build(con, catalog.selects()))
    return con


def test_name_counts_sum_lines_and_lists(two_lists):
    """emma has weight 5 + 2 + 1 on three lines of two lists; the most frequent name is first."""
    assert two_lists.execute("from name_counts").fetchall() == [
        ("emma", 4, "train", 8, 3, 2),
        ("ava", 3, "train", 1, 1, 1),
        ("olivia", 6, "train", 1, 1, 1),
    ]


def test_source_sizes_describe_each_list(two_lists):
    """Lines, distinct names, names in this list only, weights, mean length, rejects."""
    assert two_lists.execute("from source_sizes").fetchall() == [
        (1, "a.csv", 3, 2, 1, 8, pytest.approx(11 / 3), 3),
        (2, "b.txt", 2, 2, 1, 2, 5.0, 1),
    ]


def test_reject_reasons_show_their_first_line(two_lists):
    """Sorted by list and frequency, with one example line."""
    assert two_lists.execute("from reject_reasons").fetchall() == [
        (1, "empty", 2, 5, ""),
        (1, "dot", 1, 3, "J.R."),
        (2, "dot", 1, 3, "x.y"),
    ]


def test_split_sizes_count_weights_into_bigrams(built):
    """A name of three characters and weight five gives twenty bigrams."""
    con = built(["ava", "ava", "emma"], [5, 1, 2])

    assert con.execute("from split_sizes").fetchall() == [("train", 3, 2, 8, 6 * 4 + 2 * 5)]
