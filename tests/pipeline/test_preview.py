"""A preview agrees with the run that follows, and changes nothing."""

import json
from dataclasses import replace

import pytest

from makemore.home import Home
from makemore.maintenance import forgetting, retention
from makemore.pipeline import preview as previews
from makemore.pipeline.nightly import Plan, run_nightly
from makemore.versions import registry, store
from makemore.versions.version import Version
from tests.pipeline.small_home import NO_HOLDOUT
from tests.pipeline.test_nightly import QUICK, steps

GREEK = "αννα\nελένη\nσοφία\n"


@pytest.fixture
def inbox(tmp_path):
    """Folder with a list of three names."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "names.txt").write_text("emma\nolivia\nava\n")
    return folder


def files(home):
    """All files of a home with their bytes and times."""
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in home.rglob("*") if path.is_file()}


def newest(home):
    return Version(Home(home).versions / store.version_names(Home(home))[-1])


def add_failed_model(home):
    """Make the newest version one in which a model failed."""
    path = newest(home).path / "manifest.json"
    manifest = json.loads(path.read_text()) | {"failed": {"gru": "no memory."}}
    del manifest["sha256"]
    path.chmod(0o644)
    path.write_text(json.dumps(manifest))


CHANGES = {
    "new home": lambda home, folder: None,
    "nothing": lambda home, folder: None,
    "new list": lambda home, folder: (folder / "more.txt").write_text("mia\n"),
    "changed list": lambda home, folder: (folder / "names.txt").write_text("emma\nolivia\nmia\n"),
    "another known content": lambda home, folder: (folder / "copy.txt").write_text("emma\nolivia\nava\n"),
    "quarantined list": lambda home, folder: (folder / "greek.txt").write_text(GREEK),
    "unreadable list": lambda home, folder: (folder / "empty.txt").write_text(""),
    "changed option": lambda home, folder: None,
    "failed model": lambda home, folder: add_failed_model(home),
    "forgotten name": lambda home, folder: forgetting.forget_name(home, "ava"),
    "killed before the decision": lambda home, folder: (home / registry.REGISTRY).unlink(),
    "leftover": lambda home, folder: (home / ".registry.json.7-7.partial").write_text("{"),
}


@pytest.mark.parametrize("state", CHANGES)
def test_a_preview_agrees_with_the_run(state, inbox, tmp_path):
    """In lists, reason, problems and pruning; the home has the same bytes as before, or does not exist."""
    home = tmp_path / "home"
    plan = Plan([str(inbox)], build=NO_HOLDOUT, train=QUICK, keep=1)
    if state != "new home":
        home.mkdir()
        for text in ("emma\n", "emma\nolivia\nava\n"):
            # Two versions: the first one is the previous champion, and the run that replaces the second deletes it.
            (inbox / "names.txt").write_text(text)
            run_nightly(home, plan, steps())
        CHANGES[state](home, inbox)
    if state == "changed option":
        plan = replace(plan, train=replace(QUICK, samples=11))
    before = files(home)
    found = previews.preview(home, plan)
    pruned = retention.would_prune(home, 1, publishes=found.why is not None)

    assert files(home) == before
    assert home.exists() == (state != "new home")
    home.mkdir(exist_ok=True)
    versions, decided = set(store.version_names(Home(home))), []

    def show(outcomes, why):
        decided.append(([(each.uri, each.status) for each in outcomes], why))

    done = run_nightly(home, plan, steps(show_decision=show))
    assert decided == [([(each.uri, each.status) for each in found.outcomes], found.why)]
    assert bool(done.version) == (found.why is not None)
    assert len(done.problems) == found.problems
    left = set(store.version_names(Home(home)))
    assert {f"versions/{name}" for name in versions - left} == {each.path for each in pruned.versions}
    assert not any((home / each.path).exists() for each in pruned.leftovers)


def test_lists_are_described(inbox, tmp_path):
    """New, changed, unchanged, quarantined before and now, unreadable; a quarantined list is a problem once."""
    home, plan = tmp_path / "home", Plan([str(inbox)], build=NO_HOLDOUT, train=QUICK)
    home.mkdir()
    (inbox / "other.txt").write_text("mia\nmila\n")
    run_nightly(home, plan, steps())
    (inbox / "greek.txt").write_text(GREEK)
    run_nightly(home, plan, steps())
    (inbox / "other.txt").write_text("mia\nella\n\n")
    (inbox / "new.txt").write_text("anna\n")
    (inbox / "empty.txt").write_text("")
    (inbox / "greek2.txt").write_text("αννα\n")

    found = previews.preview(home, plan)

    lines = [line.removeprefix(f"{inbox}/").split(": it")[0] for line in found.lists()]
    assert lines == [
        f"empty.txt: unreadable: {inbox / 'empty.txt'} has no valid name",
        "greek.txt: quarantined",
        "greek2.txt: would be quarantined",
        "names.txt: unchanged",
        "new.txt: new: 1 names, 0 rejected",
        "other.txt: changed: 2 names, 1 rejected",
    ]
    assert found.problems == 2


def test_a_home_without_a_readable_list(tmp_path):
    """The run would fail."""
    (tmp_path / "empty.txt").write_text("")

    found = previews.preview(tmp_path / "home", Plan([str(tmp_path / "empty.txt")], train=QUICK))

    assert (found.why, found.is_empty, found.problems) == (None, True, 1)
