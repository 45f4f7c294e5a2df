"""The commands that make: lists in, relations built, a version published."""

from __future__ import annotations

import logging
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

from makemore.cli.app import HOME, Flat, HomeOption, app
from makemore.home import holding
from makemore.options import BuildOptions, IngestOptions, TrainOptions


@app.command
def run(
    *lists: str,
    home: HomeOption = HOME,
    read: Annotated[IngestOptions, Flat] = IngestOptions(),
    build: Annotated[BuildOptions, Flat] = BuildOptions(),
    train: Annotated[TrainOptions, Flat] = TrainOptions(),
) -> None:
    """Ingest lists, build, train and publish a version: the whole job, as the Prefect flow `nightly`.

    Example: makemore run examples/names/english.txt
    """
    from makemore.lists import expand

    named = expand(_named(lists))
    print("Starting Prefect's own server: ten seconds or so, half a minute the first time.", file=sys.stderr)
    try:
        from flows.nightly import nightly
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is not installed: pip install 'makemore[flows]'.") from error
    logging.getLogger("makemore").setLevel(logging.INFO)
    for logger in ("prefect.flow_runs", "prefect.task_runs"):
        # A failure has its traceback on the run's page; here it has one line, at the end.
        logging.getLogger(logger).propagate = False
    _print_version(nightly(named, home, read, build, train), home)


@app.command
def ingest(*lists: str, home: HomeOption = HOME, read: Annotated[IngestOptions, Flat] = IngestOptions()) -> None:
    """Take lists into the home: files, folders, globs or URLs, as text, CSV, Parquet or JSON lines.

    Example: makemore ingest yob2020.txt --columns name,sex,count --lower
    """
    from makemore.lists import expand
    from makemore.steps import intake

    with holding(home, "makemore ingest"):
        for uri in expand(_named(lists)):
            result = intake.ingest(home, uri, read)
            print(
                f"{uri}: {result.names:,} names, {result.rejects:,} rejected"
                + ("" if result.changed else ", nothing new")
            )


@app.command
def build(*, home: HomeOption = HOME, options: Annotated[BuildOptions, Flat] = BuildOptions()) -> None:
    """Build the relations of sql/ from what was ingested, and check the laws of sql/checks/.

    Example: makemore build --holdout 0 --smoothing 0
    """
    from makemore.steps import intake

    with holding(home, "makemore build"):
        for relation, rows in intake.build(home, options).items():
            print(f"{relation}: {rows:,} rows")


@app.command
def train(*, home: HomeOption = HOME, options: Annotated[TrainOptions, Flat] = TrainOptions()) -> None:
    """Train models on the built relations and publish them as a version.

    Example: makemore train --models bigram --seed 7
    """
    from makemore.steps import making

    with holding(home, "makemore train"):
        _print_version(making.make_version(home, options), home)


def _named(lists: tuple[str, ...]) -> list[str]:
    if not lists:
        raise ValueError(
            "no list is named: name a file, a folder, a glob or a URL, such as examples/names/english.txt."
        )
    return list(lists)


def _print_version(version: Path, home: Path) -> None:
    from makemore import summary

    command = "makemore" if shutil.which("makemore") else shlex.quote(sys.argv[0])
    print(summary.announce(version, command, "" if home == HOME else f" --home {shlex.quote(str(home))}"))
