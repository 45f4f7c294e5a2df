"""The nightly run: ingest lists, publish a version if anything is new, prune old versions, collect problems."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from makemore.database import first_line
from makemore.errors import MakemoreError, NeedsAttention, NotFound
from makemore.home import Home, clear_staging
from makemore.ingest.store import Ingested
from makemore.options import BuildOptions, IngestOptions, TrainOptions, check_keep
from makemore.pipeline.due import record_newest, why_due
from makemore.pipeline.inbox import Outcome, ingest_lists
from makemore.pipeline.ingest import recognise
from makemore.pipeline.recording import Recording, Stopwatch, WorkFound, recorded
from makemore.versions import registry, run_record

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class RunResult:
    """The version that a run published, if one was due, and the problems that need attention."""

    version: Path | None
    problems: tuple[str, ...] = ()

    @property
    def outcome(self) -> run_record.Outcome:
        """The outcome as the record of the run has it."""
        return "needs attention" if self.problems else "published" if self.version else "nothing to do"


@dataclass(frozen=True)
class Plan:
    """Lists and options of a run, the number of versions to keep, and a file for metrics."""

    lists: list[str]
    read: IngestOptions = IngestOptions()
    build: BuildOptions = BuildOptions()
    train: TrainOptions = TrainOptions()
    keep: int = 30
    metrics: Path | None = None

    def __post_init__(self) -> None:
        check_keep(self.keep)


@dataclass(frozen=True)
class RunSteps:
    """The expensive steps of a run, and two that show progress. A flow passes Prefect tasks."""

    ingest: Callable[[Path, str, IngestOptions], Ingested]
    make_version: Callable[[Path, BuildOptions, TrainOptions, Stopwatch], Path]
    """The only step that needs torch. It measures its own parts."""
    prune: Callable[[Path, int], object]
    show_decision: Callable[[Sequence[Outcome], str | None], None] = lambda outcomes, why: None
    """Called with the outcome of each list and the reason for a version, before the version is made."""
    show_version: Callable[[Path], None] = lambda version: None


def run_nightly(home: Path, plan: Plan, steps: RunSteps) -> RunResult:
    """Run all steps, and record the run in the home. The caller holds the lock of the home.

    Raises:
        MakemoreError: no list could be read and the home has none, all models failed, or a check failed.
    """
    with recorded(home, plan.metrics) as recording:
        result = _run(home, plan, steps, recording)
        recording.end(result.outcome, result.version, result.problems)
    return result


def run_if_idle(home: Path, plan: Plan, prune: Callable[[Path, int], object]) -> RunResult | None:
    """Run to the end if there is nothing to do and nothing to report; otherwise return None, for a run that does it.

    Only known lists are skipped, old versions pruned and the run recorded. The caller holds the lock of the home.
    """
    if not Home(home).db.exists() or any(Home(home).staging.glob("*")):
        return None

    def skip(home: Path, uri: str, options: IngestOptions) -> Ingested:
        if recognised := recognise(home, uri, options):
            return recognised
        raise WorkFound

    def check_decision(outcomes: Sequence[Outcome], why: str | None) -> None:
        if why or any(outcome.problem for outcome in outcomes):
            raise WorkFound

    def make_no_version(*_: object) -> Path:
        raise WorkFound

    def prune_or_leave(home: Path, keep: int) -> None:
        try:
            prune(home, keep)
        except (MakemoreError, OSError) as error:
            raise WorkFound from error

    try:
        return run_nightly(home, plan, RunSteps(skip, make_no_version, prune_or_leave, check_decision))
    except WorkFound:
        return None


def _run(home: Path, plan: Plan, steps: RunSteps, recording: Recording) -> RunResult:
    clock = recording.stopwatch
    steps = replace(steps, ingest=clock.timed("ingest", steps.ingest), prune=clock.timed("prune", steps.prune))
    clear_staging(Home(home))
    outcomes = list(ingest_lists(home, plan.lists, plan.read, steps.ingest))
    recording.ingested(outcomes)
    problems = [outcome.problem for outcome in outcomes if outcome.problem]
    record_newest(home)
    try:
        why = why_due(home, plan.build, plan.train)
    except NotFound as error:
        raise NotFound(" ".join(problems)) if problems else error from None
    steps.show_decision(outcomes, why)
    version = None
    if why:
        log.info("a version is due: %s", why)
        try:
            version, version_problems = _make_version(home, plan, steps, clock)
        except Exception:
            # A full disk stays full until old versions are deleted.
            _prune(home, plan, steps)
            raise
        problems += version_problems
    problems += _prune(home, plan, steps)
    for problem in problems:
        log.warning("needs attention: %s", problem)
    return RunResult(version, tuple(problems))


def _make_version(home: Path, plan: Plan, steps: RunSteps, clock: Stopwatch) -> tuple[Path, list[str]]:
    """The published version and its problems."""
    problems = []
    try:
        version = steps.make_version(home, plan.build, plan.train, clock)
    except NeedsAttention as error:
        if error.version is None:
            raise
        version = error.version
        problems.append(first_line(error))
    steps.show_version(version)
    known = registry.read(Home(home))
    for decision in known.decisions_on(version.name)[-1:]:
        if not decision.is_promoted:
            champion = known.champion.version if known.champion else "none"
            problems.append(f"{version.name} was refused: {'; '.join(decision.reasons)}. Champion: {champion}")
    return version, problems


def _prune(home: Path, plan: Plan, steps: RunSteps) -> list[str]:
    """Delete old versions and leftovers; the problem, if any."""
    try:
        steps.prune(home, plan.keep)
    except (MakemoreError, OSError) as error:
        return [f"old versions or leftovers were not deleted: {first_line(error)}"]
    return []
