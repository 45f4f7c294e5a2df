"""What is forgotten leaves the database, its counts and its file, does not come back, and marks versions."""

import shutil

import pytest

from makemore.database import connect, query
from makemore.home import Home, locked_home
from makemore.maintenance import forgetting
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline import ingest as intake
from makemore.pipeline import publish
from makemore.pipeline.build import build_relations
from makemore.versions import registry, store

BIGRAM = TrainOptions(("bigram",), samples=50)


def write(path, names):
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two lists, the second with Zebedee, and a version of each step. Not for tests that write."""
    home = tmp_path_factory.mktemp("made") / "home"
    home.mkdir()
    (home.parent / "lists").mkdir()
    with locked_home(home, "the test"):
        ingest(home, "a.txt", [f"{a}{b}{c}" for a in "ABC" for b in "aei" for c in ("nna", "lla", "rik", "sto")])
        run(home)
        ingest(home, "b.txt", ["Zebedee", "ZEBEDEE", "Wilhelmina", "Ava"])
        run(home)
    return home


@pytest.fixture
def home(made, tmp_path):
    """The same home, to write to; its lists have the addresses that they had."""
    (tmp_path / "lists").symlink_to(made.parent / "lists")
    return shutil.copytree(made, tmp_path / "home")


def ingest(home, name, names):
    return intake.ingest(home, write((home.parent / "lists").resolve() / name, names), IngestOptions())


def run(home):
    build_relations(home, BuildOptions(holdout=0))
    return publish.make_version(home, BIGRAM)


def counted(home):
    with connect(home / "makemore.duckdb") as con:
        names = [name for (name,) in con.execute("select name from split_names order by name").fetchall()]
        grams = con.execute("select count(*) from ngram_counts where context = 'eb'").fetchall()[0][0]
        return names, grams


def test_a_name_is_gone_from_counts_database_and_file(home):
    """In capitals or not; the lines are rejects now, without their text; counts are those without it."""
    gone = forgetting.forget_name(home, "zebedee")

    names, grams = counted(home)
    assert (gone.lines, [uri.rsplit("/", 1)[1] for uri in gone.lists]) == (2, ["b.txt"])
    assert {"Zebedee", "ZEBEDEE", "Wilhelmina"} & set(names) == {"Wilhelmina"}
    assert grams == 0
    data = (home / "makemore.duckdb").read_bytes()
    assert [name in data for name in (b"Zebedee", b"ZEBEDEE", b"Wilhelmina")] == [False, False, True]
    with connect(home / "makemore.duckdb") as con:
        assert con.execute("select row, raw, reason from rejects order by row").fetchall() == [
            (1, "", "is to be forgotten"),
            (2, "", "is to be forgotten"),
        ]
        assert con.execute("select names, rejects from sources where ends_with(uri, 'b.txt')").fetchall() == [(2, 2)]


def test_a_name_marks_the_versions_that_had_it_and_does_not_come_back(home):
    """The first version never had it. A new list with it gives its other names alone."""
    first, second = store.version_names(Home(home))

    gone = forgetting.forget_name(home, "Zebedee")

    assert gone.versions == (second,)
    assert list(registry.read(Home(home)).forgotten) == [second]
    assert "ebedee" not in (home / "registry.json").read_text()
    assert ingest(home, "c.txt", ["zebedee", "Noah", "Emma"]).names == 2
    third = run(home)
    assert query(third / "stats.duckdb", "select count(*) as n from names where name ilike 'zebedee'")["n"][0] == 0
    assert registry.read(Home(home)).champion.version == third.name
    told = query(third / "stats.duckdb", "select distinct version from version_sources where forgotten is not null")
    assert told["version"].to_list() == [second]
    assert first not in told["version"]


def test_a_list_is_gone_and_its_bytes_and_address_do_not_come_back(home, tmp_path):
    """Wherever they lie; `release` lets them in again."""
    second = store.version_names(Home(home))[1]

    gone = forgetting.forget_source(home, "b.txt")

    assert (gone.lines, gone.versions) == (4, (second,))
    assert "Wilhelmina" not in counted(home)[0]
    assert b"Wilhelmina" not in (home / "makemore.duckdb").read_bytes()
    assert "was to be forgotten on " in ingest(home, "b.txt", ["Quite", "Other"]).held
    assert "was to be forgotten on " in ingest(home, "copy.txt", ["Zebedee", "ZEBEDEE", "Wilhelmina", "Ava"]).held
    assert intake.release(home, "b.txt").names == 2


def test_the_last_list_can_be_forgotten(home):
    """Nothing is counted then, and another list starts anew."""
    forgetting.forget_source(home, "a.txt")
    forgetting.forget_source(home, "b.txt")

    with connect(home / "makemore.duckdb") as con:
        assert con.execute("select count(*) from entries").fetchall() == [(0,)]
    assert ingest(home, "c.txt", ["Emma"]).names == 1
    run(home)


def test_a_list_that_is_held_back_can_be_forgotten(home):
    """It was never taken in, and never will be."""
    ingest(home, "greek.txt", ["Αγάπη"])

    assert forgetting.forget_source(home, "greek.txt").lines == 0
    assert intake.held(home) == []
    assert "was to be forgotten" in ingest(home, "greek.txt", ["Αγάπη"]).held


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere.txt"], "no single list 'nowhere.txt' was taken in or is held back: these are: "),
        ([], "forget takes either a list or --name"),
        (["b.txt", "--name", "Ava"], "forget takes either a list or --name"),
        (["--name", " "], "--name is empty"),
    ],
)
def test_what_cannot_be_forgotten_is_told(home, makemore, words, told):
    """One line, and nothing changed."""
    before = counted(home)

    done = makemore("forget", *words, "--home", home)

    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert counted(home) == before


def test_the_command_says_what_is_gone_and_which_versions_had_it(home, ok):
    """A line for each version."""
    second = store.version_names(Home(home))[1]

    told = ok("forget", "--name", "ZEBEDEE", "--home", home)

    assert "forgot 2 lines of 1 list" in told
    assert f"{second}: marked as forgotten" in told
    assert "forgotten" in ok("versions", "--home", home)


def test_what_was_forgotten_by_half_is_forgotten_to_the_end(home, monkeypatch):
    """Stopped once the lines are gone: the versions are marked already, and a second call does the rest."""
    second = store.version_names(Home(home))[1]

    def stop(con):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "keep_up", stop)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget_source(home, "b.txt")
    assert list(registry.read(Home(home)).forgotten) == [second]
    assert "Wilhelmina" in counted(home)[0]

    assert forgetting.forget_source(home, "b.txt").versions == (second,)

    assert "Wilhelmina" not in counted(home)[0]
    assert b"Wilhelmina" not in (home / "makemore.duckdb").read_bytes()


def test_versions_of_what_an_address_gave_before_are_marked_too(home):
    """The list was corrected since: what it was is to be forgotten as well."""
    second = store.version_names(Home(home))[1]
    ingest(home, "b.txt", ["Zebedee", "Wilhelmina", "Ava", "Bea"])

    assert forgetting.forget_source(home, "b.txt").versions == (second,)


def test_a_list_that_was_never_counted_leaves_no_bytes_either(tmp_path):
    """Its rows lie among others, and no block of the file is free."""
    for folder in ("home", "lists"):
        (tmp_path / folder).mkdir()
    ingest(tmp_path / "home", "a.txt", ["Emma", "Zebedeequx", "Ava"])

    forgetting.forget_name(tmp_path / "home", "zebedeequx")

    assert b"Zebedeequx" not in (tmp_path / "home" / "makemore.duckdb").read_bytes()
