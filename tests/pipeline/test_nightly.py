"""A night: what is new is taken in, what cannot be read costs the others nothing, all that went wrong is told."""

import shutil
from types import SimpleNamespace

import pytest

from makemore.errors import TrainingFailed
from makemore.home import Home
from makemore.maintenance import retention
from makemore.options import IngestOptions, TrainOptions
from makemore.pipeline import ingest as intake
from makemore.pipeline import publish
from makemore.pipeline.build import build_relations
from makemore.pipeline.inbox import ingest_lists
from makemore.pipeline.nightly import Night, Plan, night
from makemore.versions import store
from makemore.versions.version import Version

QUICK = TrainOptions(models=("bigram",), samples=10)


@pytest.fixture
def inbox(tmp_path):
    """A folder with a list of three names."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "names.txt").write_text("emma\nolivia\nava\n")
    return folder


def steps(**others):
    """The steps as a night without Prefect takes them."""

    def make_version(home, build, train):
        build_relations(home, build)
        return publish.make_version(home, train)

    plain = {
        "ingest": intake.ingest,
        "make_version": make_version,
        "prune": retention.prune,
        "show_lists": lambda outcomes: None,
        "show_version": lambda version: None,
    }
    return SimpleNamespace(**plain | others)


def run(tmp_path, *lists, keep=30, train=QUICK, **others):
    (tmp_path / "home").mkdir(exist_ok=True)
    return night(tmp_path / "home", Plan(list(map(str, lists)), train=train, keep=keep), steps(**others))


def test_a_second_night_with_nothing_new_makes_nothing(inbox, tmp_path):
    """The first one makes a version; the second one tells of nothing."""
    first = run(tmp_path, inbox)
    second = run(tmp_path, inbox)

    assert first.version.exists()
    assert first.problems == ()
    assert second == Night(None)


def test_what_is_new_in_the_inbox_makes_a_version(inbox, tmp_path):
    """A file more, and a file with other bytes."""
    first = run(tmp_path, inbox)
    (inbox / "more.txt").write_text("mia\n")
    second = run(tmp_path, inbox)

    sources = Version(second.version).sources
    assert second.version != first.version
    assert [source["names"] for source in sources] == [3, 1]


def test_lists_that_cannot_be_read_are_told_and_cost_the_others_nothing(inbox, tmp_path):
    """One that is empty, one that is not there; the night is done, and both are problems of it."""
    (inbox / "empty.txt").write_text("")

    done = run(tmp_path, inbox, tmp_path / "gone.txt")

    assert done.version.exists()
    assert done.problems == (
        f"{inbox / 'empty.txt'} has no valid name: it is empty",
        f"{tmp_path / 'gone.txt'} does not exist.",
    )


def test_a_list_that_was_never_read_fails_a_home_without_any(tmp_path):
    """There is nothing that a version could be made of."""
    with pytest.raises(ValueError, match=r"gone\.txt does not exist\."):
        run(tmp_path, tmp_path / "gone.txt")


def test_an_empty_inbox_is_a_night_with_nothing_new(inbox, tmp_path):
    """Lists stay in the home when their files are gone; a folder without one is no problem."""
    run(tmp_path, inbox)
    (inbox / "names.txt").unlink()

    assert run(tmp_path, inbox, f"{inbox}/*.csv") == Night(None)


def test_a_list_that_is_held_back_is_told_once(inbox, tmp_path):
    """In the night that it came; the next one has nothing to do, and nothing to tell."""
    run(tmp_path, inbox)
    (inbox / "greek.txt").write_text("αννα\nελένη\nσοφία\n")

    first, second = run(tmp_path, inbox), run(tmp_path, inbox)

    [problem] = first.problems
    assert problem.startswith(f"{inbox / 'greek.txt'} is quarantined: it brings Greek")
    assert problem.endswith(f"hint: makemore release {inbox / 'greek.txt'} --home HOME")
    assert first.version is None
    assert second == Night(None)


def test_a_list_named_twice_is_taken_in_once(inbox, tmp_path):
    """By its folder and by its path."""
    (tmp_path / "home").mkdir()
    outcomes = list(ingest_lists(tmp_path / "home", [str(inbox), str(inbox / "names.txt")], IngestOptions()))

    assert [(outcome.uri, outcome.status) for outcome in outcomes] == [(str(inbox / "names.txt"), "ingested")]


def test_an_error_that_nobody_foresaw_is_told_by_its_kind(inbox, tmp_path):
    """And the other lists are taken in."""

    def ingest(home, uri, options):
        if uri.endswith("broken.txt"):
            raise RuntimeError("out of luck")
        return intake.ingest(home, uri, options)

    (inbox / "broken.txt").write_text("mia\n")
    done = run(tmp_path, inbox, ingest=ingest)

    assert done.version.exists()
    assert done.problems == (f"{inbox / 'broken.txt'}: RuntimeError: out of luck",)


def test_a_version_that_does_not_serve_is_told_with_the_reasons(inbox, tmp_path, published):
    """It is published, and the champion serves on."""
    home = shutil.copytree(published, tmp_path / "home")
    champion = store.find_version(Home(home)).name
    done = run(tmp_path, inbox)

    [problem] = done.problems
    assert problem.startswith(f"{done.version.name} does not serve: nll is ")
    assert problem.endswith(f". {champion} does.")


def test_models_that_fail_are_told_and_a_version_without_any_fails(inbox, tmp_path, monkeypatch):
    """With one model left the night is done; with none it failed."""

    def failing(*_, **__):
        raise ValueError("bigram_net: the loss is nan.")

    monkeypatch.setattr("makemore.training.train.descend", failing)
    both = TrainOptions(models=("bigram", "bigram_net"), samples=10)
    done = run(tmp_path, inbox, train=both)

    assert done.version.exists()
    assert "complete but for the models that failed. bigram_net: the loss is nan." in done.problems[0]
    with pytest.raises(TrainingFailed, match="no model was made"):
        run(tmp_path, inbox, train=TrainOptions(models=("bigram_net",), samples=10))


def test_old_versions_go_every_night(inbox, tmp_path):
    """In one with nothing new too: the last may have been killed before they went. If they cannot, that is told."""
    asked = []

    def prune(home, keep):
        asked.append(keep)
        raise OSError(30, "Read-only file system")

    done = run(tmp_path, inbox, keep=7, prune=prune)
    idle = run(tmp_path, inbox, keep=8, prune=prune)

    assert asked == [7, 8]
    assert idle.version is None
    told = "what is old or left over could not be deleted: [Errno 30] Read-only file system"
    assert done.problems == idle.problems == (told,)


def test_old_versions_go_though_the_night_fails(inbox, tmp_path):
    """Maybe it failed for want of room."""
    asked = []

    def failing(*_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        run(tmp_path, inbox, make_version=failing, prune=lambda home, keep: asked.append(keep))
    assert asked == [30]


def test_what_a_killed_night_left_goes_though_nothing_is_new(inbox, tmp_path):
    """It had published its version, and was killed while it wrote the registry."""
    run(tmp_path, inbox)
    left = tmp_path / "home" / ".registry.json.7-7.partial"
    left.write_text("{")

    assert run(tmp_path, inbox) == Night(None)
    assert not left.exists()


def test_none_to_keep_is_refused_before_anything_is_done():
    """Not after a night of training."""
    with pytest.raises(ValueError, match="--keep 0: use 1 or more"):
        Plan(["a.txt"], keep=0)
