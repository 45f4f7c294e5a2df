"""The relations and checks of sql/: build order, builds and failed checks."""

import re

import duckdb
import pytest

from makemore.database import SQL
from makemore.errors import FailedCheck, InvalidInput
from makemore.relations import catalog, incremental
from makemore.relations.bigram_counts import content_bigram_counts


def test_every_file_of_sql_is_a_relation_or_a_check():
    """The file stem is the name."""
    assert set(catalog.selects()) == {path.stem for folder in ("", "counts/") for path in SQL.glob(f"{folder}*.sql")}
    assert set(catalog.checks() | catalog.ngram_checks()) == {path.stem for path in SQL.glob("checks/**/*.sql")}
    assert set(catalog.selects()) > {
        "vocab", "names", "bigram_counts", "bigram_probs", "name_lengths", "first_letters", "last_letters", "name_nll",
    }  # fmt: skip


def test_a_heading_is_the_first_line_without_its_dashes():
    """Documentation and failed checks show it."""
    assert catalog.heading("-- vocab: a character.\n--\n-- More.\nselect 1") == "vocab: a character."


@pytest.mark.parametrize("name", [*catalog.selects(), *catalog.checks(), *catalog.ngram_checks()])
def test_every_select_has_a_head_comment(name):
    """The head comment is a sentence that begins with the name."""
    select = (catalog.selects() | catalog.checks() | catalog.ngram_checks())[name]

    assert re.fullmatch(rf"{name}: .+\.", catalog.heading(select))


def test_a_relation_is_built_after_those_that_it_reads():
    """In a join, a CTE or a subquery, quoted, or with keywords in upper case."""
    selects = {
        "a": "select * from b join c using (x)",
        "b": 'with inner_b as (select * from "d") from inner_b',
        "c": "SELECT 1 AS x WHERE 1 IN (SELECT x FROM d)",
        "d": "select 1 as x from entries",
    }

    order = catalog.build_order(selects)

    assert sorted(order) == ["a", "b", "c", "d"]
    assert order.index("d") < min(order.index("b"), order.index("c"))
    assert order[-1] == "a"


def test_unknown_names_are_existing_tables():
    """entries, rejects and settings are not in sql/; names in comments and strings are ignored."""
    assert catalog.build_order({"a": "-- from b\nselect 'from b' as b from entries", "b": "from a"}) == ["a", "b"]


def test_the_relations_of_sql_have_a_build_order():
    """content_names before counts, vocab before the matrix, probabilities before nll."""
    order = catalog.build_order(catalog.selects())

    assert order.index("content_names") < order.index("content_bigram_counts") < order.index("vocab")
    assert order.index("vocab") < order.index("bigram_counts") < order.index("bigram_probs") < order.index("name_nll")


@pytest.mark.parametrize(
    ("selects", "circles"),
    [
        ({"a": "from b", "b": "from a"}, ["a -> b -> a", "b -> a -> b"]),
        ({"a": "from a"}, ["a -> a"]),
        ({"a": "from b", "b": "from c", "c": "from a"}, ["a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"]),
    ],
)
def test_a_circular_dependency_is_an_error(selects, circles):
    """The message shows the circle; it may start anywhere."""
    with pytest.raises(InvalidInput, match=r"circular dependency in sql/: ") as error:
        catalog.build_order(selects)

    assert any(f": {circle}. hint:" in str(error.value) for circle in circles)


def test_an_invalid_select_is_an_error():
    """With the message of the parser."""
    with pytest.raises(InvalidInput, match="selekt"):
        catalog.build_order({"a": "selekt 1"})


def test_build_yields_each_relation_when_it_is_built():
    """With its number of rows; an existing table is replaced."""
    con = duckdb.connect()
    con.execute("create table odd as select 'old' as x")
    selects = {"odd": "from numbers where x % 2 = 1", "numbers": "select unnest(range(5)) as x"}

    building = catalog.build(con, selects)

    assert next(building) == ("numbers", 5)
    assert con.execute("select x from odd").fetchall() == [("old",)]
    assert list(building) == [("odd", 2)]
    assert con.execute("select x from odd order by x").fetchall() == [(1,), (3,)]


def test_both_engines_build_the_same_relations(built):
    """Polars and SQL give the same columns, types and rows for every relation."""
    con = built(["emma", "olivia", "Żoë", "😀", "emma"], [1, 2, 3, 4, 5], holdout=20)

    tables = []
    for counter in (None, content_bigram_counts):
        incremental.count_all(con, counter)
        tables.append([con.sql(f"from {name} order by all").to_arrow_table() for name in catalog.selects()])

    assert tables[0] == tables[1]


def test_a_check_without_violations_passes():
    """Its select returns no row."""
    catalog.run_checks(duckdb.connect(), {"a": "-- a: never.\nselect 1 where false"})


def test_a_failed_check_shows_its_head_comment_and_the_first_violation():
    """The rest of the head comment and other rows are left out."""
    check = "-- no_x: there is no x.\n--\n-- Why so.\nselect unnest(['é', 'b']) as name, 2 as weight order by weight"

    with pytest.raises(FailedCheck, match="sql/checks/") as error:
        catalog.run_checks(duckdb.connect(), {"fine": "select 1 where false", "no_x": check})

    assert "no_x: there is no x. Found: name 'é', weight 2" in str(error.value)
    assert "Why so" not in str(error.value)


def test_a_table_can_be_named_like_a_keyword():
    """A file of sql/ may have a reserved word as its name."""
    con = duckdb.connect()
    con.execute('create table "order" as from range(3)')

    assert catalog.count_rows(con, "order") == 3
