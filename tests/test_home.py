"""The lock of a home, and the leftovers of killed runs."""

import os
import signal
import subprocess
import sys

import pytest

from makemore.errors import HomeBusy, InvalidOption, NotFound
from makemore.home import Home, clear_staging, locked_home, shared_home

LOCK = """
import sys, time
from pathlib import Path
from makemore.home import locked_home
with locked_home(Path(sys.argv[1]), "makemore train"):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def lock_owner(tmp_path):
    """Another process that has locked the home."""
    with subprocess.Popen([sys.executable, "-c", LOCK, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def test_a_second_run_waits_and_names_the_lock_owner(tmp_path, lock_owner, capsys):
    """It prints that it waits, and raises HomeBusy with the pid, verb and start time of the first run."""
    with pytest.raises(HomeBusy, match=rf"locked by pid {lock_owner.pid} on .* \(makemore train, since .* UTC\)"):
        locked_home(tmp_path, "makemore run", wait=0.1).__enter__()

    printed = capsys.readouterr().err
    assert f"locked by pid {lock_owner.pid}" in printed
    assert "waiting up to 0.1 s" in printed


def test_a_second_run_starts_when_the_first_ends(tmp_path, lock_owner):
    """The lock of a killed process is released."""
    os.kill(lock_owner.pid, signal.SIGKILL)

    with locked_home(tmp_path, "makemore run", wait=10) as home:
        assert home.path == tmp_path


def test_a_home_is_created_and_unlocked(tmp_path):
    """The folder need not exist; after the block another run can lock it, and the owner file is deleted."""
    with locked_home(tmp_path / "new" / "home", "first"):
        pass

    with locked_home(tmp_path / "new" / "home", "second", wait=0):
        assert (tmp_path / "new" / "home" / ".holder.json").exists()
    assert not (tmp_path / "new" / "home" / ".holder.json").exists()


def test_a_missing_home_is_created_only_if_allowed(tmp_path):
    """With `create=False` a mistyped home is NotFound."""
    with pytest.raises(NotFound, match=r"nowhere does not exist.*--home"):
        locked_home(tmp_path / "nowhere", "makemore prune", create=False).__enter__()

    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_not_a_home(tmp_path):
    """The error names the path and the next step."""
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidOption, match=r"file is not writable .*use another --home"):
        locked_home(tmp_path / "file", "makemore run").__enter__()


def test_a_question_mark_in_the_path_is_refused(tmp_path):
    """DuckDB reads the text after '?' as options, and would write its log elsewhere."""
    with pytest.raises(InvalidOption, match=r"contains '\?', which DuckDB reads as the start of options"):
        locked_home(tmp_path / "a?b", "makemore run").__enter__()


def test_staging_is_cleared(tmp_path):
    """The names of the deleted leftovers are returned; a second call finds none."""
    home = Home(tmp_path)
    (home.staging / "20261122-020000-3f2a9c" / "models").mkdir(parents=True)

    assert clear_staging(home) == ["20261122-020000-3f2a9c"]
    assert clear_staging(home) == []
    assert not home.staging.exists()


def test_a_reader_learns_who_has_locked_a_home(tmp_path, lock_owner):
    """Without waiting."""
    with shared_home(Home(tmp_path)) as locked_by:
        assert locked_by.startswith(f"pid {lock_owner.pid} on ")


def test_a_writer_waits_for_a_reader(tmp_path):
    """A home that nobody has locked, or that was never locked, is free."""
    with shared_home(Home(tmp_path)) as locked_by:
        assert locked_by is None
    with locked_home(tmp_path, "makemore run"):
        pass

    with shared_home(Home(tmp_path)) as locked_by:
        assert locked_by is None
        with pytest.raises(HomeBusy):
            locked_home(tmp_path, "makemore run", wait=0).__enter__()
    with locked_home(tmp_path, "makemore run", wait=0):
        pass


@pytest.mark.parametrize("command", [["prune", "--dry-run"], ["verify"], ["pin", "20261122-020000-3f2a9c"]])
def test_a_command_that_writes_no_version_leaves_drafts(makemore, tmp_path, command):
    """The next run reports the leftovers of a killed run."""
    draft = tmp_path / "staging" / "draft"
    draft.mkdir(parents=True)

    makemore(*command, "--home", tmp_path)

    assert draft.exists()
