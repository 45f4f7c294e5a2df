import re

import duckdb
import pyarrow as pa
import pytest

from makemore.errors import FailedCheck
from makemore.relations import catalog
from makemore.relations.bigram_counts import source_bigram_counts


def test_every_file_of_sql_is_a_relation_or_a_law():
    """The file's stem is its name; those of the issue are among them."""
    assert set(catalog.selects()) == {
        path.stem for folder in ("", "counts/") for path in catalog.sql_dir().glob(f"{folder}*.sql")
    }
    assert set(catalog.checks() | catalog.ngram_checks()) == {
        path.stem for path in catalog.sql_dir().glob("checks/**/*.sql")
    }
    assert set(catalog.selects()) > {
        "vocab", "names", "bigram_counts", "bigram_probs", "name_lengths", "first_letters", "last_letters", "name_nll",
    }  # fmt: skip


def test_a_heading_is_the_first_line_without_its_dashes():
    """It is what documentation and broken laws show."""
    assert catalog.heading("-- vocab: a character.\n--\n-- More.\nselect 1") == "vocab: a character."


@pytest.mark.parametrize("name", [*catalog.selects(), *catalog.checks(), *catalog.ngram_checks()])
def test_every_select_says_what_it_is(name):
    """Its head comment is a sentence that begins with its name."""
    select = (catalog.selects() | catalog.checks() | catalog.ngram_checks())[name]

    assert re.fullmatch(rf"{name}: .+\.", catalog.heading(select))


def test_a_relation_is_built_after_those_that_it_reads():
    """Wherever it reads them: in a join, a CTE, a subquery, quoted, or in capitals of SQL's own words."""
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


def test_what_is_no_relation_is_taken_for_a_table_that_is_there():
    """entries, rejects and settings are the warehouse's; a name in a comment or a string is not read."""
    assert catalog.build_order({"a": "-- from b\nselect 'from b' as b from entries", "b": "from a"}) == ["a", "b"]


def test_the_relations_of_sql_are_built_in_an_order_that_works():
    """names before all else, vocab before the matrix, probabilities before what they cost."""
    order = catalog.build_order(catalog.selects())

    assert order.index("names") < order.index("source_bigram_counts") < order.index("vocab")
    assert order.index("vocab") < order.index("bigram_counts") < order.index("bigram_probs") < order.index("name_nll")


@pytest.mark.parametrize(
    ("selects", "circles"),
    [
        ({"a": "from b", "b": "from a"}, ["a -> b -> a", "b -> a -> b"]),
        ({"a": "from a"}, ["a -> a"]),
        ({"a": "from b", "b": "from c", "c": "from a"}, ["a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"]),
    ],
)
def test_a_circle_is_shown_with_the_way_out(selects, circles):
    """An arrow reads 'reads'; where the circle begins is all one."""
    with pytest.raises(
        ValueError, match=r"sql/ has a circle: .+\. Move what they share into a file of its own\."
    ) as error:
        catalog.build_order(selects)

    assert any(f"circle: {circle}." in str(error.value) for circle in circles)


def test_a_select_that_does_not_parse_is_refused():
    """With what the parser says."""
    with pytest.raises(ValueError, match=r"a select of sql/ cannot be read: .*selekt"):
        catalog.build_order({"a": "selekt 1"})


def test_build_tells_each_relation_as_soon_as_it_is_there():
    """Name and rows, in the order of building; what was there before is replaced."""
    con = duckdb.connect()
    con.execute("create table odd as select 'old' as x")
    selects = {"odd": "from numbers where x % 2 = 1", "numbers": "select unnest(range(5)) as x"}

    building = catalog.build(con, selects)

    assert next(building) == ("numbers", 5)
    assert con.execute("select x from odd").fetchall() == [("old",)]
    assert list(building) == [("odd", 2)]
    assert con.execute("select x from odd order by x").fetchall() == [(1,), (3,)]


def test_a_computed_relation_takes_the_place_of_its_select():
    """It is computed when its turn comes, from what is built before it, and read by what comes after it."""
    con = duckdb.connect()
    selects = {"one": "select 1 as x", "two": "select x from one where error('not this') is null", "three": "from two"}

    def two(con):
        return pa.table({"x": [x + 1 for (x,) in con.execute("select x from one").fetchall()]})

    assert list(catalog.build(con, selects, {"two": two})) == [("one", 1), ("two", 1), ("three", 1)]
    assert con.execute("select x from three").fetchall() == [(2,)]


def test_both_engines_build_the_same_relations(built):
    """Polars counts give every table that SQL counts give, columns, types and rows."""
    con = built(["emma", "olivia", "Żoë", "😀", "emma"], [1, 2, 3, 4, 5], holdout=20)
    names = [*catalog.selects()]
    in_sql = [con.sql(f"from {name} order by all").to_arrow_table() for name in names]

    list(catalog.build(con, catalog.selects(), {"source_bigram_counts": source_bigram_counts}))

    assert [con.sql(f"from {name} order by all").to_arrow_table() for name in names] == in_sql


def test_a_law_that_holds_is_silent():
    """It finds nothing."""
    catalog.run_checks(duckdb.connect(), {"a": "-- a: never.\nselect 1 where false"})


def test_a_broken_law_speaks_its_own_words_and_shows_the_first_row():
    """What must hold, and one place where it does not."""
    law = "-- no_x: there is no x.\n--\n-- Why so.\nselect unnest(['é', 'b']) as name, 2 as weight order by weight"

    with pytest.raises(FailedCheck, match="sql/checks/") as error:
        catalog.run_checks(duckdb.connect(), {"fine": "select 1 where false", "no_x": law})

    assert str(error.value) == ("the data break a law of sql/checks/: no_x: there is no x. Found: name 'é', weight 2.")


def test_rows_are_counted_whatever_the_table_is_called():
    """A file of sql/ may have the name of one of SQL's own words."""
    con = duckdb.connect()
    con.execute('create table "order" as from range(3)')

    assert catalog.count_rows(con, "order") == 3
