"""Each check passes on built relations and fails on each violation."""

import pytest

from makemore.errors import FailedCheck
from makemore.relations import catalog

NAMES = ["emma", "olivia", "ava", "emma"]

# Each check with statements that violate it.
CHECKS = catalog.checks() | catalog.ngram_checks()
VIOLATIONS = {
    "bigrams_add_up": [
        "update split_bigram_counts set count = count + 1 where ch1 = 'e'",
        "delete from split_bigram_counts where ch1 = 'o'",
        "delete from split_bigram_counts",
        "update split_sizes set bigrams = bigrams + 5",
    ],
    "characters_in_equal_out": [
        "update bigram_counts set count = count + 1 where ch1 = 'e' and ch2 = 'm'",
        "update bigram_counts set ch1 = 'm' where ch1 = 'e'",
        "update bigram_counts set count = null where ch1 = 'o'",
    ],
    "counts_are_a_matrix": [
        "delete from bigram_counts where ch1 = 'e' and ch2 = 'm'",
        "insert into bigram_counts from bigram_counts limit 1",
        "update bigram_counts set count = -1 where ch1 = 'e' and ch2 = 'm'",
        "delete from bigram_counts",
    ],
    "every_entry_is_a_name": [
        "delete from entries where row = 2",
        "insert into entries from entries where row = 2",
        "update entries set name = null where row = 2",
        "update entries set content_id = 99 where row = 2",
        "update split_names set lines = lines + 1 where name = 'ava'",
        "update split_names set count = count + 1 where name = 'ava'",
        "delete from split_names where name = 'ava'",
        "delete from split_names",
        "update entries set weight = 0 where row = 2",
        "update entries set weight = -1 where row = 2",
    ],
    "names_are_clean": [
        "update split_names set name = '' where name = 'olivia'",
        "update split_names set name = 'oli.via' where name = 'olivia'",
        "update split_names set name = '.olivia' where name = 'olivia'",
        "update split_names set name = 'oli' || chr(9) || 'via' where name = 'olivia'",
        "update split_names set name = 'e' || chr(769) where name = 'olivia'",
    ],
    "ngram_probs_sum_to_one": [
        "update ngram_probs set prob = prob * 1.000001 where context = '.e' and ch = 'm'",
        "update ngram_probs set prob = 0 where context = '.e' and ch = 'm'",
        "update ngram_probs set prob = -prob where context = ''",
        "update ngram_probs set prob = 'nan' where context = '.e' and ch = 'm'",
        "update ngram_probs set prob = null where context = '.e' and ch = 'm'",
        "delete from ngram_probs where context = '' and ch = 'm'",
        "update ngram_backoffs set backoff = backoff * 1.000001 where context = '.e'",
        "update ngram_backoffs set backoff = null where context = '.e'",
        "delete from ngram_backoffs where context = '.e'",
        "insert into ngram_backoffs select * replace ('zz' as context) from ngram_backoffs where context = '.e'",
    ],
    "ngram_totals_add_up": [
        "update ngram_parts set count = count + 1 where context = '.e' and ch = 'm'",
        "update ngram_parts set types = types + 1 where context = '' and ch = 'm'",
        "delete from ngram_parts where context = '.e'",
        "delete from ngram_parts",
        "insert into ngram_parts select * replace (1 as part) from ngram_parts where context = '.emma'",
    ],
    "ngrams_add_up": [
        "update ngram_counts set count = count + 1 where context = '.e' and ch = 'm'",
        "update ngram_counts set types = types + 1 where context = '.e' and ch = 'm'",
        "update ngram_counts set count = null where context = '.e' and ch = 'm'",
        "update ngram_counts set count = count + 1 where context = '' and ch = '.'",
        "delete from ngram_counts where context = 'e'",
        "delete from ngram_counts where context = ''",
        "delete from ngram_counts",
    ],
    "ngrams_are_closed": [
        "delete from ngram_probs where context = '' and ch = 'm'",
        "delete from ngram_probs where context = '.e' and ch = 'm'",
        "update ngram_probs set context = 'z' where context = '.e'",
    ],
    "probs_sum_to_one": [
        "update bigram_probs set prob = prob * 1.000001 where ch1 = 'e'",
        "update bigram_probs set prob = null where ch1 = 'e'",
        "update bigram_probs set prob = 'nan' where ch1 = 'e' and ch2 = 'm'",
        "update bigram_probs set prob = 'inf' where ch1 = 'e' and ch2 = 'm'",
        "delete from bigram_probs where ch1 = 'e' and ch2 = 'm'",
    ],
    "same_name_same_split": [
        "insert into split_names select * replace ('test' as split) from split_names where name = 'emma'",
        "insert into split_names select * replace (unnest(['dev', 'test']) as split, 'zoe' as name, false as seen) "
        "from split_names where name = 'ava'",
    ],
    "vocab_is_dense": [
        "delete from vocab where ch = 'e'",
        "delete from vocab where ch = '.'",
        "update vocab set ix = ix + 1",
        "update vocab set ix = case ch when 'e' then 3 when 'i' then 2 else ix end",
        "insert into vocab from vocab where ch = 'e'",
    ],
}


@pytest.fixture(scope="module")
def relations(built):
    return built(NAMES)


@pytest.fixture
def con(relations):
    """The relations of NAMES; the changes of a test are rolled back."""
    relations.begin()
    yield relations
    relations.rollback()


def test_each_check_has_a_violation():
    """A check that never fails checks nothing: add a statement that violates it."""
    assert set(VIOLATIONS) == set(CHECKS)


@pytest.mark.parametrize("holdout", [0, 10])
@pytest.mark.parametrize("smoothing", [0.0, 1.0])
def test_built_relations_pass_all_checks(built, holdout, smoothing):
    """With any options, weights and alphabets."""
    con = built([*NAMES, "Żoë", "😀", "m\u0302"], [1, 2, 3, 4, 5, 6, 10**12], holdout=holdout, smoothing=smoothing)

    catalog.run_checks(con, CHECKS)


def test_the_lecture_list_passes_all_checks(lecture):
    """The list has 32,033 names and is built without smoothing."""
    catalog.run_checks(lecture, CHECKS)


@pytest.mark.parametrize(
    ("check", "violation"), [(check, violation) for check, statements in VIOLATIONS.items() for violation in statements]
)
def test_a_check_finds_a_violation(con, check, violation):
    """The error contains the head comment of the check."""
    select = CHECKS[check]
    con.execute(violation)

    with pytest.raises(FailedCheck, match=r" Found: .+$") as error:
        catalog.run_checks(con, {check: select})

    assert f"{check}: " in catalog.heading(select)
    assert catalog.heading(select) in str(error.value)


def test_a_violation_is_found_when_all_checks_run(con):
    """The error shows the row that violates the check."""
    con.execute("update split_names set name = 'oli.via' where name = 'olivia'")

    with pytest.raises(FailedCheck, match=r"names_are_clean: .* Found: split 'train', name 'oli\.via'"):
        catalog.run_checks(con, catalog.checks())
