"""The commands that ask a version: its models, its tables, its n-grams."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from makemore.cli.app import HOME, Flat, HomeOption, ModelOption, OutputOption, VersionOption, app
from makemore.home import Home
from makemore.options import ReadOptions

if TYPE_CHECKING:
    from polars import DataFrame


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
    from makemore.pipeline import evaluate as using
    from makemore.reporting import text
    from makemore.versions.store import find_version

    found = find_version(Home(home), version)
    model_types = found.model_types if model is None else [found.find_model(model)]
    with _list_at_hand(names) as path:
        known, rejected = using.read_names(found.path, path, read)
    if rejected:
        print(f"{names}: {rejected:,} lines are no names", file=sys.stderr)
    for model_type in model_types:
        print(text.evaluation_line(model_type, using.evaluate_list(found.path, model_type, known)))


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
    from makemore.pipeline import score as scoring
    from makemore.reporting import text
    from makemore.versions.store import find_version

    if bool(name) == (names is not None):
        raise ValueError("say either names, as in `makemore score emma`, or one list of them, with --names FILE.")
    found = find_version(Home(home), version)
    folder, model_type = found.path, found.find_model(model)

    def tell(scores: Iterable[DataFrame], source: str | None) -> None:
        if output is not None:
            scoring.write_scores(folder, model_type, scores, output=output, source=source)
            return
        for frame in scores:
            sys.stdout.writelines(f"{line}\n" for line in text.score_lines(frame))

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
    from makemore.reporting import text
    from makemore.versions.store import find_version

    print(text.comparison(find_version(Home(home), version)))


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
    from makemore import database
    from makemore.files import tables
    from makemore.reporting import text
    from makemore.versions.store import find_version

    result = database.query(find_version(Home(home), version).stats, sql)
    if output is not None:
        tables.write_table(result, output, format or tables.format_of(output))
    elif format is not None:
        tables.write_table(result, sys.stdout.buffer, format)
    else:
        print(text.table(result))


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
    from makemore.pipeline import evaluate as using
    from makemore.versions.store import find_version

    lines = using.arpa_lines(find_version(Home(home), version).path, output)
    if output is None:
        print("\n".join(lines))


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
