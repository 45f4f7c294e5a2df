"""Forgotten lists and names are removed from the database, its counts and its file, and their versions are marked."""

import shutil

import pytest

from makemore.database import connect, query
from makemore.home import Home, locked_home
from makemore.maintenance import forgetting
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline import publish
from makemore.pipeline.build import build_relations
from makemore.pipeline.ingest import ingest, quarantined_lists, release
from makemore.versions import registry, store

BIGRAM = TrainOptions(("bigram",), samples=50)


def write(path, names):
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Home with two lists, the second with Zebedee, and a version after each. Not for tests that write."""
    home = tmp_path_factory.mktemp("made") / "home"
    home.mkdir()
    (home.parent / "lists").mkdir()
    with locked_home(home, "the test"):
        ingest_names(home, "a.txt", [f"{a}{b}{c}" for a in "ABC" for b in "aei" for c in ("nna", "lla", "rik", "sto")])
        run(home)
        ingest_names(home, "b.txt", ["Zebedee", "ZEBEDEE", "Wilhelmina", "Ava"])
        run(home)
    return home


@pytest.fixture
def home(made, tmp_path):
    """A copy of the home, for tests that write to it; the URIs of its lists stay the same."""
    (tmp_path / "lists").symlink_to(made.parent / "lists")
    return shutil.copytree(made, tmp_path / "home")


def ingest_names(home, name, names):
    return ingest(home, write((home.parent / "lists").resolve() / name, names), IngestOptions())


def run(home):
    build_relations(home, BuildOptions(holdout=0))
    return publish.make_version(home, BIGRAM)


def counted(home):
    with connect(home / "makemore.duckdb") as con:
        names = [name for (name,) in con.execute("select name from split_names order by name").fetchall()]
        grams = con.execute("select count(*) from ngram_counts where context = 'eb'").fetchall()[0][0]
        return names, grams


def test_a_forgotten_name_is_removed_from_counts_database_and_file(home):
    """In any case; its lines become rejects without text."""
    result = forgetting.forget_name(home, "zebedee")

    names, grams = counted(home)
    assert (result.lines, [uri.rsplit("/", 1)[1] for uri in result.lists]) == (2, ["b.txt"])
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


def test_versions_with_a_forgotten_name_are_marked(home):
    """Other versions are not; a later list with the name is ingested without it."""
    _, second = store.version_names(Home(home))

    result = forgetting.forget_name(home, "Zebedee")

    assert result.versions == (second,)
    assert list(registry.read(Home(home)).forgotten) == [second]
    assert "ebedee" not in (home / "registry.json").read_text()
    assert ingest_names(home, "c.txt", ["zebedee", "Noah", "Emma"]).names == 2
    third = run(home)
    assert query(third / "stats.duckdb", "select count(*) as n from names where name ilike 'zebedee'")["n"][0] == 0
    assert registry.read(Home(home)).champion.version == third.name
    select = "select distinct version from version_sources where forgotten is not null"
    assert query(third / "stats.duckdb", select)["version"].to_list() == [second]


def test_a_forgotten_list_is_not_ingested_again(home, tmp_path):
    """Neither its URI nor its bytes at another URI, until it is released."""
    second = store.version_names(Home(home))[1]

    result = forgetting.forget_source(home, "b.txt")

    assert (result.lines, result.versions) == (4, (second,))
    assert "Wilhelmina" not in counted(home)[0]
    assert b"Wilhelmina" not in (home / "makemore.duckdb").read_bytes()
    assert "was forgotten on " in ingest_names(home, "b.txt", ["Quite", "Other"]).quarantine_reason
    assert (
        "was forgotten on "
        in ingest_names(home, "copy.txt", ["Zebedee", "ZEBEDEE", "Wilhelmina", "Ava"]).quarantine_reason
    )
    assert release(home, "b.txt").names == 2


def test_the_last_list_can_be_forgotten(home):
    """The home is empty then, and the next list starts over."""
    forgetting.forget_source(home, "a.txt")
    forgetting.forget_source(home, "b.txt")

    with connect(home / "makemore.duckdb") as con:
        assert con.execute("select count(*) from entries").fetchall() == [(0,)]
    assert ingest_names(home, "c.txt", ["Emma"]).names == 1
    run(home)


def test_a_quarantined_list_can_be_forgotten(home):
    """It was never ingested."""
    ingest_names(home, "greek.txt", ["Αγάπη"])

    assert forgetting.forget_source(home, "greek.txt").lines == 0
    assert quarantined_lists(home) == []
    assert "was forgotten" in ingest_names(home, "greek.txt", ["Αγάπη"]).quarantine_reason


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.txt"], "no list 'nowhere.txt'"),
        ([], "forget takes either a list or --name"),
        (["b.txt", "--name", "Ava"], "forget takes either a list or --name"),
        (["--name", " "], "--name is empty"),
    ],
)
def test_an_invalid_request_changes_nothing(home, makemore, words, message):
    """The error is one line."""
    before = counted(home)

    done = makemore("forget", *words, "--home", home)

    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert counted(home) == before


def test_the_command_prints_lines_and_marked_versions(home, ok):
    """One line for each version."""
    second = store.version_names(Home(home))[1]

    printed = ok("forget", "--name", "ZEBEDEE", "--home", home)

    assert "forgot 2 lines of 1 list" in printed
    assert f"{second}: marked as forgotten" in printed
    assert "forgotten" in ok("versions", "--home", home)


def test_an_interrupted_run_can_be_finished(home, monkeypatch):
    """The versions are marked first; a second call updates the counts and the file."""
    second = store.version_names(Home(home))[1]

    def stop(con):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "update_relations", stop)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget_source(home, "b.txt")
    assert list(registry.read(Home(home)).forgotten) == [second]
    assert "Wilhelmina" in counted(home)[0]

    assert forgetting.forget_source(home, "b.txt").versions == (second,)

    assert "Wilhelmina" not in counted(home)[0]
    assert b"Wilhelmina" not in (home / "makemore.duckdb").read_bytes()


def test_versions_of_an_earlier_content_of_the_uri_are_marked_too(home):
    """The list was corrected after the version was made."""
    second = store.version_names(Home(home))[1]
    ingest_names(home, "b.txt", ["Zebedee", "Wilhelmina", "Ava", "Bea"])

    assert forgetting.forget_source(home, "b.txt").versions == (second,)


def test_a_name_that_was_never_counted_leaves_no_bytes(tmp_path):
    """Its row is next to others, so that no block of the file is free."""
    for folder in ("home", "lists"):
        (tmp_path / folder).mkdir()
    ingest_names(tmp_path / "home", "a.txt", ["Emma", "Zebedeequx", "Ava"])

    forgetting.forget_name(tmp_path / "home", "zebedeequx")

    assert b"Zebedeequx" not in (tmp_path / "home" / "makemore.duckdb").read_bytes()
