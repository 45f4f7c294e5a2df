"""The relations `names`, `name_counts` and `split_names`: splits by hash and declared splits."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.relations import catalog

SPLITS = "select name, split from names order by row"


def bucket(name):
    """Compute the bucket as documented in sql/names.sql."""
    return int(hashlib.md5(name.encode()).hexdigest()[:8], 16) % 100


def test_every_entry_is_a_row_in_order(built):
    """Repeated names are not deduplicated, and a length is in characters, not bytes."""
    con = built(["emma", "Żoë", "😀", "emma"], [1, 2, 3, 4])

    assert con.execute("select source_id, row, name, weight, length from names").fetchall() == [
        (1, 1, "emma", 1, 4),
        (1, 2, "Żoë", 2, 3),
        (1, 3, "😀", 3, 1),
        (1, 4, "emma", 4, 4),
    ]


@settings(max_examples=10)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="."), min_size=1), min_size=1)
)
def test_a_bucket_depends_on_the_name_alone(built, names):
    """Python's hashlib computes the same bucket."""
    con = built(names, relations=["content_names", "names"])

    assert con.execute("select name, bucket from names order by row").fetchall() == [
        (name, bucket(name)) for name in names
    ]


@pytest.mark.parametrize("holdout", [1, 10, 45])
def test_buckets_from_the_top_are_test_then_dev(built, holdout):
    """With holdout 10: 90 to 99 are test, 80 to 89 dev and 0 to 79 train."""
    names = [f"n{i}" for i in range(500)]

    splits = dict(built(names, holdout=holdout).execute(SPLITS).fetchall())

    assert {bucket(name) for name in names} == set(range(100))
    for name, split in splits.items():
        expected = "test" if bucket(name) >= 100 - holdout else "dev" if bucket(name) >= 100 - 2 * holdout else "train"
        assert split == expected


def test_with_holdout_0_all_names_are_in_train(built):
    """The lecture trains on all names."""
    con = built([f"n{i}" for i in range(500)], holdout=0)

    assert con.execute("select distinct split from names").fetchall() == [("train",)]


def test_a_name_never_changes_its_split(built):
    """New names, another order and repetitions do not move a test name to train."""
    names = [f"n{i}" for i in range(200)]
    today = dict(built(names, holdout=10).execute(SPLITS).fetchall())

    tomorrow = built([f"new{i}" for i in range(200)] + names[::-1] + names, holdout=10).execute(SPLITS).fetchall()

    assert {(name, split) for name, split in tomorrow if name in today} == set(today.items())


def test_a_larger_holdout_keeps_the_test_names(built):
    """The test names of a small holdout are a subset of those of a larger one."""
    names = [f"n{i}" for i in range(500)]
    small, large = (dict(built(names, holdout=holdout).execute(SPLITS).fetchall()) for holdout in (5, 10))

    assert {name for name in names if small[name] == "test"} < {name for name in names if large[name] == "test"}


def test_splits_of_the_lecture_list_have_the_expected_sizes(built, lecture_names):
    """80, 10 and 10 % of the distinct names, within four standard errors; each name is in one split."""
    con = built(lecture_names, holdout=10)

    shares = con.execute(
        "select split, count(distinct name) / 29494 from names group by split order by split"
    ).fetchall()

    assert [split for split, _ in shares] == ["dev", "test", "train"]
    assert [share for _, share in shares] == pytest.approx([0.1, 0.1, 0.8], abs=0.01)
    assert sum(share for _, share in shares) == pytest.approx(1)


def add_test_list(con):
    """Add a second list that was ingested with --split test."""
    con.execute("insert into lists values (2, 'second.txt', 2, null)")
    con.execute(
        "insert into contents select * replace (2 as content_id, 2 as source_id, ?::json as options) from contents",
        ['{"split": "test"}'],
    )


def declare(con, split):
    """Rebuild as if the list had been ingested with --split."""
    con.execute("update contents set options = ?::json", [json.dumps({"split": split})])
    list(catalog.build(con, catalog.selects()))


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_a_declared_split_replaces_the_hash(built, split):
    """It applies to every name of the list for any holdout."""
    con = built([f"n{i}" for i in range(200)], holdout=10)

    declare(con, split)

    assert con.execute("select distinct split from names").fetchall() == [(split,)]
    assert con.execute("select count(distinct bucket) > 50 from names").fetchall() == [(True,)]


def test_names_of_other_lists_keep_the_hash(built):
    """`--split` applies to its own list only, and the checks pass: a declared overlap is not a violation."""
    names = [f"n{i}" for i in range(200)]
    con = built(names, holdout=10)
    by_hash = dict(con.execute(SPLITS).fetchall())
    add_test_list(con)
    con.execute("insert into entries select 2, row, name, weight from entries where row <= 50")

    list(catalog.build(con, catalog.selects()))
    catalog.run_checks(con, catalog.checks())

    assert dict(con.execute("select name, split from names where source_id = 1").fetchall()) == by_hash
    assert con.execute("select distinct split from names where source_id = 2").fetchall() == [("test",)]


def test_a_name_in_two_splits_is_seen(built):
    """name_counts has one row without a split; split_names has a row per split, marked as seen in train."""
    con = built(["emma", "emma", "ava"], [1, 2, 4])
    add_test_list(con)
    con.execute("insert into entries values (2, 1, 'emma', 8), (2, 2, 'mia', 16)")

    list(catalog.build(con, catalog.selects()))

    assert con.execute("select name, split, count, lines from name_counts order by name").fetchall() == [
        ("ava", "train", 4, 1),
        ("emma", None, 11, 3),
        ("mia", "test", 16, 1),
    ]
    assert con.execute("from split_names order by all").fetchall() == [
        ("test", "emma", 4, 8, 1, 1, True),
        ("test", "mia", 3, 16, 1, 1, False),
        ("train", "ava", 3, 4, 1, 1, True),
        ("train", "emma", 4, 3, 2, 1, True),
    ]
    assert con.execute("select count(*), count(distinct name) from name_nll").fetchall() == [(3, 3)]
