"""Each hostile file given to `makemore ingest`, a process of its own that is bounded and measured."""

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
from tests.faults.mishaps import MAKEMORE, command
from tests.faults.processes import Told, sources

SECONDS = 20
"""Of a core, in which a file is taken in or refused."""
MEGABYTES = 1500
"""Of memory."""
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What no terminal is to be sent."""


@dataclass(frozen=True)
class Measured:
    """A process that has ended, the seconds of a core that it took, and the megabytes of memory at its peak."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    megabytes: float


def hostile_lists(folder):
    """Each in turn; what is refused is told in a line, and nothing of it is left; a good list beside it comes in."""
    home, good = folder / "good", folder / "good.txt"
    good.write_text(GOOD * 20, encoding="utf-8")
    assert command("ingest", good, "--home", home).returncode == 0
    kept, taken, refused, most_seconds, most_megabytes = sources(home), 0, 0, 0.0, 0.0
    for number, hostile in enumerate(HOSTILE + LARGE):
        (path := folder / str(number) / hostile.name).parent.mkdir()
        # In a process of its own: what is forked of a large one counts as large itself.
        maker = multiprocessing.get_context("fork").Process(target=hostile.make, args=(path,))
        maker.start()
        maker.join()
        mine = path.parent / "home"
        if hostile.refused:
            shutil.copytree(home, mine)
        options = [word for name, value in hostile.options.items() for word in (f"--{name.replace('_', '-')}", value)]
        done = measured(folder, "ingest", path, *options, "--home", mine)
        assert (done.seconds < SECONDS, done.megabytes < MEGABYTES) == (True, True), (hostile.name, done)
        assert not STEERING.search(done.stdout + done.stderr), (hostile.name, done)
        assert "Traceback" not in done.stderr, (hostile.name, done)
        if hostile.refused:
            assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), (hostile.name, done)
            assert hostile.refused in done.stderr, (hostile.name, done)
            assert len(done.stderr) < 400 + len(str(path)), (hostile.name, done)
            assert sources(mine) == kept, hostile.name
            refused += 1
        else:
            assert done.returncode == 0, (hostile.name, done)
            assert f": {hostile.names:,} names, {hostile.rejects:,} rejected" in done.stdout, (hostile.name, done)
            taken += 1
        assert list(Home(mine).staging.glob("*")) == [], hostile.name
        most_seconds, most_megabytes = max(most_seconds, done.seconds), max(most_megabytes, done.megabytes)
        shutil.rmtree(path.parent)
    return Told(
        "hostile files", taken + refused, taken + refused,
        f"{refused} refused in a line each, {taken} taken in, as many names and rejects as they have; "
        f"{most_seconds:.0f} s of a core and {most_megabytes:.0f} MB at most; one of them unpacks to 10 GB",
    )  # fmt: skip


def hostile_inbox(folder):
    """All of them in one inbox, with good lists: a night takes in what is good, and tells of each other."""
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
    assert not STEERING.search(done.stdout + done.stderr), done
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    names = {Path(uri).name for uri in sources(home)}
    assert names == {"0-good.txt", "zz-good.txt"}, names
    told = done.stderr.count("to look at: ")
    return Told(
        "an inbox of hostile files", len(refused), len(refused),
        f"a night takes in the two good lists among them, and tells of {told} in a line each; folders, and what does "
        "not end like a list, are passed over",
    )  # fmt: skip


def measured(folder, *words, seconds=SECONDS, **options):
    """A finished command, which may take so many seconds of a core and ten times as many of the clock."""
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
        text = []
        for file in (out, err):
            file.seek(0)
            text.append(file.read().decode("utf-8", "surrogateescape"))
    return Measured(process.returncode, *text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)
