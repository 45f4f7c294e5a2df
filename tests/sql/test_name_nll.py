"""The relation `name_nll`."""

from itertools import pairwise
from math import log, log2

import pytest


def test_three_names_have_the_nll_of_the_lecture(lecture):
    """The log-likelihood of emma, olivia and ava is -38.7856, and the mean nll of their 16 bigrams is 2.4241."""
    rows = lecture.execute("select nll, length + 1 from name_nll join name_counts using (name) "
                           "where name in ('emma', 'olivia', 'ava')").fetchall()  # fmt: skip

    nats = sum(nll * characters for nll, characters in rows)

    assert sum(characters for _, characters in rows) == 16
    assert nats == pytest.approx(38.7856, abs=5e-5)
    assert nats / 16 == pytest.approx(2.4241, abs=5e-5)


def test_the_lecture_list_has_its_golden_nll(lecture):
    """The mean over all characters of all lines is 2.4540145 in float64."""
    nll = lecture.execute(
        "select sum(nll * (length + 1) * name_nll.count) / sum((length + 1) * name_nll.count) "
        "from name_nll join name_counts using (name)"
    ).fetchall()[0][0]

    assert nll == pytest.approx(2.4540145, abs=5e-8)


@pytest.mark.parametrize("smoothing", [0, 1])
def test_nll_is_the_mean_of_the_bigrams(built, smoothing):
    """nll is in nats per character with the end token, bits are per name; the most probable name is first."""
    names = ["emma", "olivia", "ava", "emma", "m😀"]
    con = built(names, smoothing=smoothing)
    probs = {ch1 + ch2: prob for ch1, ch2, prob in con.execute("select ch1, ch2, prob from bigram_probs").fetchall()}

    rows = con.execute("select name, count, nll, bits from name_nll").fetchall()

    name_probs = {name: [probs[ch1 + ch2] for ch1, ch2 in pairwise(f".{name}.")] for name in names}
    assert {name: nll for name, _, nll, _ in rows} == pytest.approx(
        {name: -sum(map(log, values)) / len(values) for name, values in name_probs.items()}
    )
    assert {name: bits for name, _, _, bits in rows} == pytest.approx(
        {name: -sum(map(log2, values)) for name, values in name_probs.items()}
    )
    assert {name: count for name, count, _, _ in rows} == {"emma": 2, "olivia": 1, "ava": 1, "m😀": 1}
    assert [nll for _, _, nll, _ in rows] == sorted(nll for _, _, nll, _ in rows)
