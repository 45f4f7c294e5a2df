"""A nightly run ingests new lists, publishes a version if anything is new, and collects problems."""

import shutil
from dataclasses import replace

import pytest

from makemore.errors import Diverged, InvalidOption, NotFound, TrainingFailed
from makemore.home import Home
from makemore.maintenance import retention
from makemore.options import IngestOptions, TrainOptions
from makemore.pipeline import ingest as ingest_step
from makemore.pipeline import publish
from makemore.pipeline.build import build_relations
from makemore.pipeline.inbox import ingest_lists
from makemore.pipeline.ingest import quarantined_lists
from makemore.pipeline.nightly import Plan, RunResult, RunSteps, run_if_idle, run_nightly
from makemore.versions import run_record, store
from makemore.versions.version import Version

QUICK = TrainOptions(models=("bigram",), samples=10)


@pytest.fixture
def inbox(tmp_path):
    """Folder with a list of three names."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "names.txt").write_text("emma\nolivia\nava\n")
    return folder


def steps(**others):
    """The steps of a run without Prefect."""

    def make_version(home, build, train, clock):
        clock.timed("build", build_relations)(home, build)
        return publish.make_version(home, train, clock.timed_version(publish.VersionSteps()))

    return replace(RunSteps(ingest_step.ingest, make_version, retention.prune), **others)


def run(tmp_path, *lists, keep=30, train=QUICK, **others):
    (tmp_path / "home").mkdir(exist_ok=True)
    return run_nightly(tmp_path / "home", Plan(list(map(str, lists)), train=train, keep=keep), steps(**others))


def test_a_run_without_changes_makes_no_version(inbox, tmp_path):
    """The first run publishes a version; the second one has neither version nor problem."""
    first = run(tmp_path, inbox)
    second = run(tmp_path, inbox)

    assert first.version.exists()
    assert first.problems == ()
    assert second == RunResult(None)


def test_a_new_list_in_the_inbox_makes_a_version(inbox, tmp_path):
    """The version has the lists of the inbox."""
    first = run(tmp_path, inbox)
    (inbox / "more.txt").write_text("mia\n")
    second = run(tmp_path, inbox)

    sources = Version(second.version).sources
    assert second.version != first.version
    assert [source["names"] for source in sources] == [3, 1]


def test_an_unreadable_list_is_a_problem_and_the_others_are_ingested(inbox, tmp_path):
    """An empty list and a missing one do not stop the run."""
    (inbox / "empty.txt").write_text("")

    done = run(tmp_path, inbox, tmp_path / "gone.txt")

    assert done.version.exists()
    assert done.problems == (
        f"{inbox / 'empty.txt'} has no valid name: it is empty",
        f"{tmp_path / 'gone.txt'} does not exist",
    )


def test_a_home_without_lists_fails(tmp_path):
    """The error is the problem of the list that could not be read."""
    with pytest.raises(NotFound, match=r"gone\.txt does not exist"):
        run(tmp_path, tmp_path / "gone.txt")


def test_an_empty_inbox_is_not_a_problem(inbox, tmp_path):
    """Lists stay in the home when their files are deleted."""
    run(tmp_path, inbox)
    (inbox / "names.txt").unlink()

    assert run(tmp_path, inbox, f"{inbox}/*.csv") == RunResult(None)


def test_a_quarantined_list_is_reported_once(inbox, tmp_path):
    """The run that finds it reports it; the next run does not."""
    run(tmp_path, inbox)
    (inbox / "greek.txt").write_text("αννα\nελένη\nσοφία\n")

    first, second = run(tmp_path, inbox), run(tmp_path, inbox)

    [problem] = first.problems
    assert problem.startswith(f"{inbox / 'greek.txt'} is quarantined: it contains names in Greek")
    assert problem.endswith(f"hint: makemore release {inbox / 'greek.txt'} --home {tmp_path / 'home'}")
    assert first.version is None
    assert second == RunResult(None)


def test_a_list_given_twice_is_ingested_once(inbox, tmp_path):
    """Once by its folder and once by its path."""
    (tmp_path / "home").mkdir()
    outcomes = list(ingest_lists(tmp_path / "home", [str(inbox), str(inbox / "names.txt")], IngestOptions()))

    assert [(outcome.uri, outcome.status) for outcome in outcomes] == [(str(inbox / "names.txt"), "ingested")]


def test_an_unexpected_error_is_reported_with_its_type(inbox, tmp_path):
    """The other lists are ingested."""

    def ingest(home, uri, options):
        if uri.endswith("broken.txt"):
            raise RuntimeError("out of luck")
        return ingest_step.ingest(home, uri, options)

    (inbox / "broken.txt").write_text("mia\n")
    done = run(tmp_path, inbox, ingest=ingest)

    assert done.version.exists()
    assert done.problems == (f"{inbox / 'broken.txt'}: RuntimeError: out of luck",)


def test_a_refused_version_is_reported_with_the_reasons(inbox, tmp_path, published):
    """It is published, and the champion stays."""
    home = shutil.copytree(published, tmp_path / "home")
    champion = store.find_version(Home(home)).name
    done = run(tmp_path, inbox)

    [problem] = done.problems
    assert problem.startswith(f"{done.version.name} was refused: Δ nll ")
    assert problem.endswith(f". Champion: {champion}")


def test_failed_models_are_reported(inbox, tmp_path, monkeypatch):
    """With one model left the run completes; without any it fails."""

    def failing(*_, **__):
        raise Diverged("bigram_net: the loss is nan")

    monkeypatch.setattr("makemore.training.full_batch.descend", failing)
    both = TrainOptions(models=("bigram", "bigram_net"), samples=10)
    done = run(tmp_path, inbox, train=both)

    assert done.version.exists()
    assert "without the models that failed. bigram_net: the loss is nan" in done.problems[0]
    with pytest.raises(TrainingFailed, match="all models failed"):
        run(tmp_path, inbox, train=TrainOptions(models=("bigram_net",), samples=10))


def test_every_run_prunes(inbox, tmp_path):
    """A run without changes prunes too, since the last run may have been killed before. A failure is a problem."""
    kept = []

    def prune(home, keep):
        kept.append(keep)
        raise OSError(30, "Read-only file system")

    done = run(tmp_path, inbox, keep=7, prune=prune)
    idle = run(tmp_path, inbox, keep=8, prune=prune)

    assert kept == [7, 8]
    assert idle.version is None
    problem = "old versions or leftovers were not deleted: [Errno 30] Read-only file system"
    assert done.problems == idle.problems == (problem,)


def test_a_failed_run_prunes(inbox, tmp_path):
    """The disk may have been full."""
    kept = []

    def failing(*_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        run(tmp_path, inbox, make_version=failing, prune=lambda home, keep: kept.append(keep))
    assert kept == [30]


def test_leftovers_of_a_killed_run_are_deleted(inbox, tmp_path):
    """The run was killed while it wrote the registry."""
    run(tmp_path, inbox)
    leftover = tmp_path / "home" / ".registry.json.7-7.partial"
    leftover.write_text("{")

    assert run(tmp_path, inbox) == RunResult(None)
    assert not leftover.exists()


def test_keep_is_checked_before_the_run():
    """The error does not come after hours of training."""
    with pytest.raises(InvalidOption, match="--keep 0 is out of range"):
        Plan(["a.txt"], keep=0)


def idle(tmp_path, *lists, train=QUICK, prune=retention.prune):
    return run_if_idle(tmp_path / "home", Plan(list(map(str, lists)), train=train), prune)


def test_an_idle_run_ends_and_is_recorded(inbox, tmp_path):
    """It prunes. A list that is still quarantined is neither new nor a problem, nor is a second copy of a list."""
    run(tmp_path, inbox)
    (inbox / "greek.txt").write_text("αννα\nελένη\nσοφία\n")
    run(tmp_path, inbox)
    shutil.copy(inbox / "names.txt", inbox / "copy.txt")
    kept = []

    assert idle(tmp_path, inbox, prune=lambda home, keep: kept.append(keep)) == RunResult(None)
    assert kept == [30]
    assert run_record.read(Home(tmp_path / "home")).outcome == "nothing to do"


@pytest.mark.parametrize(
    "work", ["new", "changed", "quarantined", "unreadable", "missing", "option", "leftover", "prune"]
)
def test_an_idle_run_leaves_work_and_problems_to_a_whole_run(inbox, tmp_path, work, caplog):
    """It changes no list, and that run has the same result as without it: nothing is done or told twice."""
    run(tmp_path, inbox)
    home, others = tmp_path / "home", {}
    lists = [inbox, tmp_path / "gone.txt"] if work == "missing" else [inbox]
    if work == "option":
        others["train"] = TrainOptions(models=("bigram",), samples=11)
    if work == "leftover":
        (home / "staging" / "draft").mkdir(parents=True)
    if work == "prune":

        def prune(home, keep):
            raise OSError(30, "Read-only file system")

        others["prune"] = prune
    texts = {"new": "mia\n", "quarantined": "αννα\nελένη\nσοφία\n", "unreadable": ""}
    if work in texts:
        (inbox / "other.txt").write_text(texts[work])
    if work == "changed":
        (inbox / "names.txt").write_text("emma\nolivia\nmia\n")
    caplog.clear()

    assert idle(tmp_path, *lists, **others) is None
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []
    assert quarantined_lists(home) == []
    whole = run(tmp_path, *lists, **others)
    assert bool(whole.version) == (work in ("new", "changed", "option"))
    assert len(whole.problems) == (work in ("quarantined", "unreadable", "missing", "prune"))


def test_a_new_home_is_not_idle(tmp_path):
    """Its folder is not even created."""
    assert idle(tmp_path, tmp_path / "gone.txt") is None
    assert not (tmp_path / "home").exists()
