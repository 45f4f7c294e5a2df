"""The relation `bigram_counts`."""

from collections import Counter
from itertools import pairwise, product


def test_the_matrix_contains_every_pair_of_characters(built):
    """Four characters give sixteen pairs in the order of their ids; unseen pairs have count 0."""
    con = built(["emma"])
    seen = {(".", "e"), ("e", "m"), ("m", "m"), ("m", "a"), ("a", ".")}

    rows = con.execute("select ix1, ix2, ch1, ch2, count from bigram_counts").fetchall()

    assert rows == [
        (ix1, ix2, ch1, ch2, int((ch1, ch2) in seen)) for (ix1, ch1), (ix2, ch2) in product(enumerate(".aem"), repeat=2)
    ]


def test_counts_include_weights_and_all_splits(built):
    """A name of weight n counts n times."""
    names, weights = [f"n{i}" for i in range(50)], list(range(1, 51))
    expected = Counter()
    for name, weight in zip(names, weights, strict=True):
        for pair in pairwise(f".{name}."):
            expected[pair] += weight

    con = built(names, weights, holdout=30)

    assert con.execute("select count(distinct split) from split_bigram_counts").fetchall() == [(3,)]
    rows = con.execute("select ch1, ch2, count from bigram_counts where count > 0").fetchall()
    assert {(ch1, ch2): count for ch1, ch2, count in rows} == expected


def test_a_code_point_is_a_character(built):
    """A combining mark counts as a character, and an astral character as one."""
    con = built(["m\u0302😀"])

    rows = con.execute("select ch1, ch2 from bigram_counts where count = 1").fetchall()

    assert sorted(rows) == sorted([(".", "m"), ("m", "\u0302"), ("\u0302", "😀"), ("😀", ".")])


def test_the_lecture_list_gives_the_matrix_of_the_lecture(lecture):
    """It has 27 x 27 cells, 228,146 bigrams, and the five most frequent bigrams of the lecture."""
    sizes = lecture.execute("select count(*), sum(count)::bigint, max(ix1) from bigram_counts").fetchall()
    top = lecture.execute("select ch1, ch2, count from bigram_counts order by count desc limit 5").fetchall()

    assert sizes == [(729, 228_146, 26)]
    assert top == [("n", ".", 6763), ("a", ".", 6640), ("a", "n", 5438), (".", "a", 4410), ("e", ".", 3983)]
