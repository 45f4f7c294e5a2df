"""Whether a version is due: only when it would differ from the newest one, or that one is not whole."""

import json
import shutil

import pytest

from makemore.database import connect
from makemore.home import Home
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest
from makemore.pipeline.due import settle, why_due
from makemore.versions import registry, store
from makemore.versions.version import Version
from tests.conftest import ENGLISH


@pytest.fixture
def home(published, tmp_path):
    """A home whose newest version is made of all that there is."""
    return shutil.copytree(published, tmp_path / "home")


def why(home, build=BuildOptions(), train=TrainOptions()):
    return why_due(home, build, train)


def newest(home):
    return Home(home).versions / store.version_names(Home(home))[-1]


def rewrite_manifest(home, **fields):
    """Change the newest version's manifest, and take its seal off."""
    path = newest(home) / "manifest.json"
    manifest = json.loads(path.read_text()) | fields
    del manifest["sha256"]
    path.chmod(0o644)
    path.write_text(json.dumps(manifest))


def test_nothing_is_due_when_all_is_as_it_was(home):
    """The same lists under the same options make no version."""
    ingest.ingest(home, str(ENGLISH), ReadOptions())

    assert why(home) is None


def test_the_same_bytes_under_another_address_make_no_version(home, tmp_path):
    """A copy in the inbox has no names of its own."""
    copied = shutil.copy(ENGLISH, tmp_path / "copy.txt")
    assert not ingest.ingest(home, str(copied), ReadOptions()).changed

    assert why(home) is None


def test_a_new_list_is_named(home, tmp_path):
    """And so is one whose bytes are others than before."""
    (tmp_path / "new.txt").write_text("emmeline\n")
    ingest.ingest(home, str(tmp_path / "new.txt"), ReadOptions())

    assert why(home) == f"lists are new or changed: {tmp_path / 'new.txt'}"


def test_other_options_are_told_with_what_they_were(home):
    """Both of the relations and of the models."""
    told = why(home, BuildOptions(holdout=5), TrainOptions(samples=7))

    assert told == "options changed: holdout 10 -> 5; options changed: samples 10000 -> 7"


def test_other_libraries_and_other_code_are_told(home):
    """What was made with them may differ."""
    made_from = Version(newest(home)).made_from
    libraries = made_from["libraries"]
    rewrite_manifest(home, made_from=made_from | {"libraries": libraries | {"torch": "1.0"}, "git_commit": "0a30b555"})

    assert why(home) == (
        f"libraries changed: torch 1.0 -> {libraries['torch']}; "
        f"the code changed: 0a30b555 -> {(made_from['git_commit'] or 'none')[:12]}"
    )


def test_models_that_failed_are_tried_again(home):
    """A version that lacks them is not the last word."""
    rewrite_manifest(home, failed={"gru": "no memory."})

    assert why(home) == f"gru failed in {newest(home).name}"


def test_a_version_that_is_damaged_is_made_anew(home):
    """The manifest, or a file that is not as long as it was."""
    (newest(home) / "counts.parquet").unlink()
    assert why(home) == f"{newest(home).name} is damaged: counts.parquet is not as it was published"

    (newest(home) / "manifest.json").chmod(0o644)
    (newest(home) / "manifest.json").write_text("{")
    assert "is damaged" in why(home)


def test_a_home_without_a_version_has_one_due(tmp_path):
    """And one without a list says how to get one."""
    with pytest.raises(FileNotFoundError, match="has no list: take one in"):
        why(tmp_path)
    (tmp_path / "names.txt").write_text("emma\n")
    ingest.ingest(tmp_path, str(tmp_path / "names.txt"), ReadOptions())

    assert why(tmp_path) == "there is no version yet"


def test_a_decision_that_a_killed_run_did_not_record_is_recorded(home):
    """Without it the version would lie there, and nothing would ever say whether it serves."""
    (home / registry.REGISTRY).unlink()
    assert why(home) == f"nothing says whether {newest(home).name} is to serve"

    settle(home)

    assert registry.read(Home(home)).champion.version == newest(home).name
    assert why(home) is None


def test_lists_are_compared_by_more_than_their_address(home):
    """Rejects, options and scripts of a list count too."""
    with connect(Home(home).db) as con:
        con.execute("update contents set rejects = rejects + 1")

    assert why(home) == f"lists are new or changed: {ENGLISH}"
