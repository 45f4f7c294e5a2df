"""The night as a process to be killed: `python -m tests.faults.night [--hours N] HOME LIST...`.

It is the flow's own, `makemore.steps.night`, with the steps themselves in place of Prefect's tasks: the flow's start
takes ten seconds or more, in which nothing of the home is touched. With --hours its clock is wrong by so much.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from makemore.home import holding
from makemore.options import TrainOptions
from makemore.steps import drafting, gatekeeping, intake, making, retention
from makemore.steps.night import Plan, night

TRAIN = TrainOptions(("bigram", "ngram"), samples=200)


def make_version(home, build, train):
    intake.build(home, build)
    return making.make_version(home, train)


STEPS = SimpleNamespace(
    ingest=intake.ingest,
    make_version=make_version,
    prune=retention.prune,
    show_lists=lambda outcomes: None,
    show_version=lambda version: None,
)


def main(home, *lists):
    print("ready", flush=True)
    with holding(Path(home), "a night", wait=600):
        came_to = night(Path(home), Plan(list(lists), train=TRAIN, keep=5), STEPS)
    print("done", came_to.version.name if came_to.version else "nothing", flush=True)
    if came_to.problems:
        sys.exit("\n".join(came_to.problems))


def set_clock(hours):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=hours)

    for module in (drafting, intake, gatekeeping):
        module.datetime = Clock


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "--hours":
        set_clock(float(words[1]))
        words = words[2:]
    main(*words)
