"""The Kneser-Ney automaton against the macros in SQL."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.data.dataset import read_vocab
from makemore.errors import InvalidOption
from makemore.evaluation.loss import nll_of_names
from makemore.models.ngram import Config, Model, NGrams
from makemore.relations import catalog
from makemore.relations.ngrams import read_ngrams
from tests.conftest import NGRAM_RELATIONS

LISTS = st.lists(st.text("bm\u0302😀", min_size=1, max_size=7), min_size=1, max_size=12)


def made(con, **config):
    """The model of the relations, and its vocab."""
    vocab = read_vocab(con)
    return Model.from_ngrams(read_ngrams(con, vocab), Config(**config)), vocab


def macro_nll(con, names):
    """nll of each name by the macro score_name, on the same relations."""
    for macro, select in catalog.macros().items():
        con.execute(f"create or replace temp macro {macro} as table {select}").fetchall()
    return [con.execute("select avg(nats) from score_name(?)", [name]).fetchall()[0][0] for name in names]


@settings(max_examples=25)
@given(LISTS, st.integers(2, 8), st.integers(1, 3))
def test_states_have_distributions_and_the_automaton_agrees_with_sql(built, names, order, min_count):
    """Rows are positive and sum to one; seen and unseen names have the nll of the macro score_name."""
    con = built(names, order=order, min_count=min_count, relations=NGRAM_RELATIONS)
    model, vocab = made(con, order=order, min_count=min_count)
    scored = [*names, *(name[::-1] for name in names), vocab.chars[-1] * 12]

    assert np.exp(model.log_probs).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(model.log_probs).all()
    assert nll_of_names(model, vocab, scored) == pytest.approx(macro_nll(con, scored), abs=1e-6)


def test_the_automaton_agrees_with_sql_on_the_lecture_list(lecture, lecture_names):
    """The nll of a hundred names, to 1e-6."""
    model, vocab = made(lecture)

    assert nll_of_names(model, vocab, lecture_names[:100]) == pytest.approx(
        macro_nll(lecture, lecture_names[:100]), abs=1e-6
    )


def test_the_next_state_is_the_longest_seen_context(built):
    """By hand, for emma at order 3: '.', e, m lead to '.', '.e', 'em'; 'xe' is unseen, so it leads to 'e'."""
    con = built(["emma", "x"], order=3)
    model, vocab = made(con, order=3)
    contexts = [row[0] for row in con.execute("select context from ngram_states order by state").fetchall()]

    states = [0]
    for ix in [*vocab.encode("emma"), 0, *vocab.encode("xe")]:
        states.append(model.next[states[-1], ix])

    assert [contexts[state] for state in states] == [".", ".e", "em", "mm", "ma", ".", ".x", "e"]


def test_a_model_of_no_names_is_uniform(built):
    """emma alone is held out: two states, equal probabilities."""
    model, _ = made(built(["emma"], holdout=10))

    assert model.log_probs.tolist() == [pytest.approx([math.log(1 / 4)] * 4)] * 2


def test_tables_that_are_too_large_are_an_error_that_names_the_options():
    """2**20 contexts by 2**9 characters: the error comes before any table is built."""
    contexts, none = np.broadcast_to(np.int64(0), 2**20), np.empty(0)
    ngrams = NGrams(2**9, *[contexts] * 5, *[none] * 3)

    with pytest.raises(InvalidOption, match=r"1,048,576 contexts x 512 characters .*--min-count 2`.*--order"):
        Model.from_ngrams(ngrams, Config())


@pytest.mark.parametrize(
    ("setting", "value", "hint"), [("order", 1, "2 to 8"), ("order", 9, "2 to 8"), ("min_count", 0, "1 or more")]
)
def test_settings_out_of_range_are_errors(setting, value, hint):
    """The error names the setting, its value and its range."""
    with pytest.raises(InvalidOption, match=rf"ngram\.{setting}={value} is invalid. hint: use {hint}"):
        Config(**{setting: value})
