"""Faults around a run: the clock, the schema of the database, the database of Prefect."""

import os
import sqlite3
import subprocess
import time

from makemore.database import connect
from makemore.home import Home
from makemore.versions import store
from tests.conftest import ENGLISH, ROOT
from tests.faults.processes import (
    MAKEMORE,
    FaultResult,
    check_home,
    command,
    finish,
    run_to_end,
    sources,
    start,
    write_list,
)


def clock_back(folder):
    """Set the clock back by an hour between two runs. The later version stays the newest."""
    home = folder / "home"
    home.mkdir()
    lists = [write_list(folder / "first.txt", 0, size=300)]
    run_to_end(home, *lists)
    lists.append(write_list(folder / "second.txt", 2))
    finish(start("run", "--hours", -1, home, *lists))
    versions = store.version_names(Home(home))
    assert len(versions) == 2
    newest = store.find_version(Home(home), versions[-1])
    assert {source["uri"] for source in newest.sources} == {str(path) for path in lists}
    assert run_to_end(home, *lists).endswith("done nothing\n")
    check_home(home, sources(home))
    return FaultResult(
        "a clock that is set back by an hour",
        1,
        1,
        "the version made after the clock was set back still has the newest name; the next run has nothing to do",
    )


def other_schema(folder):
    """Add a column to the database, as another makemore might. Commands refuse it with a hint and change nothing."""
    home = folder / "home"
    home.mkdir()
    run_to_end(home, write_list(folder / "first.txt", 0, size=300))
    before = sources(home)
    with connect(Home(home).db) as con:
        con.execute("alter table lists add column colour varchar")
    done = command("ingest", write_list(folder / "second.txt", 2), "--home", home)
    assert done.returncode == 1
    assert "of another makemore" in done.stderr
    assert "makemore run LISTS --home FOLDER" in done.stderr
    check_home(home, before)
    assert sources(home) == before
    return FaultResult("a database with another schema", 1, 1, "refused with a hint")


def prefect_database(folder):
    """Delete, damage and lock the database of Prefect. The run reports the file or continues; the home stays intact."""
    home, prefect = folder / "home", folder / "prefect"
    home.mkdir()
    environment = {**os.environ, "PREFECT_HOME": str(prefect)}
    assert (
        command("run", ENGLISH, "--home", home, "--models", "bigram", "--samples", 50, env=environment).returncode == 0
    )
    before, database = sources(home), prefect / "prefect.db"
    words = ["run", ENGLISH, "--home", home, "--models", "bigram", "--samples", 50]

    for path in prefect.glob("prefect.db*"):
        path.unlink()
    lost = command(*words, env=environment)
    assert (lost.returncode, "nothing to do" in lost.stdout) == (0, True), lost
    # Only a run with work to do starts Prefect.
    words.append(write_list(folder / "first.txt", 1))
    lost = command(*words, env=environment)
    assert lost.returncode == 0, lost
    before = sources(home)
    words.append(write_list(folder / "second.txt", 2))

    good = database.read_bytes()
    database.write_bytes(os.urandom(20_000))
    damaged = command(*words, env=environment)
    assert (damaged.returncode, str(database) in damaged.stderr) == (1, True), damaged.stderr[-500:]
    database.write_bytes(good)

    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("begin exclusive")
    locked = command(*words, env=environment)
    assert (locked.returncode, str(database) in locked.stderr) == (1, True), locked.stderr[-500:]
    holder.close()
    check_home(home, before)

    running = subprocess.Popen(
        [MAKEMORE, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    while running.poll() is None and not (home / ".holder.json").exists():
        time.sleep(0.02)
    for path in prefect.glob("prefect.db*"):
        path.unlink()
    _, err = running.communicate(timeout=600)
    assert running.returncode in (0, 1, 4), err[-2000:]
    ending = "succeeds" if running.returncode == 0 else "fails"
    check_home(home, before)
    after = command(*words, env=environment)
    assert after.returncode == 0, after.stderr[-2000:]
    check_home(home, before)
    assert len(sources(home)) == 3
    return FaultResult(
        "a Prefect database that is missing, damaged, locked or deleted during a run", 4, 4,
        "missing: created again; damaged or locked: the run names the file in one line; deleted during a run: the run "
        f"{ending}; the next run is clean",
    )  # fmt: skip
