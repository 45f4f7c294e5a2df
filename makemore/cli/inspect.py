"""Commands that print what a version contains."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from makemore.cli.app import DEFAULT_HOME, INSPECT, Flat, HomeOption, OutputOption, VersionOption, app, find, list_file
from makemore.cli.interruption import exit_on_signals
from makemore.home import Home
from makemore.options import ReadOptions, TableFormat
from makemore.progress import phase


@app.command(group=INSPECT)
def query(
    sql: Annotated[str, Parameter(help="Select statement.")],
    /,
    *,
    home: HomeOption = DEFAULT_HOME,
    version: VersionOption = None,
    format: Annotated[TableFormat | None, Parameter(help="Format of the output; by default a formatted table.")] = None,
    output: OutputOption = None,
) -> None:
    """Print the result of a query on the relations of a published version. The database is read-only.

    Example: makemore query "select * from bigram_counts order by count desc limit 5"
    """
    from makemore import database
    from makemore.files import tables
    from makemore.reporting import text

    with phase("running the query"):
        snapshot = find(home, version).stats
    with exit_on_signals("query"):
        result = database.query(snapshot, sql)
    if output is not None:
        tables.write_table(result, output, format or tables.format_of(output))
    elif format is not None:
        tables.write_table(result, sys.stdout.buffer, format)
    else:
        print(text.table(result))


@app.command(group=INSPECT)
def compare(*, home: HomeOption = DEFAULT_HOME, version: VersionOption = None) -> None:
    """Print the models of a version, best first, and the quality of their samples.

    Example: makemore compare
    """
    from makemore.reporting import text

    print(text.comparison(find(home, version)))


@app.command(group=INSPECT)
def evaluate(
    *,
    names: Annotated[str, Parameter(help="List of names to evaluate on; - for stdin.", allow_leading_hyphen=True)],
    home: HomeOption = DEFAULT_HOME,
    version: VersionOption = None,
    model: Annotated[str | None, Parameter(help="Model type to evaluate; by default all.")] = None,
    read: Annotated[ReadOptions, Flat] = ReadOptions(),
) -> None:
    """Print the nll of a version's models on a list: on all names, on those seen in training, on unseen ones.

    Example: makemore evaluate --names examples/names/english.txt
    """
    from makemore.pipeline.evaluate import evaluate_list, read_names
    from makemore.reporting import text

    found = find(home, version)
    model_types = found.model_types if model is None else [found.find_model(model)]
    with list_file(names) as path:
        known, rejected = read_names(found.path, path, read)
    if rejected:
        print(f"{names}: {rejected:,} rows rejected", file=sys.stderr)
    for model_type in model_types:
        print(text.evaluation_line(model_type, evaluate_list(found.path, model_type, known)))


@app.command(group=INSPECT)
def show(version: VersionOption = None, /, *, home: HomeOption = DEFAULT_HOME) -> None:
    """Print the lists, options, models, metrics and decisions of a version.

    Example: makemore show
    """
    from makemore.reporting.show import describe_version
    from makemore.versions import registry

    print(describe_version(find(home, version), registry.read(Home(home))))


@app.command(group=INSPECT)
def diff(
    a: Annotated[str, Parameter(help="Earlier published version.")],
    b: Annotated[str, Parameter(help="Later published version, compared with the earlier one.")],
    /,
    *,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print the differences between two versions: lists, options, nll on the held-out names that both share, bigrams.

    Example: makemore diff 20261121-020000-5b1e07 20261122-020000-3f2a9c
    """
    from makemore.reporting.diff import describe_changes

    print(describe_changes(find(home, a), find(home, b)))


@app.command(group=INSPECT)
def arpa(*, home: HomeOption = DEFAULT_HOME, version: VersionOption = None, output: OutputOption = None) -> None:
    """Print the n-grams of a version's train split in ARPA format, for KenLM and other n-gram tools.

    Example: makemore arpa
    """
    from makemore.pipeline.evaluate import arpa_lines

    lines = arpa_lines(find(home, version).path, output)
    if output is None:
        print("\n".join(lines))
