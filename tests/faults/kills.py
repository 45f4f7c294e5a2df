"""kill -9 of a run at random moments and before each change to a file, with a concurrent reader."""

import os
import random
import signal
import subprocess
import time

from makemore.home import Home
from makemore.versions import store
from tests.conftest import ROOT
from tests.faults.processes import (
    MAKEMORE,
    FaultResult,
    check_home,
    differing_artifacts,
    finish,
    finish_json,
    run_to_end,
    sources,
    start,
    write_list,
)

UNDISTURBED = 3
"""Number of runs before the first kill. From the third on, each run prunes a version."""


def random_kills(folder, n, seed=1, undisturbed=UNDISTURBED):
    """Kill each run at a random moment, up to 10 % later than its usual end."""
    rng = random.Random(seed)

    def kill(run, length):
        # Later than the usual end in some cases, because the moments around the last rename are critical.
        time.sleep(rng.uniform(0, 1.1 * length))
        run.kill()

    ended, reads = _kills(folder, [([], kill)] * n, undisturbed)
    return FaultResult(
        "kill -9 at a random moment of a run", n, n,
        f"0 lists lost, 0 incomplete versions; {reads:,} concurrent reads of the champion, no failure; {ended} kills "
        "came too late, after the run had ended. The next run is clean and produces the same bytes as in a home "
        "without kills",
    )  # fmt: skip


def first_kills(folder, n):
    """Kill the first run of a home: there is no version and no registry yet, and perhaps an incomplete database."""
    for number in range(n):
        (home := folder / str(number)).mkdir()
        random_kills(home, 1, seed=number, undisturbed=0)
    return FaultResult(
        "kill -9 at a random moment of the first run of a home", n, n,
        "the next run is clean and produces the same bytes as in a home without kills",
    )  # fmt: skip


def step_kills(folder, every=1):
    """Kill each run just before a change to a file of the home: the first run at its first change, and so on."""
    (trial := folder / "trial").mkdir()
    _start(trial)
    write_list(trial / "inbox" / "new.txt", UNDISTURBED)
    changes = int(run_to_end(trial / "home", trial / "inbox").split()[2])
    steps = range(1, changes + 1, every)
    chosen = {1: "each", 2: "every other"}.get(every, f"every {every}th")
    ended, reads = _kills(folder, [(["--until", step], lambda run, length: None) for step in steps], UNDISTURBED)
    return FaultResult(
        f"kill -9 before {chosen} file change of a run",
        len(steps), len(steps),
        f"{changes} changes (create, rename, remove); 0 lists lost, 0 incomplete versions in {reads:,} reads; {ended} "
        "runs ended before the kill. The next run is clean and produces the same bytes as in a home without kills",
    )  # fmt: skip


def _kills(folder, kills, undisturbed):
    """Return the number of runs that ended before their kill, and the number of concurrent reads.

    Each kill is a pair: arguments of the run, and a function of the process and the usual seconds of a run. Each
    run has one more list than the previous one. The home is checked after each kill and after a
    final undisturbed run.
    """
    home, inbox = folder / "home", folder / "inbox"
    if undisturbed:
        length = _start(folder, undisturbed)
    else:
        (folder / "trial").mkdir()
        length = _start(folder / "trial", 1)
        home.mkdir()
        inbox.mkdir()
    reader = start("reader", home, (length + 60) * (len(kills) + 2))
    ended = 0
    try:
        for number, (words, kill) in enumerate(kills, undisturbed):
            before = sources(home)
            write_list(inbox / f"{number:03}.txt", number)
            run = start("run", *words, home, inbox)
            assert run.stdout.readline() in ("ready\n", "")
            kill(run, length)
            _, err = run.communicate(timeout=600)
            assert run.returncode in (0, -signal.SIGKILL), err[-2000:]
            ended += run.returncode == 0
            check_home(home, before)
    finally:
        (folder / "stop").touch()
        result = finish_json(reader)
    assert result["failures"] == 0, result
    run_to_end(home, inbox)
    check_home(home, sources(home))
    assert len(sources(home)) == undisturbed + len(kills)
    _check_clean(home)
    (clean := folder / "clean").mkdir()
    run_to_end(clean, inbox)
    assert differing_artifacts(_newest(home), _newest(clean)) == []
    return ended, result["reads"]


def _start(folder, runs=UNDISTURBED):
    """Run `runs` times and return the seconds of the last one, from its first step."""
    home, inbox = folder / "home", folder / "inbox"
    home.mkdir()
    inbox.mkdir()
    for number in range(runs):
        write_list(inbox / f"{number:03}.txt", number, size=60 if number else 2000)
        run = start("run", home, inbox)
        assert run.stdout.readline() == "ready\n"
        started = time.monotonic()
        finish(run)
    return time.monotonic() - started


def _check_clean(home):
    """Assert that nothing is left of the killed runs."""
    assert list(Home(home).staging.glob("*")) == []
    files = {path.name for path in home.iterdir()} - {
        "makemore.duckdb",
        "registry.json",
        "last_run.json",
        "versions",
        ".lock",
    }
    assert files <= {"staging", "checkpoints"}, files


def _newest(home):
    return store.find_version(Home(home), store.version_names(Home(home))[-1]).path


def flow_kills(folder, n, seed=1):
    """Kill `makemore run` with the Prefect flow and its server at a random moment."""
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
        check_home(home, before)
    subprocess.run(words, check=True, capture_output=True, env=environment, cwd=ROOT)
    check_home(home, sources(home))
    assert len(sources(home)) == n + 2
    _check_clean(home)
    return FaultResult(
        "kill -9 of `makemore run` with Prefect", n, n, "0 lists lost, 0 incomplete versions; the next run is clean"
    )
