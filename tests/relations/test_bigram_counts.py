"""Bigram counts in Polars, which equal those in SQL."""

from collections import Counter
from itertools import pairwise

import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from makemore.relations import bigram_counts, catalog
from makemore.relations.bigram_counts import content_bigram_counts, count_bigrams

# Valid names: no control characters, surrogates or '.'.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=".") | st.sampled_from(
    "ab😀\U0010ffff\u0301"
)
LINES = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.sampled_from(["train", "dev", "test"]),
        st.text(CHARACTERS, min_size=1),
        st.integers(1, 10**12),
    )
)
WIDE_ALPHABET = [(1, "train", "\U0010ffff\U00010000\uffff a", 10**12), (1, "dev", "a", 1), (2, "train", "a", 1)]


def table(lines):
    """Rows of the relation `content_names`, the columns that are counted."""
    frame = pl.DataFrame(
        lines, schema={"content_id": pl.Int32, "split": pl.String, "name": pl.String, "weight": pl.Int64}, orient="row"
    )
    return frame.with_columns(length=pl.Series([len(name) for name in frame["name"]], dtype=pl.Int32))


def counted_in_a_loop(lines):
    """Count with the loop of the lecture, with weights, by content and split; sorted."""
    bigrams = Counter()
    for content_id, split, name, weight in lines:
        for ch1, ch2 in pairwise(f".{name}."):
            bigrams[content_id, split, ch1, ch2] += weight
    return sorted((*bigram, count) for bigram, count in bigrams.items())


@pytest.fixture(scope="module")
def con():
    return duckdb.connect()


def test_both_ends_of_a_name_are_counted():
    """A name of n characters yields n + 1 bigrams: '.' is its start and its end."""
    lines = [(1, "train", "emma", 1)]

    assert count_bigrams([table(lines)]).rows() == [
        (1, "train", ".", "e", 1),
        (1, "train", "a", ".", 1),
        (1, "train", "e", "m", 1),
        (1, "train", "m", "a", 1),
        (1, "train", "m", "m", 1),
    ]


def test_a_weight_equals_that_many_lines():
    """A name of weight 3 counts like three lines of weight 1."""
    thrice = count_bigrams([table([(1, "train", "ava", 3), (1, "train", "mia", 1)])])

    assert thrice.equals(count_bigrams([table([(1, "train", "ava", 1)] * 3 + [(1, "train", "mia", 1)])]))


@given(LINES, st.integers(1, 5))
@example(WIDE_ALPHABET, 1)
def test_polars_counts_equal_those_of_a_loop(lines, size):
    """For any alphabet, weights, splits and batch size."""
    batches = [table(lines[i : i + size]) for i in range(0, len(lines), size)]

    assert count_bigrams(batches).rows() == counted_in_a_loop(lines)


@settings(max_examples=40)
@given(LINES)
@example(WIDE_ALPHABET)
def test_sql_counts_equal_those_of_a_loop(con, lines):
    """For any alphabet, weights and splits."""
    con.register("content_names", table(lines).to_arrow())

    assert sorted(con.execute(catalog.selects()["content_bigram_counts"]).fetchall()) == counted_in_a_loop(lines)


@pytest.mark.parametrize("lines", [[], [(1, "train", "emma", 1)], WIDE_ALPHABET])
def test_both_engines_give_the_same_table(con, lines):
    """With the same column names and types."""
    con.register("content_names", table(lines).to_arrow())
    select = catalog.selects()["content_bigram_counts"]

    in_polars = con.from_arrow(content_bigram_counts(con))

    assert in_polars.columns == con.sql(select).columns
    assert in_polars.types == con.sql(select).types
    assert in_polars.fetchall() == sorted(con.execute(select).fetchall())


def test_chunks_are_counted_separately(con, monkeypatch):
    """No bigram spans two chunks, and none at the boundary is lost."""
    monkeypatch.setattr(bigram_counts, "CHUNK_SIZE", 2048)
    lines = [(1 + i // 4000, "train" if i % 3 else "dev", f"{chr(97 + i % 26)}{i}", 1 + i % 2) for i in range(5000)]
    con.register("content_names", table(lines).to_arrow())

    rows = content_bigram_counts(con).to_pylist()

    assert [tuple(row.values()) for row in rows] == counted_in_a_loop(lines)


def test_the_lecture_list_has_its_golden_counts(lecture_names):
    """The lecture shows 228,146 bigrams and these five most frequent ones."""
    bigrams = count_bigrams([table([(1, "train", name, 1) for name in lecture_names])])

    assert bigrams["count"].sum() == 228_146
    assert bigrams.sort("count", descending=True).head(5).select("ch1", "ch2", "count").rows() == [
        ("n", ".", 6763),
        ("a", ".", 6640),
        ("a", "n", 5438),
        (".", "a", 4410),
        ("e", ".", 3983),
    ]
