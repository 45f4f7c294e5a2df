"""The command line: one verb a step or a flow; results on stdout, all else on stderr."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from cyclopts import App, Parameter

from makemore import __version__
from makemore.home import Home, holding
from makemore.options import BuildOptions, IngestOptions, ReadOptions, TrainOptions

# torch, duckdb, polars and prefect are imported by the commands that need them: --help is quick without.

app = App(
    name="makemore",
    help="Takes lists of names and makes more names like them.",
    version=__version__,
    default_parameter=Parameter(negative=()),
)
app.register_install_completion_command(name="--install-completion")

HomeOption = Annotated[Path, Parameter(env_var="MAKEMORE_HOME", help="Folder of this body of names.")]
VersionOption = Annotated[str | None, Parameter(help="Published version; the newest if left out.")]
ModelOption = Annotated[str | None, Parameter(help="Model type; the one with the lowest dev nll if left out.")]
OutputOption = Annotated[
    Path | None, Parameter(name=["--output", "-o"], help="File to write instead of stdout; its suffix is its format.")
]
Flat = Parameter(name="*")
HOME = Path("artifacts")


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


@app.command
def evaluate(
    *,
    names: Annotated[
        str, Parameter(help="List of names to evaluate on; - for names on stdin.", allow_leading_hyphen=True)
    ],
    home: HomeOption = HOME,
    version: VersionOption = None,
    model: Annotated[str | None, Parameter(help="Model type; all of the version if left out.")] = None,
    read: Annotated[ReadOptions, Flat] = ReadOptions(),
) -> None:
    """Print the nll of a version's models on a list of your own, and apart on the names that they have seen in train.

    Example: makemore evaluate --names examples/names/english.txt
    """
    from makemore import artifacts, summary
    from makemore.steps import using

    folder = artifacts.find_version(Home(home), version)
    model_types = artifacts.models_in(folder) if model is None else [artifacts.find_model(folder, model)]
    with TemporaryDirectory() as folder_of_stdin:
        if names == "-":
            path = Path(folder_of_stdin) / "stdin.txt"
            path.write_text(sys.stdin.read(), encoding=read.encoding)
        else:
            path = Path(names)
        known, rejected = using.read_names(folder, path, read)
    if rejected:
        print(f"{names}: {rejected:,} lines are no names", file=sys.stderr)
    for model_type in model_types:
        print(summary.evaluated(model_type, using.evaluate_list(folder, model_type, known)))


@app.command
def compare(*, home: HomeOption = HOME, version: VersionOption = None) -> None:
    """Print the models of a version beside each other, best first, and their samples beside the names of train.

    Example: makemore compare
    """
    from makemore import artifacts, summary

    print(summary.comparison(artifacts.find_version(Home(home), version)))


@app.command
def sample(
    n: Annotated[int, Parameter(name=["-n", "--number"], help="Names to sample.")] = 20,
    *,
    home: HomeOption = HOME,
    version: VersionOption = None,
    model: ModelOption = None,
    seed: Annotated[int, Parameter(help="Seed: the same names for the same seed.")] = 2147483647,
    output: OutputOption = None,
) -> None:
    """Print new names, or write them to a file with their nll.

    Example: makemore sample -n 5 --model bigram --seed 1
    """
    from makemore import artifacts
    from makemore.steps import using

    folder = artifacts.find_version(Home(home), version)
    names = using.generate(folder, artifacts.find_model(folder, model), n, seed, output)
    if output is None:
        print("\n".join(names["name"]))


@app.command
def query(
    sql: str,
    /,
    *,
    home: HomeOption = HOME,
    version: VersionOption = None,
    format: Annotated[
        Literal["csv", "json", "parquet"] | None,
        Parameter(help="Format of the result; a table to look at if left out."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Print the result of a select on the tables of a published version, which nothing can change.

    Example: makemore query "select * from bigram_counts order by count desc limit 5"
    """
    from makemore import artifacts, database, summary, tables

    result = database.query(artifacts.find_version(Home(home), version) / "stats.duckdb", sql)
    if output is not None:
        tables.write_table(result, output, format or tables.format_of(output))
    elif format is not None:
        tables.write_table(result, sys.stdout.buffer, format)
    else:
        print(summary.table(result))


@app.command
def arpa(
    *,
    home: HomeOption = HOME,
    version: VersionOption = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="File to write instead of stdout.")] = None,
) -> None:
    """Print the n-grams of a version's train in ARPA format, which KenLM and other n-gram tools read.

    Example: makemore arpa
    """
    from makemore import artifacts
    from makemore.steps import using

    lines = using.arpa_lines(artifacts.find_version(Home(home), version), output)
    if output is None:
        print("\n".join(lines))


@app.command
def versions(*, home: HomeOption = HOME) -> None:
    """Print the published versions, oldest first, with their names and each model's nll.

    Example: makemore versions
    """
    from makemore import artifacts, summary

    for version in artifacts.versions(Home(home)):
        print(summary.describe(Home(home).versions / version))


@app.command
def verify(
    version: Annotated[str | None, Parameter(help="Version to check; all if left out.")] = None,
    /,
    *,
    home: HomeOption = HOME,
) -> None:
    """Check every file of the published versions against its hash, and say which differ.

    Example: makemore verify
    """
    from makemore import artifacts

    newest = artifacts.find_version(Home(home), version)
    folders = [newest] if version else [newest.with_name(name) for name in artifacts.versions(Home(home))]
    damaged = [folder.name for folder in folders if not _is_as_published(folder)]
    if damaged:
        raise ValueError(
            f"{len(damaged)} of {len(folders)} versions are not as they were published: do not use {damaged[0]}."
        )


def _named(lists: tuple[str, ...]) -> list[str]:
    if not lists:
        raise ValueError(
            "no list is named: name a file, a folder, a glob or a URL, such as examples/names/english.txt."
        )
    return list(lists)


def _is_as_published(folder: Path) -> bool:
    from makemore import artifacts

    problems = list(artifacts.verify(folder))
    print("\n".join(f"{folder.name}: {problem}" for problem in problems) or f"{folder.name}: as published")
    return not problems


def _print_version(version: Path, home: Path) -> None:
    from makemore import summary

    command = "makemore" if shutil.which("makemore") else shlex.quote(sys.argv[0])
    print(summary.announce(version, command, "" if home == HOME else f" --home {shlex.quote(str(home))}"))


def main() -> None:
    """Run the command line: exit code 0; 1 with one line on stderr; 2 for a command or an option that there is not."""
    log = logging.getLogger("makemore")
    log.handlers = [logging.StreamHandler(sys.stderr)]
    log.propagate = False
    try:
        app(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads our output has had enough: nothing is wrong, and nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        print(f"makemore: {error}", file=sys.stderr)
        # Prefect keeps the error of a failed task, and with its frames a database connection, until the interpreter
        # is gone; DuckDB then prints forty lines of complaint.
        for cause in (error, error.__cause__, error.__context__):
            traceback.clear_frames(cause.__traceback__ if cause else None)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
