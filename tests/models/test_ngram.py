import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.data.dataset import read_vocab
from makemore.evaluation.loss import nll_of_names
from makemore.models.ngram import Config, Grams, Model
from makemore.relations import catalog
from makemore.relations.ngrams import read_grams

LISTS = st.lists(st.text("bm\u0302😀", min_size=1, max_size=7), min_size=1, max_size=12)


def made(con, **config):
    """The model of the relations, and its vocab."""
    vocab = read_vocab(con)
    return Model.from_grams(read_grams(con, vocab), Config(**config)), vocab


def macro_nll(con, names):
    """nll of each name by the macro score_name, on the same relations."""
    for macro, select in catalog.macros().items():
        con.execute(f"create or replace temp macro {macro} as table {select}").fetchall()
    return [con.execute("select avg(nats) from score_name(?)", [name]).fetchall()[0][0] for name in names]


@settings(max_examples=25)
@given(LISTS, st.integers(2, 8), st.integers(1, 3))
def test_every_state_has_a_distribution_and_the_automaton_says_what_sql_says(built, names, order, min_count):
    """Rows are positive and sum to one; names, seen and unseen, have the nll that the relations give them in SQL."""
    con = built(names, order=order, min_count=min_count)
    model, vocab = made(con, order=order, min_count=min_count)
    asked = [*names, *(name[::-1] for name in names), vocab.chars[-1] * 12]

    torch.testing.assert_close(model.log_probs.exp().sum(dim=1), torch.ones(len(model.next)), atol=1e-5, rtol=0)
    assert model.log_probs.isfinite().all()
    assert nll_of_names(model, vocab, asked) == pytest.approx(macro_nll(con, asked), abs=1e-6)


def test_the_lecture_list_says_the_same_in_sql_and_as_an_automaton(lecture, lecture_names):
    """The nll of a hundred names, to 1e-6."""
    model, vocab = made(lecture)

    assert nll_of_names(model, vocab, lecture_names[:100]) == pytest.approx(
        macro_nll(lecture, lecture_names[:100]), abs=1e-6
    )


def test_a_character_leads_to_the_longest_context_that_ends_in_it(built):
    """By hand, emma at order 3: '.', e, m lead to '.', '.e', 'em'; after x of another name nothing but 'x' is known."""
    con = built(["emma", "x"], order=3)
    model, vocab = made(con, order=3)
    contexts = [row[0] for row in con.execute("select context from ngram_states order by state").fetchall()]

    [states] = model.states(torch.tensor([[0, *vocab.encode("emma"), 0, *vocab.encode("xe")]])).tolist()

    assert [contexts[state] for state in states] == [".", ".e", "em", "mm", "ma", ".", ".x", "e"]


def test_no_name_makes_a_model_that_knows_nothing(built):
    """emma alone is held out: two states, all characters alike."""
    model, _ = made(built(["emma"], holdout=10))

    assert model.log_probs.tolist() == [pytest.approx([math.log(1 / 4)] * 4)] * 2


def test_tables_that_are_too_large_are_refused_with_what_makes_them_smaller():
    """2**20 contexts by 2**9 characters: nothing is made of them before the error."""
    contexts, nothing = np.broadcast_to(np.int64(0), 2**20), np.empty(0)
    grams = Grams(2**9, *[contexts] * 5, *[nothing] * 3)

    with pytest.raises(ValueError, match=r"1,048,576 contexts by 512 characters .*--min-count 2` or a lower --order"):
        Model.from_grams(grams, Config())


@pytest.mark.parametrize(("setting", "words"), [({"order": 1}, "use 2 to 8"), ({"order": 9}, "use 2 to 8")])
def test_settings_out_of_range_are_refused(setting, words):
    """Each setting names its limit."""
    with pytest.raises(ValueError, match=f"ngram.order=.: {words}"):
        Config(**setting)


def test_a_count_of_nothing_is_refused():
    """1 keeps all: 0 has no meaning."""
    with pytest.raises(ValueError, match=r"ngram\.min_count=0: use 1 or more"):
        Config(min_count=0)
