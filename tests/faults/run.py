"""A run as a process: `python -m tests.faults.run [--hours N] [--until N] [--keep N] HOME LIST...`.

It calls `makemore.pipeline.nightly` without Prefect, whose start takes ten seconds and does not touch the home.
`--hours` shifts the clock. `--until N` kills the process just before its Nth change to a file of the home
(rename, removal, open for writing). A run that ends prints its number of changes.
"""

import argparse
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

from makemore.home import locked_home
from makemore.maintenance import retention
from makemore.options import TrainOptions
from makemore.pipeline import draft, ingest, publish
from makemore.pipeline.build import build_relations
from makemore.pipeline.nightly import Plan, RunSteps, run_nightly
from makemore.versions import registry

TRAIN = TrainOptions(("bigram", "ngram"), samples=200)
KEEP = 2
"""Number of versions to keep: from the third run on, each run prunes one."""
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "shutil.copyfile")
"""Audit events (PEP 578) that Python raises before a change. Writes of DuckDB raise none."""


def make_version(home, build, train, clock):
    clock.timed("build", build_relations)(home, build)
    return publish.make_version(home, train, clock.timed_version(publish.VersionSteps()))


STEPS = RunSteps(ingest.ingest, make_version, retention.prune)


def main(home, lists, until, keep):
    changes = count_changes(home, until)
    print("ready", flush=True)
    with locked_home(Path(home), "a run", wait=600):
        result = run_nightly(Path(home), Plan(lists, train=TRAIN, keep=keep), STEPS)
    print("changes", len(changes))
    print("done", result.version.name if result.version else "nothing", flush=True)
    if result.problems:
        sys.exit("\n".join(result.problems))


def count_changes(home, until):
    """Return a list that grows with each change to a file of the home. The process is killed before change `until`."""
    changes = []

    def hook(event, arguments):
        written = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (event in CHANGES or written) and any(home in str(argument) for argument in arguments[:2]):
            changes.append(event)
            if len(changes) == until:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return changes


def set_clock(hours):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=hours)

    for module in (draft, ingest, registry):
        module.datetime = Clock


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float)
    parser.add_argument("--until", type=int)
    parser.add_argument("--keep", type=int, default=KEEP)
    parser.add_argument("home")
    parser.add_argument("lists", nargs="+")
    arguments = parser.parse_args()
    if arguments.hours:
        set_clock(arguments.hours)
    main(arguments.home, arguments.lists, arguments.until, arguments.keep)
