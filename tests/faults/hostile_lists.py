"""Hostile files given to `makemore ingest` and `makemore run`, with limits on time and memory."""

import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from makemore.home import Home
from tests.conftest import ROOT
from tests.faults.hostile import GOOD, HOSTILE, LARGE
from tests.faults.processes import MAKEMORE, FaultResult, command, sources

SECONDS = 20
"""CPU time limit of a command."""
MEGABYTES = 1500
"""Memory limit of a command."""
CONTROL_CHARACTERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that a command must not print: they control a terminal or reorder text."""


@dataclass(frozen=True)
class FinishedCommand:
    """Output of a finished process, its CPU time in seconds and its peak memory in megabytes."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    megabytes: float


def ingest_each(folder):
    """Ingest each file alone. A refused file has a one-line error and leaves the home as it was."""
    home, good = folder / "good", folder / "good.txt"
    good.write_text(GOOD * 20, encoding="utf-8")
    assert command("ingest", good, "--home", home).returncode == 0
    kept, ingested, refused, max_seconds, max_megabytes = sources(home), 0, 0, 0.0, 0.0
    for number, hostile in enumerate(HOSTILE + LARGE):
        (path := folder / str(number) / hostile.name).parent.mkdir()
        # In a separate process, because a fork of a large process counts as large.
        maker = multiprocessing.get_context("fork").Process(target=hostile.make, args=(path,))
        maker.start()
        maker.join()
        own_home = path.parent / "home"
        if hostile.refused:
            shutil.copytree(home, own_home)
        options = [word for name, value in hostile.options.items() for word in (f"--{name.replace('_', '-')}", value)]
        done = measured(folder, "ingest", path, *options, "--home", own_home)
        assert (done.seconds < SECONDS, done.megabytes < MEGABYTES) == (True, True), (hostile.name, done)
        assert not CONTROL_CHARACTERS.search(done.stdout + done.stderr), (hostile.name, done)
        assert "Traceback" not in done.stderr, (hostile.name, done)
        if hostile.refused:
            assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), (hostile.name, done)
            assert hostile.refused in done.stderr, (hostile.name, done)
            assert len(done.stderr) < 400 + len(str(path)), (hostile.name, done)
            assert sources(own_home) == kept, hostile.name
            refused += 1
        else:
            assert done.returncode == 0, (hostile.name, done)
            assert f": {hostile.names:,} names, {hostile.rejects:,} rejected" in done.stdout, (hostile.name, done)
            ingested += 1
        assert list(Home(own_home).staging.glob("*")) == [], hostile.name
        max_seconds, max_megabytes = max(max_seconds, done.seconds), max(max_megabytes, done.megabytes)
        shutil.rmtree(path.parent)
    return FaultResult(
        "hostile files", ingested + refused, ingested + refused,
        f"{refused} refused with a one-line error, {ingested} ingested with the expected names and rejects; at most "
        f"{max_seconds:.0f} s of CPU time and {max_megabytes:.0f} MB; one file unpacks to 10 GB",
    )  # fmt: skip


def ingest_inbox(folder):
    """Run on an inbox of all refused files and two good lists, which are ingested."""
    inbox, home = folder / "inbox", folder / "home"
    inbox.mkdir()
    (inbox / "0-good.txt").write_text(GOOD * 2000, encoding="utf-8")
    (inbox / "zz-good.txt").write_text(GOOD.lower() * 2000, encoding="utf-8")
    refused = [hostile for hostile in HOSTILE if hostile.refused and not hostile.options]
    for hostile in refused:
        hostile.make(inbox / hostile.name)
    done = measured(
        folder, "run", inbox, "--home", home, "--models", "bigram", "--samples", 50, seconds=120,
        env={**os.environ, "PREFECT_HOME": str(folder / "prefect")},
    )  # fmt: skip
    assert done.returncode == 4, done
    assert not CONTROL_CHARACTERS.search(done.stdout + done.stderr), done
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    names = {Path(uri).name for uri in sources(home)}
    assert names == {"0-good.txt", "zz-good.txt"}, names
    reported = done.stderr.count("needs attention: ")
    return FaultResult(
        "an inbox of hostile files", len(refused), len(refused),
        f"the run ingests the two good lists and reports {reported} others in one line each; it skips folders and "
        "files without a list suffix",
    )  # fmt: skip


def measured(folder, *words, seconds=SECONDS, **options):
    """Run `makemore` and measure it. It is killed after ten times the CPU time limit."""
    with (folder / "out").open("w+b") as out, (folder / "err").open("w+b") as err:
        process = subprocess.Popen(
            [MAKEMORE, *map(str, words)], stdout=out, stderr=err, cwd=ROOT,
            **options,
        )  # fmt: skip
        timer = threading.Timer(10 * seconds, os.kill, [process.pid, signal.SIGKILL])
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "surrogateescape"))
    return FinishedCommand(process.returncode, *texts, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)
