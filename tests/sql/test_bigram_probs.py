"""The relation `bigram_probs`."""

import pytest

# Cells of the lecture's matrix P without smoothing, for the bigrams of emma, olivia and ava.
LECTURE = {
    ".e": 0.0478, "em": 0.0377, "mm": 0.0253, "ma": 0.3899, "a.": 0.1960, ".o": 0.0123, "ol": 0.0780, "li": 0.1777,
    "iv": 0.0152, "vi": 0.3541, "ia": 0.1381, ".a": 0.1377, "av": 0.0246, "va": 0.2495,
}  # fmt: skip


def probs(con):
    return {ch1 + ch2: prob for ch1, ch2, prob in con.execute("select ch1, ch2, prob from bigram_probs").fetchall()}


def test_the_lecture_list_gives_the_probabilities_of_the_lecture(lecture):
    """The lecture prints four digits."""
    prob = probs(lecture)

    assert {gram: round(prob[gram], 4) for gram in LECTURE} == LECTURE


def test_smoothing_is_added_to_each_count(built):
    """By hand: in emma, m and a follow m once each; with 1 added to each of four counts, 2/6, 2/6, 1/6, 1/6."""
    prob = probs(built(["emma"], smoothing=1))

    assert [prob[f"m{ch}"] for ch in ".aem"] == pytest.approx([1 / 6, 2 / 6, 1 / 6, 2 / 6])


def test_without_smoothing_unseen_bigrams_have_probability_0(built):
    """A probability is the count divided by the sum of its row."""
    prob = probs(built(["emma"], smoothing=0))

    assert [prob[f"m{ch}"] for ch in ".aem"] == [0, 0.5, 0, 0.5]


@pytest.mark.parametrize("smoothing", [0, 0.001, 1, 1000])
def test_rows_sum_to_one_for_any_smoothing(built, smoothing):
    """As in the lecture, strong smoothing makes the distributions uniform."""
    con = built(["emma", "olivia", "ava"], smoothing=smoothing)

    totals = [total for (total,) in con.execute("select sum(prob) from bigram_probs group by ch1").fetchall()]

    assert totals == pytest.approx([1] * 8)
    if smoothing == 1000:
        assert list(probs(con).values()) == pytest.approx([1 / 8] * 64, rel=0.01)


def test_lift_is_relative_to_the_frequency_of_the_character(built):
    """By hand: 2 of the 5 characters of 'emma.' are m, and half of those after m: lift 0.5 / 0.4 = 1.25."""
    con = built(["emma"], smoothing=0)

    lifts = con.execute("select ch2, lift from bigram_probs where ch1 = 'm' order by ch2").fetchall()

    assert dict(lifts) == pytest.approx({".": 0, "a": 2.5, "e": 0, "m": 1.25})
