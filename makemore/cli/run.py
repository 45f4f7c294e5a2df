"""Commands that run the pipeline, in whole or step by step."""

from __future__ import annotations

import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from makemore.cli.app import (
    DEFAULT_HOME,
    RUN,
    ConfigOption,
    Flat,
    HomeOption,
    ListsArgument,
    RunFlags,
    TrainFlags,
    app,
    pass_to_flows,
)
from makemore.errors import MakemoreError, NeedsAttention, extra
from makemore.home import Home, locked_home
from makemore.options import BuildOptions, IngestOptions

if TYPE_CHECKING:
    from makemore.pipeline.nightly import Plan, RunResult


@app.command(group=RUN)
def run(
    *lists: ListsArgument,
    home: HomeOption = DEFAULT_HOME,
    config: ConfigOption = None,
    dry_run: Annotated[bool, Parameter(help="Print what a run would do, and change nothing.")] = False,
    flags: Annotated[RunFlags, Flat] = RunFlags(),
) -> None:
    """Run the whole pipeline: ingest lists and, if anything changed, build, train and publish a version.

    This is the Prefect flow `nightly`. A run with nothing to do ends before Prefect starts, unless a server is set up.

    Example: makemore run examples/names/english.txt
    """
    if dry_run:
        _preview(home, list(lists), flags)
        return
    from makemore.flows import embedded

    is_embedded = embedded.is_default()
    if is_embedded and not Home(home).db.exists() and any(Path(name).exists() for name in lists):
        # There is work for certain: start before the imports of the pipeline.
        embedded.start()
    from makemore.pipeline.lists import check_lists

    check_lists(home, lists)
    pass_to_flows(flags)
    result = _run_if_idle(home, list(lists), flags) if is_embedded else None
    if result is None:
        if is_embedded:
            embedded.start()
        result = _run_flow(home, list(lists), flags)
    if result.version:
        _print_version(result.version, home)
    else:
        print("nothing to do: the newest version is up to date")
    if problems := result.problems:
        raise _attention(len(problems))


@app.command(group=RUN)
def ingest(
    *lists: ListsArgument,
    home: HomeOption = DEFAULT_HOME,
    config: ConfigOption = None,
    read: Annotated[IngestOptions, Flat] = IngestOptions(),
) -> None:
    """Ingest lists: files, folders, globs or URLs, as text, CSV, Parquet or JSON lines.

    Example: makemore ingest yob2020.txt --columns name,sex,count --lower
    """
    from makemore.pipeline.lists import ingest_each

    with locked_home(home, "makemore ingest"):
        for result in ingest_each(home, lists, read):
            unchanged = "" if result.changed else ", unchanged"
            print(f"{result.uri}: {result.names:,} names, {result.rejects:,} rejected{unchanged}")


@app.command(group=RUN)
def build(
    *,
    home: HomeOption = DEFAULT_HOME,
    config: ConfigOption = None,
    options: Annotated[BuildOptions, Flat] = BuildOptions(),
) -> None:
    """Build the relations of sql/ from the ingested lists, and run the checks of sql/checks/.

    Example: makemore build --holdout 0 --smoothing 0
    """
    from makemore.pipeline.build import build_relations

    with locked_home(home, "makemore build"):
        for relation, rows in build_relations(home, options).items():
            print(f"{relation}: {rows:,} rows")


@app.command(group=RUN)
def train(
    *,
    home: HomeOption = DEFAULT_HOME,
    config: ConfigOption = None,
    options: Annotated[TrainFlags, Flat] = TrainFlags(),
) -> None:
    """Train models on the built relations, and publish them as a version.

    Example: makemore train --models bigram --seed 7
    """
    from makemore.pipeline.publish import make_version

    with locked_home(home, "makemore train"):
        _print_version(make_version(home, options), home)


def _attention(problems: int) -> NeedsAttention:
    return NeedsAttention(f"{problems} problem{'s need' if problems != 1 else ' needs'} attention, listed above")


def _preview(home: Path, lists: list[str], flags: RunFlags) -> None:
    from makemore.maintenance import retention
    from makemore.pipeline.lists import check_lists
    from makemore.pipeline.preview import preview

    check_lists(home, lists)
    found = preview(home, _plan(lists, flags))
    for line in found.lists():
        print(line)
    if found.is_empty:
        print("the run would fail: the home would have no list")
    elif found.why:
        print(f"a version is due: {found.why}")
        print(f"would train {', '.join(flags.train.models)}")
    else:
        print("no version is due")
    if not found.is_empty:
        pruned = retention.would_prune(home, flags.keep, publishes=found.why is not None)
        for freed in (*pruned.versions, *pruned.leftovers):
            print(f"would delete {freed.path}")
    if found.problems:
        raise _attention(found.problems)


def _plan(lists: list[str], flags: RunFlags) -> Plan:
    from makemore.pipeline.nightly import Plan

    return Plan(lists, flags.read, flags.build, flags.train, flags.keep, flags.metrics)


def _run_if_idle(home: Path, lists: list[str], flags: RunFlags) -> RunResult | None:
    """Run without Prefect if there is nothing to do; otherwise return None. A page of it would show nothing."""
    from makemore.maintenance import retention
    from makemore.pipeline.nightly import run_if_idle

    try:
        with locked_home(home, "makemore run", wait=0):
            return run_if_idle(home, _plan(lists, flags), retention.prune)
    except (MakemoreError, OSError):
        # It comes up again in the flow, which retries, waits or reports it.
        return None


def _run_flow(home: Path, lists: list[str], flags: RunFlags) -> RunResult:
    from makemore.flows import embedded

    with extra("flows"):
        from makemore.flows.nightly import nightly
    for logger in ("prefect.flow_runs", "prefect.task_runs"):
        # A failure has its traceback on the run page. Here it is one line, at the end.
        logging.getLogger(logger).propagate = False
    limited = nightly.with_options(timeout_seconds=3600 * flags.timeout)
    with embedded.ready(flags.train.models):
        return limited(lists, home, flags.read, flags.build, flags.train, flags.keep)


def _print_version(version: Path, home: Path) -> None:
    import shutil

    from makemore.reporting import text
    from makemore.versions.version import Version

    command = "makemore" if shutil.which("makemore") else shlex.quote(sys.argv[0])
    option = "" if home == DEFAULT_HOME else f" --home {shlex.quote(str(home))}"
    print(text.announcement(Version(version), command, option))
