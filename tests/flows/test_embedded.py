"""The server of one run, as real processes: started before Prefect is imported, and gone with the run."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from makemore.flows import embedded
from tests.conftest import ENGLISH, ROOT
from tests.flows.test_server import processes_of

URL = "http://127.0.0.1:4200/api"
RUN = """
import atexit, sys
from makemore.cli import main
atexit.register(lambda: print(*sorted({"prefect", "torch"} & set(sys.modules))))
main()
"""
START = "from makemore.flows import embedded; embedded.start(); print('started', flush=True); input()"


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Environment without settings of Prefect and makemore, also of this process."""
    for name in list(os.environ):
        if name.startswith(("PREFECT_", "MAKEMORE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    return dict(os.environ)


def ended(folder):
    """Whether all processes with this folder in their environment end within ten seconds."""
    until = time.monotonic() + 10
    while processes_of(f"PREFECT_HOME={folder}") and time.monotonic() < until:
        time.sleep(0.05)
    return not processes_of(f"PREFECT_HOME={folder}")


def run(environment, *words):
    words = ("run", str(ENGLISH), "--home", "home", "--models", "bigram", "--samples", "10", *words)
    return subprocess.run(
        [sys.executable, "-c", RUN, *words], env=environment, capture_output=True, text=True, check=False
    )


def test_a_run_has_a_page_only_if_it_has_work(prefect_home, environment):
    """The first run publishes a version, on a server that ends with it. The second one imports no Prefect."""
    first = run(environment)
    assert first.returncode == 0, first.stderr
    assert "Promoted to champion" in first.stdout
    assert ended(prefect_home)
    second = run(environment)

    assert (second.returncode, second.stdout) == (0, "nothing to do: the newest version is up to date\n\n"), (
        second.stderr
    )
    with sqlite3.connect(prefect_home / "prefect.db") as con:
        assert con.execute("select state_name from flow_run").fetchall() == [("Completed",)]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_its_run(tmp_path, environment, end):
    """However the run ends."""
    process = subprocess.Popen([sys.executable, "-c", START], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    until = time.monotonic() + 10
    while len(processes_of(f"PREFECT_HOME={tmp_path}")) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(processes_of(f"PREFECT_HOME={tmp_path}")) == 2
    process.send_signal(end)
    process.communicate()

    assert ended(tmp_path)


def test_a_server_that_does_not_start_is_an_error(tmp_path, environment):
    """The error names the damaged database."""
    (tmp_path / "prefect.db").write_bytes(b"noise" * 1000)

    failed = run(environment)

    assert failed.returncode == 1
    assert "prefect.db cannot be used (file is not a database)" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert ended(tmp_path)


def test_a_setting_that_names_a_server_is_found(tmp_path, environment, monkeypatch):
    """In the environment or the active profile. A profile that is not active does not count."""
    assert embedded.is_default()
    profiles = f'active = "ephemeral"\n[profiles.ephemeral]\n[profiles.local]\nPREFECT_API_URL = "{URL}"\n'
    (tmp_path / "profiles.toml").write_text(profiles)
    assert embedded.is_default()
    (tmp_path / "profiles.toml").write_text(profiles.replace('active = "ephemeral"', 'active = "local"'))
    assert not embedded.is_default()
    (tmp_path / "profiles.toml").unlink()
    (tmp_path / "prefect.toml").write_text(f'[api]\nurl = "{URL}"\n')
    assert not embedded.is_default()
    (tmp_path / "prefect.toml").unlink()
    monkeypatch.setenv("PREFECT_API_URL", URL)
    assert not embedded.is_default()


def test_only_an_older_database_is_migrated(prefect_server, tmp_path):
    """Its last revision is found without alembic; a database without one is migrated as well."""
    from makemore.flows.embedded_server import _is_newest

    shutil.copy(prefect_server, tmp_path / "new.db")
    assert _is_newest(tmp_path / "new.db")
    with sqlite3.connect(tmp_path / "new.db") as con:
        con.execute("update alembic_version set version_num = '8167af8df781'")
    assert not _is_newest(tmp_path / "new.db")
    sqlite3.connect(tmp_path / "empty.db").close()
    assert not _is_newest(tmp_path / "empty.db")
