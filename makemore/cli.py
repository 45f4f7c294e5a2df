"""The command line: one verb a step or a flow; results on stdout, all else on stderr."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from makemore import __version__
from makemore.home import Home, holding
from makemore.options import (
    SEED,
    BuildOptions,
    CannotBeMet,
    Device,
    IngestOptions,
    ReadOptions,
    SampleOptions,
    TrainOptions,
)

if TYPE_CHECKING:
    from polars import DataFrame

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
    Path | None,
    Parameter(
        name=["--output", "-o"],
        help="File to write instead of stdout; its suffix is its format.",
        allow_leading_hyphen=True,
    ),
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
    with _list_at_hand(names) as path:
        known, rejected = using.read_names(folder, path, read)
    if rejected:
        print(f"{names}: {rejected:,} lines are no names", file=sys.stderr)
    for model_type in model_types:
        print(summary.evaluated(model_type, using.evaluate_list(folder, model_type, known)))


@app.command
def score(
    *name: Annotated[str, Parameter(help="Names to score.")],
    names: Annotated[
        str | None, Parameter(help="List of names, in place of names here; - for stdin.", allow_leading_hyphen=True)
    ] = None,
    home: HomeOption = HOME,
    version: VersionOption = None,
    model: ModelOption = None,
    read: Annotated[ReadOptions, Flat] = ReadOptions(),
    output: OutputOption = None,
) -> None:
    """Print how name-like names are, and how surprising each of their characters is, or write it to a file.

    Example: makemore score emma
    """
    from makemore import artifacts, summary
    from makemore.steps import scoring

    if bool(name) == (names is not None):
        raise ValueError("say either names, as in `makemore score emma`, or one list of them, with --names FILE.")
    folder = artifacts.find_version(Home(home), version)
    model_type = artifacts.find_model(folder, model)

    def tell(scores: Iterable[DataFrame], source: str | None) -> None:
        if output is not None:
            scoring.write_scores(folder, model_type, scores, output=output, source=source)
            return
        for frame in scores:
            sys.stdout.writelines(f"{line}\n" for line in summary.scored(frame))

    if names is None:
        tell([scoring.score_names(folder, model_type, name, read)], None)
    else:
        with _list_at_hand(names) as path:
            tell(scoring.score_list(folder, model_type, path, read), path.name)


@app.command
def compare(*, home: HomeOption = HOME, version: VersionOption = None) -> None:
    """Print the models of a version beside each other, best first, and their samples beside the names of train.

    Example: makemore compare
    """
    from makemore import artifacts, summary

    print(summary.comparison(artifacts.find_version(Home(home), version)))


@app.command
def sample(
    n: Annotated[int, Parameter(name=["-n", "--number"], help="Names to make.")] = 20,
    *,
    home: HomeOption = HOME,
    version: VersionOption = None,
    model: ModelOption = None,
    seed: Annotated[int, Parameter(help="Seed: the same names for the same seed.")] = SEED,
    best: Annotated[bool, Parameter(help="The most probable names, in their order.")] = False,
    options: Annotated[SampleOptions, Flat] = SampleOptions(),
    device: Annotated[Device, Parameter(help="Where nets make names: a GPU if there is one, if left out.")] = "auto",
    output: OutputOption = None,
) -> None:
    """Print new names, all as asked, or write them to a file with their nll; exit code 3 if there are not as many.

    Example: makemore sample -n 5 --model ngram --prefix ma --max-length 6 --novel --distinct --seed 1
    """
    from makemore import artifacts
    from makemore.requests import Request
    from makemore.steps import sampling

    logging.getLogger("makemore").setLevel(logging.INFO)
    request = Request(n, model=model, seed=seed, best=best, device=device, options=options)
    folder = artifacts.find_version(Home(home), version)
    if output is not None and str(output) != "-":
        sampling.assemble(sampling.plan(folder, [request], output))
        return
    for names in sampling.names(folder, request):
        sys.stdout.write("".join(f"{name}\n" for name in names["name"]))


@app.command
def generate(
    *,
    requests: Annotated[Path, Parameter(help="CSV of requests, one a row: docs/sampling.md lists its columns.")],
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="File to write; its suffix is its format.")],
    home: HomeOption = HOME,
    version: VersionOption = None,
) -> None:
    """Write the names of many requests to one file; exit code 3, and no file, if one of them cannot be met.

    Example: makemore generate --requests requests.csv -o names.parquet
    """
    from makemore import artifacts
    from makemore.requests import read_requests
    from makemore.steps import sampling

    logging.getLogger("makemore").setLevel(logging.INFO)
    folder = artifacts.find_version(Home(home), version)
    job = sampling.plan(folder, read_requests(requests), output)
    sampling.assemble(job)
    print(f"{output}: {sum(request.n for request in job.requests):,} names of {len(job.requests):,} requests")


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


@contextmanager
def _list_at_hand(names: str) -> Iterator[Path]:
    """The file of a list; what stands on stdin, for -, is copied into one."""
    if names != "-":
        yield Path(names)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "stdin.txt"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield path


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
    """Run the command line: exit code 0; 1 with one line on stderr; 2 for a command or an option that there is not.

    3, with a line on stderr, is of names that there are not, or not as many.
    """
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
        sys.exit(3 if isinstance(error, CannotBeMet) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
