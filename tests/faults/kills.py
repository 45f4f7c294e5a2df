"""kill -9 at random moments of a night, with a reader at work all the while."""

import os
import random
import signal
import subprocess
import time

from makemore import artifacts
from makemore.home import Home
from tests.conftest import ROOT
from tests.faults.mishaps import MAKEMORE
from tests.faults.processes import Told, check, run_night, same_artifacts, sources, start, told, write_list


def kills(folder, n, seed=1):
    """Each night has a list more, and is killed somewhere between its first step and its end; the last one is not."""
    rng = random.Random(seed)
    inbox, home = folder / "inbox", folder / "home"
    inbox.mkdir()
    home.mkdir()
    write_list(inbox / "000.txt", 0, size=2000)
    run_night(home, inbox)
    write_list(inbox / "001.txt", 1)
    length = _length(home, inbox)
    reader = start("reading", home, 10 * (length + 3) * n + 60)
    survived = ended = 0
    try:
        for number in range(2, n + 2):
            before = sources(home)
            write_list(inbox / f"{number:03}.txt", number)
            night = start("night", home, inbox)
            assert night.stdout.readline() == "ready\n"
            # Beyond its usual end some of the time: the moments around the last rename are the ones that matter.
            moment = rng.uniform(0, 1.1 * length)
            time.sleep(moment)
            ended += night.poll() is not None
            night.kill()
            night.communicate()
            check(home, before)
            survived += 1
    finally:
        (folder / "stop").touch()
        read = told(reader)
    assert read["failures"] == 0, read
    run_night(home, inbox)
    check(home, sources(home))
    assert len(sources(home)) == n + 2
    assert list(Home(home).staging.glob("*")) == []
    clean = folder / "clean"
    clean.mkdir()
    run_night(clean, inbox)
    assert same_artifacts(_newest(home), _newest(clean)) == []
    return Told(
        "kill -9 at a random moment of a night",
        n, survived,
        f"0 lists lost, 0 half versions served: {read['reads']:,} reads of what serves meanwhile, none failed; {ended} "
        "of the kills came after the end. The night after them all is clean, and its files are those of a home that was "
        "never killed",
    )  # fmt: skip


def _newest(home):
    return Home(home).versions / artifacts.versions(Home(home))[-1]


def _length(home, inbox):
    """Seconds from a night's first step to its end."""
    night = start("night", home, inbox)
    assert night.stdout.readline() == "ready\n"
    started = time.monotonic()
    night.communicate()
    return time.monotonic() - started


def flow_kills(folder, n, seed=1):
    """The whole command, Prefect's flow and its server included, killed at a random moment of its work."""
    rng = random.Random(seed)
    inbox, home = folder / "inbox", folder / "home"
    inbox.mkdir()
    home.mkdir()
    environment = {**os.environ, "PREFECT_HOME": str(folder / "prefect")}
    words = [MAKEMORE, "run", inbox, "--home", home, "--models", "bigram,ngram", "--samples", "200"]
    write_list(inbox / "000.txt", 0, size=2000)
    started = time.monotonic()
    subprocess.run(words, check=True, capture_output=True, env=environment, cwd=ROOT)
    length = time.monotonic() - started
    for number in range(1, n + 1):
        before = sources(home)
        write_list(inbox / f"{number:03}.txt", number)
        run = subprocess.Popen(
            words,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=ROOT,
            start_new_session=True,
        )
        time.sleep(rng.uniform(length / 3, length))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        check(home, before)
    subprocess.run(words, check=True, capture_output=True, env=environment, cwd=ROOT)
    check(home, sources(home))
    assert len(sources(home)) == n + 1
    return Told(
        "kill -9 of `makemore run`, Prefect included", n, n, "0 lists lost, 0 half versions; the run after is clean"
    )
