"""The commands that make: lists in, relations built, a version published."""

from __future__ import annotations

import logging
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

from makemore.cli.app import (
    HOME,
    Flat,
    HomeOption,
    KeepOption,
    NotifyOption,
    TimeoutOption,
    app,
    named,
    prefect_needed,
    tell_whom,
)
from makemore.errors import NeedsAttention
from makemore.home import Home, locked_home
from makemore.options import BuildOptions, IngestOptions, TrainOptions


@app.command
def run(
    *lists: str,
    home: HomeOption = HOME,
    read: Annotated[IngestOptions, Flat] = IngestOptions(),
    build: Annotated[BuildOptions, Flat] = BuildOptions(),
    train: Annotated[TrainOptions, Flat] = TrainOptions(),
    keep: KeepOption = 30,
    notify: NotifyOption = "",
    timeout: TimeoutOption = 6,
) -> None:
    """Ingest lists, and if anything is new, build, train and publish a version: the whole job, as the flow `nightly`.

    Example: makemore run examples/names/english.txt
    """
    asked = named(lists)
    if not Home(home).db.exists():
        _look_for_one(asked)
    tell_whom(notify)
    print("Starting Prefect's own server: ten seconds or so, half a minute the first time.", file=sys.stderr)
    with prefect_needed():
        from makemore.flows import preflight
        from makemore.flows.nightly import nightly
    preflight.check()
    for logger in ("prefect.flow_runs", "prefect.task_runs"):
        # A failure has its traceback on the run's page; here it has one line, at the end.
        logging.getLogger(logger).propagate = False
    night = nightly.with_options(timeout_seconds=3600 * timeout)(asked, home, read, build, train, keep)
    if night.version:
        _print_version(night.version, home)
    else:
        print("nothing to do: the newest version is made of all that there is.")
    if night.problems:
        raise NeedsAttention(f"the night is done, and {len(night.problems)} of what came up wants a look, told above.")


@app.command
def ingest(*lists: str, home: HomeOption = HOME, read: Annotated[IngestOptions, Flat] = IngestOptions()) -> None:
    """Take lists into the home: files, folders, globs or URLs, as text, CSV, Parquet or JSON lines.

    Example: makemore ingest yob2020.txt --columns name,sex,count --lower
    """
    from makemore.ingest.sources import expand
    from makemore.pipeline import ingest as intake

    held = []
    with locked_home(home, "makemore ingest"):
        for uri in expand(named(lists)):
            result = intake.ingest(home, uri, read)
            if result.held:
                held.append(result.held_back)
                continue
            print(
                f"{uri}: {result.names:,} names, {result.rejects:,} rejected"
                + ("" if result.changed else ", nothing new")
            )
    if held:
        raise NeedsAttention("\n".join(held))


@app.command
def build(*, home: HomeOption = HOME, options: Annotated[BuildOptions, Flat] = BuildOptions()) -> None:
    """Build the relations of sql/ from what was ingested, and check the laws of sql/checks/.

    Example: makemore build --holdout 0 --smoothing 0
    """
    from makemore.pipeline.build import build_relations

    with locked_home(home, "makemore build"):
        for relation, rows in build_relations(home, options).items():
            print(f"{relation}: {rows:,} rows")


@app.command
def train(*, home: HomeOption = HOME, options: Annotated[TrainOptions, Flat] = TrainOptions()) -> None:
    """Train models on the built relations and publish them as a version.

    Example: makemore train --models bigram --seed 7
    """
    from makemore.pipeline import publish

    with locked_home(home, "makemore train"):
        _print_version(publish.make_version(home, options), home)


def _look_for_one(lists: list[str]) -> None:
    """Nothing, if one of the lists is there: where none ever was, that is to be told before Prefect has started."""
    from makemore.ingest.sources import expand

    missing = []
    for one in lists:
        try:
            expand([one])
        except (ValueError, OSError) as error:
            missing.append(error)
    if len(missing) == len(lists):
        raise missing[0]


def _print_version(version: Path, home: Path) -> None:
    from makemore.reporting import text
    from makemore.versions.version import Version

    command = "makemore" if shutil.which("makemore") else shlex.quote(sys.argv[0])
    print(text.announcement(Version(version), command, "" if home == HOME else f" --home {shlex.quote(str(home))}"))
