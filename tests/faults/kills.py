"""kill -9 at every step and at random moments of a night, with a reader at work all the while."""

import os
import random
import signal
import subprocess
import time

from makemore.home import Home
from makemore.versions import store
from tests.conftest import ROOT
from tests.faults.mishaps import MAKEMORE
from tests.faults.processes import Told, check, finish, run_night, same_artifacts, sources, start, told, write_list

FIRST = 3
"""Nights that end before the first one is killed: from then on each deletes an old version."""


def random_kills(folder, n, seed=1, first=FIRST):
    """Each night is killed somewhere between its first step and a tenth beyond its usual end."""
    rng = random.Random(seed)

    def kill(night, length):
        # Beyond its usual end some of the time: the moments around the last rename are the ones that matter.
        time.sleep(rng.uniform(0, 1.1 * length))
        night.kill()

    ended, reads = _kills(folder, [([], kill)] * n, first)
    return Told(
        "kill -9 at a random moment of a night", n, n,
        f"0 lists lost, 0 half versions served: {reads:,} reads of what serves meanwhile, none failed; {ended} of the "
        "kills came after the end. The night after them all is clean, and its files are those of a home that was never "
        "killed",
    )  # fmt: skip


def first_kills(folder, n):
    """The very first night of a home is killed: there is no version yet, no registry, maybe half of a database."""
    for number in range(n):
        (mine := folder / str(number)).mkdir()
        random_kills(mine, 1, seed=number, first=0)
    return Told(
        "kill -9 at a random moment of a home's first night", n, n,
        "the next night is clean, and its files are those of a home that was never killed",
    )  # fmt: skip


def step_kills(folder, every=1):
    """Each night is killed just before it changes a file of the home: the first one at its first change, and so on."""
    (trial := folder / "trial").mkdir()
    _start(trial)
    write_list(trial / "inbox" / "new.txt", FIRST)
    changes = int(run_night(trial / "home", trial / "inbox").split()[2])
    steps = range(1, changes + 1, every)
    ended, reads = _kills(folder, [(["--until", step], lambda night, length: None) for step in steps], FIRST)
    return Told(
        f"kill -9 before {'each' if every == 1 else f'1 of {every}'} of a night's changes to files",
        len(steps), len(steps),
        f"{changes} files made, renamed, removed; 0 lists lost, 0 half versions served in {reads:,} reads; {ended} of "
        "the nights ended before. The night after them all is clean, with the files of a home that was never killed",
    )  # fmt: skip


def _kills(folder, deaths, first):
    """How many nights ended before they were killed, and how often what serves was read meanwhile.

    Each death is words for the night, and a function that kills it, given it and the seconds that one takes. Each
    night has a list more than the last; after each kill all is looked at, and after the last one a night runs to its
    end.
    """
    home, inbox = folder / "home", folder / "inbox"
    if first:
        length = _start(folder, first)
    else:
        (folder / "trial").mkdir()
        length = _start(folder / "trial", 1)
        home.mkdir()
        inbox.mkdir()
    reader = start("reading", home, (length + 60) * (len(deaths) + 2))
    ended = 0
    try:
        for number, (words, kill) in enumerate(deaths, first):
            before = sources(home)
            write_list(inbox / f"{number:03}.txt", number)
            night = start("night", *words, home, inbox)
            assert night.stdout.readline() in ("ready\n", "")
            kill(night, length)
            _, err = night.communicate(timeout=600)
            assert night.returncode in (0, -signal.SIGKILL), err[-2000:]
            ended += night.returncode == 0
            check(home, before)
    finally:
        (folder / "stop").touch()
        read = told(reader)
    assert read["failures"] == 0, read
    run_night(home, inbox)
    check(home, sources(home))
    assert len(sources(home)) == first + len(deaths)
    _is_clean(home)
    (clean := folder / "clean").mkdir()
    run_night(clean, inbox)
    assert same_artifacts(_newest(home), _newest(clean)) == []
    return ended, read["reads"]


def _start(folder, nights=FIRST):
    """Seconds from the first step of a night to its end, once a home had a few."""
    home, inbox = folder / "home", folder / "inbox"
    home.mkdir()
    inbox.mkdir()
    for number in range(nights):
        write_list(inbox / f"{number:03}.txt", number, size=60 if number else 2000)
        night = start("night", home, inbox)
        assert night.stdout.readline() == "ready\n"
        started = time.monotonic()
        finish(night)
    return time.monotonic() - started


def _is_clean(home):
    """Nothing, if nothing is left of the nights that were killed."""
    assert list(Home(home).staging.glob("*")) == []
    left = {path.name for path in home.iterdir()} - {"makemore.duckdb", "registry.json", "versions", ".lock"}
    assert left <= {"staging", "checkpoints"}, left


def _newest(home):
    return Home(home).versions / store.version_names(Home(home))[-1]


def flow_kills(folder, n, seed=1):
    """The whole command, Prefect's flow and its server included, killed at a random moment of its work."""
    rng = random.Random(seed)
    inbox, home = folder / "inbox", folder / "home"
    inbox.mkdir()
    home.mkdir()
    environment = {**os.environ, "PREFECT_HOME": str(folder / "prefect")}
    words = [MAKEMORE, "run", inbox, "--home", home, "--models", "bigram,ngram", "--samples", "200"]
    write_list(inbox / "000.txt", 0, size=2000)
    subprocess.run(words, check=True, capture_output=True, env=environment, cwd=ROOT)
    write_list(inbox / "001.txt", 1)
    started = time.monotonic()
    subprocess.run(words, check=True, capture_output=True, env=environment, cwd=ROOT)
    length = time.monotonic() - started
    for number in range(2, n + 2):
        before = sources(home)
        write_list(inbox / f"{number:03}.txt", number)
        run = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=ROOT,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(rng.uniform(length / 3, length))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        check(home, before)
    subprocess.run(words, check=True, capture_output=True, env=environment, cwd=ROOT)
    check(home, sources(home))
    assert len(sources(home)) == n + 2
    _is_clean(home)
    return Told(
        "kill -9 of `makemore run`, Prefect included", n, n, "0 lists lost, 0 half versions; the run after is clean"
    )
