"""Lists that are not what a home expects are held back, with the reason, until somebody lets them in."""

import pytest

from makemore.database import connect, query
from makemore.home import locked_home
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline import ingest as intake
from makemore.pipeline import publish
from makemore.pipeline.build import build_relations
from tests.conftest import ENGLISH

GREEK = ENGLISH.with_name("greek.txt")
NAMES = ENGLISH.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def home(tmp_path):
    """A home with a thousand English names."""
    write(tmp_path / "names.txt", NAMES[:1000])
    (tmp_path / "home").mkdir()
    assert intake.ingest(tmp_path / "home", str(tmp_path / "names.txt"), IngestOptions()).held is None
    return tmp_path / "home"


def write(path, names):
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return str(path)


def ingest(home, name, names):
    return intake.ingest(home, write(home.parent / name, names), IngestOptions())


def lines(home):
    with connect(home / "makemore.duckdb") as con:
        return con.execute("select source_id, row, name from entries order by all").fetchall()


def test_the_first_list_is_never_held(tmp_path):
    """There is nothing to compare it with: what is usual is not known yet."""
    assert intake.ingest(tmp_path, str(GREEK), IngestOptions()).held is None


@pytest.mark.parametrize(
    ("list_name", "names", "reason"),
    [
        ("names.txt", NAMES[:499], "would leave 499 of 1,000 names: it has 499, and had 1,000"),
        (
            "other.txt",
            [*NAMES[:90], *["a.b"] * 10],
            "has 10 rejected lines of 100, 10.0% where 1.0% are usual; "
            "the first is line 91, because it holds '.', which marks start and end",
        ),
        (
            "greek.txt",
            ["Ava", "Αγάπη", "Ёлка"],
            "brings Cyrillic ('Ёлка', line 3) and Greek ('Αγάπη', line 2) to names in Latin",
        ),
        ("phoenician.txt", ["Ava", "𐤀𐤁"], "brings another script ('Ava', line 1) to names in Latin"),
    ],
)
def test_a_list_that_is_not_as_expected_is_held_with_the_reason(home, list_name, names, reason):
    """Nothing of it is taken in, and what its address gave before stays; the second time nobody is told anew."""
    before = lines(home)

    result = ingest(home, list_name, names)

    assert (result.held, result.changed) == (reason, True)
    assert lines(home) == before
    again = ingest(home, list_name, names)
    assert (again.held, again.changed) == (reason, False)
    assert [row["reason"] for row in intake.held(home)] == [reason]


@pytest.mark.parametrize(
    ("list_name", "names"),
    [
        ("names.txt", NAMES[:500]),
        ("other.txt", [*NAMES[:97], *["a.b"] * 3]),
        ("other.txt", ["ava", "a.b", "b.a"]),
        ("other.txt", ["Zoë", "O'Neil", "ʻIolani", "Anne-Marie", "x 1"]),
    ],
)
def test_a_list_at_the_limit_comes_in(home, list_name, names):
    """Half of the corpus is left, three times the usual rejects, two bad lines, signs that are of no script."""
    assert ingest(home, list_name, names).held is None


def test_rejects_are_compared_with_those_of_the_same_address(home):
    """A list that always had many may have as many again."""
    spoiled = [*NAMES[:80], *["a.b"] * 2]
    ingest(home, "spoiled.txt", spoiled)

    assert ingest(home, "spoiled.txt", [*NAMES[:90], *["a.b"] * 6]).held is None
    assert "usual" in ingest(home, "spoiled.txt", [*NAMES[:90], *["a.b"] * 30]).held


def test_a_list_that_is_released_comes_in(home):
    """By the end of its address; the bytes that were held come in, and no others."""
    ingest(home, "greek.txt", ["Αγάπη", "Μαρία"])

    result = intake.release(home, "greek.txt")

    assert (result.names, result.held) == (2, None)
    assert intake.held(home) == []
    assert ingest(home, "greek.txt", ["Αγάπη", "Μαρία", "Ζωή"]).held is None
    with pytest.raises(FileNotFoundError, match=r"no single list 'greek.txt' is held back or forgotten: none is\."):
        intake.release(home, "greek.txt")


def test_other_bytes_than_those_that_were_released_are_looked_at_again(home):
    """Between the look and the release the list became another one."""
    ingest(home, "list.txt", ["Αγάπη"])
    write(home.parent / "list.txt", ["Ёлка"])

    assert intake.release(home, "list.txt").held == "brings Cyrillic ('Ёлка', line 1) to names in Latin"


def test_a_list_that_is_mended_comes_in_by_itself(home):
    """Its new bytes are as expected: nothing is held any more."""
    ingest(home, "list.txt", ["Αγάπη"])

    assert ingest(home, "list.txt", ["Agapi"]).held is None
    assert intake.held(home) == []


def test_the_command_says_what_is_held_and_lets_it_in(home, makemore, ok):
    """Exit code 4, with the command that lets it in; the other lists of the same command come in."""
    greek = write(home.parent / "greek.txt", ["Αγάπη"])
    other = write(home.parent / "other.txt", ["Zoe"])

    done = makemore("ingest", greek, other, "--home", home)

    assert done.returncode == 4
    assert f"{greek} is held back: it brings Greek ('Αγάπη', line 1)" in done.stderr
    assert f"makemore release {greek}" in done.stderr
    assert "other.txt: 1 names" in done.stdout
    assert "greek.txt: it brings Greek" in ok("release", "--home", home)
    assert "greek.txt: 1 names, 0 rejected" in ok("release", greek, "--home", home)
    assert "no quarantined lists" in ok("release", "--home", home)


def test_a_list_that_becomes_another_that_is_known_is_looked_at_too(home):
    """Its names would be gone all the same: a thousand for a hundred."""
    ingest(home, "other.txt", NAMES[1000:1100])
    before = lines(home)

    held = ingest(home, "names.txt", NAMES[1000:1100])

    assert held.held.startswith("would leave 100 of 1,100 names: its bytes are those of ")
    assert lines(home) == before
    assert not ingest(home, "names.txt", NAMES[1000:1100]).changed
    assert intake.release(home, "names.txt").held is None
    assert len(lines(home)) == 100


def test_names_that_another_address_has_too_are_not_gone(home):
    """A list that shrinks costs nothing where another address gave the same bytes, and keeps them."""
    ingest(home, "copy.txt", NAMES[:1000])

    taken = ingest(home, "names.txt", NAMES[1000:1100])

    assert (taken.held, taken.names) == (None, 100)
    assert len(lines(home)) == 1100


def test_drift_shows_what_moved_and_in_which_names(home):
    """Many names with 'zx' come in: that pair moved, and the new names that have it are shown."""
    options = TrainOptions(("bigram",), samples=50)
    with locked_home(home, "the test"):
        build_relations(home, BuildOptions())
        first = publish.make_version(home, options)
        ingest(home, "new.txt", [f"zx{name.lower()}" for name in NAMES[1000:1300]])
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
