"""A list that fails the checks of its home is quarantined with the reason until it is released."""

import pytest

from makemore.database import connect, query
from makemore.errors import NotFound
from makemore.home import locked_home
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline import publish
from makemore.pipeline.build import build_relations
from makemore.pipeline.ingest import ingest, quarantined_lists, release
from tests.conftest import ENGLISH

GREEK = ENGLISH.with_name("greek.txt")
NAMES = ENGLISH.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def home(tmp_path):
    """Home with a thousand English names."""
    write(tmp_path / "names.txt", NAMES[:1000])
    (tmp_path / "home").mkdir()
    assert ingest(tmp_path / "home", str(tmp_path / "names.txt"), IngestOptions()).quarantine_reason is None
    return tmp_path / "home"


def write(path, names):
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return str(path)


def ingest_names(home, name, names):
    return ingest(home, write(home.parent / name, names), IngestOptions())


def all_entries(home):
    with connect(home / "makemore.duckdb") as con:
        return con.execute("select content_id, row, name from entries order by all").fetchall()


def test_the_first_list_is_never_quarantined(tmp_path):
    """There is nothing to compare it with."""
    assert ingest(tmp_path, str(GREEK), IngestOptions()).quarantine_reason is None


@pytest.mark.parametrize(
    ("list_name", "names", "reason"),
    [
        ("names.txt", NAMES[:499], "would leave 499 of 1,000 names: it has 499, and had 1,000"),
        (
            "other.txt",
            [*NAMES[:90], *["a.b"] * 10],
            "has 10 rejected rows of 100, 10.0% where 1.0% is usual; "
            "the first is line 91, because it holds '.', which marks start and end",
        ),
        (
            "greek.txt",
            ["Ava", "Αγάπη", "Ёлка"],
            "contains names in Cyrillic ('Ёлка', line 3) and Greek ('Αγάπη', line 2), "
            "and the home has only names in Latin",
        ),
        (
            "phoenician.txt",
            ["Ava", "𐤀𐤁"],
            "contains names in another script ('Ava', line 1), and the home has only names in Latin",
        ),
    ],
)
def test_a_list_that_fails_a_check_is_quarantined(home, list_name, names, reason):
    """The earlier content of its URI stays; `changed` is false the second time."""
    before = all_entries(home)

    result = ingest_names(home, list_name, names)

    assert (result.quarantine_reason, result.changed) == (reason, True)
    assert all_entries(home) == before
    again = ingest_names(home, list_name, names)
    assert (again.quarantine_reason, again.changed) == (reason, False)
    assert [row["reason"] for row in quarantined_lists(home)] == [reason]


@pytest.mark.parametrize(
    ("list_name", "names"),
    [
        ("names.txt", NAMES[:500]),
        ("other.txt", [*NAMES[:97], *["a.b"] * 3]),
        ("other.txt", ["ava", "a.b", "b.a"]),
        ("other.txt", ["Zoë", "O'Neil", "ʻIolani", "Anne-Marie", "x 1"]),
    ],
)
def test_a_list_at_the_limit_is_ingested(home, list_name, names):
    """Half of the names stay, three times the usual rejects, two rejected lines, punctuation without a script."""
    assert ingest_names(home, list_name, names).quarantine_reason is None


def test_the_reject_rate_is_compared_with_that_of_the_same_uri(home):
    """A list that had many rejects before may have as many again."""
    invalid = [*NAMES[:80], *["a.b"] * 2]
    ingest_names(home, "invalid.txt", invalid)

    assert ingest_names(home, "invalid.txt", [*NAMES[:90], *["a.b"] * 6]).quarantine_reason is None
    assert "usual" in ingest_names(home, "invalid.txt", [*NAMES[:90], *["a.b"] * 30]).quarantine_reason


def test_a_released_list_is_ingested(home):
    """The end of its URI identifies it."""
    ingest_names(home, "greek.txt", ["Αγάπη", "Μαρία"])

    result = release(home, "greek.txt")

    assert (result.names, result.quarantine_reason) == (2, None)
    assert quarantined_lists(home) == []
    assert ingest_names(home, "greek.txt", ["Αγάπη", "Μαρία", "Ζωή"]).quarantine_reason is None
    with pytest.raises(NotFound, match=r"greek\.txt"):
        release(home, "greek.txt")


def test_other_bytes_than_the_released_ones_are_screened_again(home):
    """The list changed between quarantine and release."""
    ingest_names(home, "list.txt", ["Αγάπη"])
    write(home.parent / "list.txt", ["Ёлка"])

    reason = release(home, "list.txt").quarantine_reason
    assert reason == "contains names in Cyrillic ('Ёлка', line 1), and the home has only names in Latin"


def test_a_corrected_list_is_ingested_without_a_release(home):
    """Its new bytes pass the checks, so the quarantine ends."""
    ingest_names(home, "list.txt", ["Αγάπη"])

    assert ingest_names(home, "list.txt", ["Agapi"]).quarantine_reason is None
    assert quarantined_lists(home) == []


def test_the_commands_show_and_release_quarantined_lists(home, makemore, ok):
    """Exit code 4, with the release command; the other lists of the same command are ingested."""
    greek = write(home.parent / "greek.txt", ["Αγάπη"])
    other = write(home.parent / "other.txt", ["Zoe"])

    done = makemore("ingest", greek, other, "--home", home)

    assert done.returncode == 4
    assert f"{greek} is quarantined: it contains names in Greek ('Αγάπη', line 1)" in done.stderr
    assert f"makemore release {greek}" in done.stderr
    assert "other.txt: 1 names" in done.stdout
    assert "greek.txt: it contains names in Greek" in ok("release", "--home", home)
    assert "greek.txt: 1 names, 0 rejected" in ok("release", greek, "--home", home)
    assert "no quarantined lists" in ok("release", "--home", home)


def test_a_list_that_changes_to_known_bytes_is_screened_too(home):
    """The new content is in the database already, but the names of the old content would be removed."""
    ingest_names(home, "other.txt", NAMES[1000:1100])
    before = all_entries(home)

    result = ingest_names(home, "names.txt", NAMES[1000:1100])

    assert result.quarantine_reason.startswith("would leave 100 of 1,100 names: its bytes are those of ")
    assert all_entries(home) == before
    assert not ingest_names(home, "names.txt", NAMES[1000:1100]).changed
    assert release(home, "names.txt").quarantine_reason is None
    assert len(all_entries(home)) == 100


def test_names_that_another_uri_also_has_are_not_lost(home):
    """A list may shrink if another URI keeps the same content."""
    ingest_names(home, "copy.txt", NAMES[:1000])

    result = ingest_names(home, "names.txt", NAMES[1000:1100])

    assert (result.quarantine_reason, result.names) == (None, 100)
    assert len(all_entries(home)) == 1100


def test_drift_shows_the_bigrams_that_changed_most(home):
    """Many new names contain 'zx': that pair comes first, with examples of the new names."""
    options = TrainOptions(("bigram",), samples=50)
    with locked_home(home, "the test"):
        build_relations(home, BuildOptions())
        first = publish.make_version(home, options)
        ingest_names(home, "new.txt", [f"zx{name.lower()}" for name in NAMES[1000:1300]])
        build_relations(home, BuildOptions())
        second = publish.make_version(home, options)

    assert query(first / "stats.duckdb", "from bigram_drift").is_empty()
    drift = query(second / "stats.duckdb", "from bigram_drift").to_dicts()
    top = {(row["ch1"], row["ch2"]): row for row in drift[:3]}
    zx = top["z", "x"]
    assert zx["count"] == zx["count_before"] + 300
    assert 0 < zx["change"] == pytest.approx(zx["share"] - zx["share_before"])
    assert [name[:2] for name in zx["examples"]] == ["zx"] * 3
    assert [abs(row["change"]) for row in drift] == sorted((abs(row["change"]) for row in drift), reverse=True)
