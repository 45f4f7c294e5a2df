"""The relations of n-grams: counts, discounts, probabilities, backoffs, and the macro `score_name`."""

import math
from collections import Counter, defaultdict

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.relations import catalog

LISTS = st.lists(st.text("bm\u0302😀", min_size=1, max_size=7), min_size=1, max_size=12)


def kneser_ney(names, order, min_count, vocab_size):
    """Return a function of context and character to probability: Chen and Goodman (1999), section 3, in plain dicts."""
    types = Counter()
    for word in [f".{name}." for name in set(names)]:
        for i in range(1, len(word)):
            types.update({(word[start:i], word[i]) for start in range(max(0, i - order + 1), i + 1)})
    predecessors = defaultdict(set)
    for context, ch in types:
        predecessors[context[1:], ch].update(context[:1])
    adjusted = {
        (context, ch): count if len(context) == order - 1 or context[:1] == "." else len(predecessors[context, ch])
        for (context, ch), count in types.items()
    }
    kept = {gram for gram in types if len(gram[0]) < 2 or types[gram] >= min_count}
    discounts = [discounts_of([a for gram, a in adjusted.items() if len(gram[0]) == size]) for size in range(order)]

    def prob(context, ch):
        followers = {c: adjusted[context, c] for ctx, c in adjusted if ctx == context}
        shorter = prob(context[1:], ch) if context else 1 / vocab_size
        if not any((context, c) in kept for c in followers):
            return shorter
        discounted = {c: a - discounts[len(context)][min(a, 3)] for c, a in followers.items() if (context, c) in kept}
        total = sum(followers.values())
        return discounted.get(ch, 0) / total + (1 - sum(discounted.values()) / total) * shorter

    return prob


def discounts_of(counts):
    """Return discounts by count; 0.5, 1, 1.5 if the formula divides by 0 or leaves 0 < d <= count."""
    n1, n2, n3, n4 = (counts.count(k) for k in (1, 2, 3, 4))
    if n1 and n2 and n3:
        y = n1 / (n1 + 2 * n2)
        discounts = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
        if all(0 < d <= k for k, d in enumerate(discounts, 1)):
            return [0, *discounts]
    return [0, 0.5, 1, 1.5]


def rows(con, select):
    return con.execute(select).fetchall()


def scored(con, name):
    """Return the rows of the macro for a name."""
    for macro, select in catalog.macros().items():
        con.execute(f"create or replace temp macro {macro} as table {select}")
    return con.execute("select ch, context, prob, nats from score_name(?)", [name]).fetchall()


@settings(max_examples=25)
@given(LISTS, st.integers(2, 8), st.integers(1, 3))
def test_probabilities_equal_those_of_the_paper(built, names, order, min_count):
    """An implementation of the paper's formulas gives the same for each n-gram and each position of a name."""
    con = built(names, order=order, min_count=min_count)
    prob = kneser_ney(names, order, min_count, len(rows(con, "from vocab")))
    backwards = [name[::-1] for name in names]

    grams = rows(con, "select context, ch, prob from ngram_probs")
    scored_probs = [p for name in backwards for _, _, p, _ in scored(con, name)]
    catalog.run_checks(con, catalog.checks())

    assert [p for _, _, p in grams] == pytest.approx([prob(context, ch) for context, ch, _ in grams], rel=1e-9)
    assert scored_probs == pytest.approx(
        [prob(f".{name}"[: i + 1][1 - order :], ch) for name in backwards for i, ch in enumerate(f"{name}.")], rel=1e-9
    )


def test_ngrams_of_every_order_are_counted(built):
    """By hand: m and a follow 'm', m follows '.em'; a line of weight 3 adds 3 to count and 1 to types."""
    con = built(["emma"], [3], order=4)

    found = {(context, ch): pair for context, ch, *pair in rows(con, "from ngram_counts")}

    assert found["m", "m"] == found["m", "a"] == found[".em", "m"] == [3, 1]
    assert found["", "m"] == [6, 2]
    assert ".emm" not in {context for context, _ in found}
    assert len(found) == 4 + 5 + 4 + 3


def test_adjusted_counts_are_the_preceding_characters(built):
    """By hand: '.', b and n precede 'an'; '.an' and the longest n-gram 'nan' count the distinct names."""
    con = built(["anan", "ban", "anna", "anna"], order=3)

    found = {
        context + ch: adjusted
        for context, ch, adjusted in rows(con, "select context, ch, adjusted from ngram_adjusted")
    }

    assert (found["an"], found[".an"], found["nan"], found["ban"]) == (3, 2, 1, 1)
    assert found["n"] == 2


def test_discounts_follow_from_the_counts_of_counts(built):
    """By hand: 9 bigrams have count 1, 3 have 2, one has 3, none has 4; y = 9 / 15, d1 = 1 - 2 y 3 / 9."""
    con = built(["ab", "ac", "ba", "bb", "cab", "cb", "dab"], order=2)

    found = rows(con, "select * exclude (ngram_order) from ngram_discounts where ngram_order = 2")

    assert found == [(9, 3, 1, 0, *map(pytest.approx, (0.6, 1.4, 3)), False)]


def test_short_lists_use_fallback_discounts(built):
    """One name has no n-gram of count 2, and each context still has a distribution."""
    con = built(["emma"])

    catalog.run_checks(con, catalog.checks())

    assert rows(con, "select distinct d1, d2, d3, is_fallback from ngram_discounts") == [(0.5, 1, 1.5, True)]


def test_pruning_removes_rare_ngrams_from_order_3(built):
    """By hand: 'ab' and '.ab' occur in two names and stay; 'abc' and 'abd' are removed, with backoff to 'b'."""
    con = built(["abc", "abd"], order=3, min_count=2)

    kept = {context + ch for context, ch in rows(con, "select context, ch from ngram_probs")}

    assert {"ab", ".ab", ".a", "bc"} <= kept
    assert kept.isdisjoint({"abc", "abd", "bc."})
    assert rows(con, "from ngram_backoffs where context = 'ab'") == []


def test_only_train_is_counted(built):
    """ava is in train, emma in test: its characters have positive probabilities, but its n-grams are not counted."""
    con = built(["ava", "emma"], holdout=10)

    counted = {ch for (ch,) in rows(con, "select ch from ngram_counts where context = ''")}

    assert counted == {"a", "v", "."}
    assert all(p > 0 for _, _, p, _ in scored(con, "emma"))


def test_without_train_names_characters_have_equal_probabilities(built):
    """emma is in test: three letters and the end have probability 1/4 each."""
    assert [(context, p) for _, context, p, _ in scored(built(["emma"], holdout=10), "am")] == [(None, 0.25)] * 3


@pytest.mark.parametrize(
    ("name", "words"), [("zoë", "'zoë' has 'z', which is not among the 4 characters"), ("e.m", "'e.m' holds '.'")]
)
def test_an_invalid_name_cannot_be_scored(built, name, words):
    """The error contains the name and the character."""
    with pytest.raises(duckdb.Error, match=words):
        scored(built(["emma"]), name)


def test_nats_are_the_negative_logarithm(built):
    """Each character and the end have a row, with the longest context in train."""
    found = scored(built(["emma"]), "em")

    assert [(ch, context) for ch, context, _, _ in found] == [("e", "."), ("m", ".e"), (".", "")]
    assert [nats for *_, nats in found] == pytest.approx([-math.log(p) for _, _, p, _ in found])


def test_the_lecture_list_gives_the_distributions_of_a_language_model(lecture):
    """Only order 1 uses fallback discounts, as for most lists."""
    orders = rows(lecture, "select ngram_order, is_fallback from ngram_discounts")

    assert orders == [(1, True), *((order, False) for order in range(2, 7))]
