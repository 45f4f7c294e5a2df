"""Who may write to a home, and what a killed run leaves."""

import os
import signal
import subprocess
import sys

import pytest

from makemore.errors import HomeBusy
from makemore.home import Home, clear_staging, locked_home

HOLD = """
import sys, time
from pathlib import Path
from makemore.home import locked_home
with locked_home(Path(sys.argv[1]), "makemore train"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the home until it is ended."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_second_run_is_told_who_holds_the_home(tmp_path, holder, capsys):
    """It waits, saying so, and gives up with the first one's process, verb and time."""
    with pytest.raises(HomeBusy, match=rf"held by pid {holder.pid} on .* \(makemore train, since .* UTC\)"):
        locked_home(tmp_path, "makemore run", wait=0.1).__enter__()

    told = capsys.readouterr().err
    assert f"held by pid {holder.pid}" in told
    assert "waiting up to 0.1 s" in told


def test_a_second_run_goes_on_when_the_first_ends(tmp_path, holder):
    """Waiting is enough where the first run ends in time, killed or not."""
    os.kill(holder.pid, signal.SIGKILL)

    with locked_home(tmp_path, "makemore run", wait=10) as home:
        assert home.path == tmp_path


def test_a_home_is_made_and_let_go(tmp_path):
    """The folder need not be there; after the block another may hold it, and nothing says that someone does."""
    with locked_home(tmp_path / "new" / "home", "first"):
        pass

    with locked_home(tmp_path / "new" / "home", "second", wait=0):
        assert (tmp_path / "new" / "home" / ".holder.json").exists()
    assert not (tmp_path / "new" / "home" / ".holder.json").exists()


def test_a_home_that_is_a_file_is_refused(tmp_path):
    """The error names the path and the way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ValueError, match=r"file cannot be written .*use another --home"):
        locked_home(tmp_path / "file", "makemore run").__enter__()


def test_a_home_that_duckdb_could_not_open_is_refused(tmp_path):
    """DuckDB reads what follows a '?' as options: its log would lie somewhere else."""
    with pytest.raises(ValueError, match=r"has '\?', after which DuckDB reads options: use another --home"):
        locked_home(tmp_path / "a?b", "makemore run").__enter__()


def test_staging_is_cleared_by_name(tmp_path):
    """What is cleared is told; a home without leftovers has nothing to tell."""
    home = Home(tmp_path)
    (home.staging / "20261122-020000-3f2a9c" / "models").mkdir(parents=True)

    assert clear_staging(home) == ["20261122-020000-3f2a9c"]
    assert clear_staging(home) == []
    assert not home.staging.exists()
