"""A version is due only if it would differ from the newest version, or if that one is damaged."""

import json
import shutil

import pytest

from makemore.database import connect
from makemore.errors import NotFound
from makemore.home import Home
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest
from makemore.pipeline.due import record_newest, why_due
from makemore.versions import registry, store
from makemore.versions.version import Version
from tests.conftest import ENGLISH


@pytest.fixture
def home(published, tmp_path):
    """Home whose newest version is up to date."""
    return shutil.copytree(published, tmp_path / "home")


def why(home, build=BuildOptions(), train=TrainOptions()):
    return why_due(home, build, train)


def newest(home):
    return Home(home).versions / store.version_names(Home(home))[-1]


def rewrite_manifest(home, **fields):
    """Change the newest version's manifest and remove its checksum."""
    path = newest(home) / "manifest.json"
    manifest = json.loads(path.read_text()) | fields
    del manifest["sha256"]
    path.chmod(0o644)
    path.write_text(json.dumps(manifest))


def test_equal_lists_and_options_make_no_version_due(home):
    """Ingesting the same list again changes nothing."""
    ingest.ingest(home, str(ENGLISH), ReadOptions())

    assert why(home) is None


def test_a_copy_of_a_list_makes_no_version_due(home, tmp_path):
    """The same bytes at another URI have no names of their own."""
    copied = shutil.copy(ENGLISH, tmp_path / "copy.txt")
    assert not ingest.ingest(home, str(copied), ReadOptions()).changed

    assert why(home) is None


def test_a_new_list_is_named(home, tmp_path):
    """The reason names the URI."""
    (tmp_path / "new.txt").write_text("emmeline\n")
    ingest.ingest(home, str(tmp_path / "new.txt"), ReadOptions())

    assert why(home) == f"lists are new or changed: {tmp_path / 'new.txt'}"


def test_changed_options_are_named_with_both_values(home):
    """This holds for options of the relations and of the models."""
    reason = why(home, BuildOptions(holdout=5), TrainOptions(samples=7))

    assert reason == "options changed: holdout 10 -> 5; options changed: samples 10000 -> 7"


def test_changed_libraries_and_code_make_a_version_due(home):
    """They can change the bytes of a version."""
    made_from = Version(newest(home)).made_from
    libraries, commit = made_from["libraries"], made_from["git_commit"] or "none"
    rewrite_manifest(home, made_from=made_from | {"libraries": libraries | {"torch": "1.0"}, "git_commit": "0a30b555"})

    assert why(home) == (
        f"libraries changed: torch 1.0 -> {libraries['torch']}; "
        f"the code changed: 0a30b555 -> {commit[:12] + commit[40:]}"
    )


def test_a_failed_model_makes_a_version_due(home):
    """The next run trains it again."""
    rewrite_manifest(home, failed={"gru": "no memory."})

    assert why(home) == f"gru failed in {newest(home).name}"


def test_a_damaged_version_makes_a_version_due(home):
    """A damaged manifest counts, and a file of another size."""
    (newest(home) / "counts.parquet").unlink()
    assert why(home) == f"{newest(home).name} is damaged: counts.parquet is missing or has another size"

    (newest(home) / "manifest.json").chmod(0o644)
    (newest(home) / "manifest.json").write_text("{")
    assert "is damaged" in why(home)


def test_a_home_without_a_version_has_one_due(tmp_path):
    """A home without a list gets a hint."""
    with pytest.raises(NotFound, match=r"has no list\. hint: run `makemore ingest"):
        why(tmp_path)
    (tmp_path / "names.txt").write_text("emma\n")
    ingest.ingest(tmp_path, str(tmp_path / "names.txt"), ReadOptions())

    assert why(tmp_path) == "no version exists"


def test_the_decision_of_a_killed_run_is_recorded(home):
    """Otherwise no later run would decide on the version."""
    (home / registry.REGISTRY).unlink()
    assert why(home) == f"{newest(home).name} has no decision"

    record_newest(home)

    assert registry.read(Home(home)).champion.version == newest(home).name
    assert why(home) is None


def test_lists_are_compared_by_all_their_fields(home):
    """Rejects, options and scripts of a list count, not only its URI."""
    with connect(Home(home).db) as con:
        con.execute("update contents set rejects = rejects + 1")

    assert why(home) == f"lists are new or changed: {ENGLISH}"
