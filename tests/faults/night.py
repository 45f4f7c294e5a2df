"""The night as a process to be killed: `python -m tests.faults.night [--hours N] [--until N] [--keep N] HOME LIST...`.

It is the flow's own, `makemore.pipeline.nightly`, with the steps in place of Prefect's tasks: the flow's start
takes ten seconds or more, in which nothing of the home is touched. With --hours its clock is wrong by so much. With
--until it is killed just before so many changes to the home's files: renames, removals, files that are opened to be
written; it prints how many there were if it comes to its end.
"""

import argparse
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from makemore.home import locked_home
from makemore.maintenance import retention
from makemore.options import TrainOptions
from makemore.pipeline import draft, ingest, publish
from makemore.pipeline.build import build_relations
from makemore.pipeline.nightly import Plan, night
from makemore.promotion import decide, judge

TRAIN = TrainOptions(("bigram", "ngram"), samples=200)
KEEP = 2
"""Versions that a night keeps if nothing else is said: from the third one on, each deletes one."""
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "shutil.copyfile")
"""What Python tells its audit hooks of (PEP 578) before it does it; DuckDB's own writing is not among it."""


def make_version(home, build, train):
    build_relations(home, build)
    return publish.make_version(home, train)


STEPS = SimpleNamespace(
    ingest=ingest.ingest,
    make_version=make_version,
    prune=retention.prune,
    show_lists=lambda outcomes: None,
    show_version=lambda version: None,
)


def main(home, lists, until, keep):
    changes = count_changes(home, until)
    print("ready", flush=True)
    with locked_home(Path(home), "a night", wait=600):
        came_to = night(Path(home), Plan(lists, train=TRAIN, keep=keep), STEPS)
    print("changes", len(changes))
    print("done", came_to.version.name if came_to.version else "nothing", flush=True)
    if came_to.problems:
        sys.exit("\n".join(came_to.problems))


def count_changes(home, until):
    """A list that grows by each change to the home's files, until the one before which this process is killed."""
    seen = []

    def look(event, arguments):
        written = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (event in CHANGES or written) and any(home in str(argument) for argument in arguments[:2]):
            seen.append(event)
            if len(seen) == until:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)
    return seen


def set_clock(hours):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=hours)

    for module in (draft, ingest, judge, decide):
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
