from collections import Counter
from itertools import pairwise

import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from makemore.relations import bigram_counts, catalog
from makemore.relations.bigram_counts import count_bigrams, source_bigram_counts

# Names as the quarantine lets them through: anything but control characters, halves of characters and '.'.
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
WHOLE_ALPHABET = [(1, "train", "\U0010ffff\U00010000\uffff a", 10**12), (1, "dev", "a", 1), (2, "train", "a", 1)]


def table(lines):
    """Rows of the relation `names`, in the columns that are counted."""
    frame = pl.DataFrame(
        lines, schema={"source_id": pl.Int32, "split": pl.String, "name": pl.String, "weight": pl.Int64}, orient="row"
    )
    return frame.with_columns(length=pl.Series([len(name) for name in frame["name"]], dtype=pl.Int32))


def in_a_dict(lines):
    """The lecture's loop, with weights, by list and split; sorted."""
    bigrams = Counter()
    for source_id, split, name, weight in lines:
        for ch1, ch2 in pairwise(f".{name}."):
            bigrams[source_id, split, ch1, ch2] += weight
    return sorted((*bigram, count) for bigram, count in bigrams.items())


@pytest.fixture(scope="module")
def con():
    return duckdb.connect()


def test_emma_counts_both_of_its_ends():
    """One name of n characters gives n + 1 bigrams, '.' being its start and its stop."""
    lines = [(1, "train", "emma", 1)]

    assert count_bigrams([table(lines)]).rows() == [
        (1, "train", ".", "e", 1),
        (1, "train", "a", ".", 1),
        (1, "train", "e", "m", 1),
        (1, "train", "m", "a", 1),
        (1, "train", "m", "m", 1),
    ]


def test_a_weight_counts_as_many_lines():
    """A name of weight 3 is a name on three lines."""
    thrice = count_bigrams([table([(1, "train", "ava", 3), (1, "train", "mia", 1)])])

    assert thrice.equals(count_bigrams([table([(1, "train", "ava", 1)] * 3 + [(1, "train", "mia", 1)])]))


@given(LINES, st.integers(1, 5))
@example(WHOLE_ALPHABET, 1)
def test_polars_counts_as_a_dict_does(lines, size):
    """On any list in any alphabet, with any weights and splits, however it is cut into batches."""
    batches = [table(lines[i : i + size]) for i in range(0, len(lines), size)]

    assert count_bigrams(batches).rows() == in_a_dict(lines)


@settings(max_examples=40)
@given(LINES)
@example(WHOLE_ALPHABET)
def test_sql_counts_as_a_dict_does(con, lines):
    """On any list in any alphabet, with any weights and splits."""
    con.register("names", table(lines).to_arrow())

    assert sorted(con.execute(catalog.selects()["source_bigram_counts"]).fetchall()) == in_a_dict(lines)


@pytest.mark.parametrize("lines", [[], [(1, "train", "emma", 1)], WHOLE_ALPHABET])
def test_both_engines_give_the_same_table(con, lines):
    """Names and types of columns too: either may be built as the relation."""
    con.register("names", table(lines).to_arrow())
    select = catalog.selects()["source_bigram_counts"]

    in_polars = con.from_arrow(source_bigram_counts(con))

    assert in_polars.columns == con.sql(select).columns
    assert in_polars.types == con.sql(select).types
    assert in_polars.fetchall() == sorted(con.execute(select).fetchall())


def test_names_are_counted_chunk_by_chunk(con, monkeypatch):
    """The last name of a chunk and the first of the next are no neighbours, and nothing at the edge is lost."""
    monkeypatch.setattr(bigram_counts, "CHUNK", 2048)
    lines = [(1 + i // 4000, "train" if i % 3 else "dev", f"{chr(97 + i % 26)}{i}", 1 + i % 2) for i in range(5000)]
    con.register("names", table(lines).to_arrow())

    rows = source_bigram_counts(con).to_pylist()

    assert [tuple(row.values()) for row in rows] == in_a_dict(lines)


def test_the_lecture_list_has_its_golden_counts(lecture_names):
    """228,146 bigrams, and the five that the lecture shows as the most frequent."""
    bigrams = count_bigrams([table([(1, "train", name, 1) for name in lecture_names])])

    assert bigrams["count"].sum() == 228_146
    assert bigrams.sort("count", descending=True).head(5).select("ch1", "ch2", "count").rows() == [
        ("n", ".", 6763),
        ("a", ".", 6640),
        ("a", "n", 5438),
        (".", "a", 4410),
        ("e", ".", 3983),
    ]
