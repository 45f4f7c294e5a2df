from collections import Counter
from itertools import pairwise, product


def test_emma_is_the_whole_matrix_of_her_characters(built):
    """Four characters give sixteen pairs, those never seen with count 0, in the order of their ids."""
    con = built(["emma"])
    seen = {(".", "e"), ("e", "m"), ("m", "m"), ("m", "a"), ("a", ".")}

    rows = con.execute("select ix1, ix2, ch1, ch2, count from bigram_counts").fetchall()

    assert rows == [
        (ix1, ix2, ch1, ch2, int((ch1, ch2) in seen)) for (ix1, ch1), (ix2, ch2) in product(enumerate(".aem"), repeat=2)
    ]


def test_weights_and_splits_add_up(built):
    """Over all names, whatever their split; a weight counts as many lines."""
    names, weights = [f"n{i}" for i in range(50)], list(range(1, 51))
    expected = Counter()
    for name, weight in zip(names, weights, strict=True):
        for pair in pairwise(f".{name}."):
            expected[pair] += weight

    con = built(names, weights, holdout=30)

    assert con.execute("select count(distinct split) from split_bigram_counts").fetchall() == [(3,)]
    rows = con.execute("select ch1, ch2, count from bigram_counts where count > 0").fetchall()
    assert {(ch1, ch2): count for ch1, ch2, count in rows} == expected


def test_marks_and_astral_characters_are_characters_of_their_own(built):
    """A letter and a mark that Unicode has not joined are two, a character outside the first 65,536 is one."""
    con = built(["m\u0302😀"])

    rows = con.execute("select ch1, ch2 from bigram_counts where count = 1").fetchall()

    assert sorted(rows) == sorted([(".", "m"), ("m", "\u0302"), ("\u0302", "😀"), ("😀", ".")])


def test_the_lecture_list_gives_the_matrix_of_the_lecture(lecture):
    """228,146 bigrams in 27 by 27 cells, and the five that the lecture shows as the most frequent."""
    sizes = lecture.execute("select count(*), sum(count)::bigint, max(ix1) from bigram_counts").fetchall()
    top = lecture.execute("select ch1, ch2, count from bigram_counts order by count desc limit 5").fetchall()

    assert sizes == [(729, 228_146, 26)]
    assert top == [("n", ".", 6763), ("a", ".", 6640), ("a", "n", 5438), (".", "a", 4410), ("e", ".", 3983)]
