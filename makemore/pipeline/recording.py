"""Record a run: its start, its end, its problems and the seconds of its steps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from makemore.database import first_line
from makemore.home import Home
from makemore.pipeline.inbox import Outcome
from makemore.pipeline.ingest import quarantined_lists
from makemore.reporting.metrics import write_metrics
from makemore.reporting.status import read_status
from makemore.versions import run_record
from makemore.versions.registry import timestamp
from makemore.versions.run_record import Quarantined, RunRecord

if TYPE_CHECKING:
    # It imports torch, which a run without a new version does not need.
    from makemore.pipeline.publish import VersionSteps

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class Stopwatch:
    """Seconds by step, added up over the calls of the step."""

    seconds: dict[str, float] = field(default_factory=dict)

    def timed(self, name: str, step: Callable[P, T]) -> Callable[P, T]:
        """The same step, measured under this name, also if it fails."""

        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            started = time.perf_counter()
            try:
                return step(*args, **kwargs)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

        return run

    def timed_version(self, steps: VersionSteps) -> VersionSteps:
        """The same steps, measured under their names: draft, counts, dataset, train, evaluate and so on."""
        names = {step.name: step.name.removeprefix("write_").removesuffix("_model") for step in fields(steps)}
        return replace(steps, **{step: self.timed(name, getattr(steps, step)) for step, name in names.items()})


class WorkFound(BaseException):
    """A run that was to end without work has some; another one does it. Not an Exception, which would be a problem."""


class Recording:
    """The record of a run in progress."""

    def __init__(self, home: Path, metrics: Path | None) -> None:
        self._home, self._metrics, self._started = Home(home), metrics, time.perf_counter()
        self._before = before = run_record.read(self._home)
        self.stopwatch = Stopwatch()
        self.record = RunRecord(
            timestamp(),
            last_success_at=before.last_success_at if before else None,
            quarantined=before.quarantined if before else (),
        )
        self._write(self.record)

    def ingested(self, outcomes: Sequence[Outcome]) -> None:
        """Add the names and rejected rows of new and changed lists."""
        new = [outcome.ingested for outcome in outcomes if outcome.ingested and outcome.status == "ingested"]
        names, rejects = sum(each.names for each in new), sum(each.rejects for each in new)
        self.record = replace(self.record, names=names, rejects=rejects)

    def end(self, outcome: run_record.Outcome, version: Path | None = None, problems: Sequence[str] = ()) -> None:
        """Write the record and the metrics of the run that ended."""
        now = timestamp()
        seconds = self.stopwatch.seconds | {"total": time.perf_counter() - self._started}
        self.record = replace(
            self.record,
            outcome=outcome,
            ended_at=now,
            last_success_at=self.record.last_success_at if outcome == "failed" else now,
            version=version.name if version else None,
            problems=tuple(problems),
            seconds={step: round(value, 3) for step, value in seconds.items()},
            quarantined=self._quarantined(),
        )
        self._write(self.record)
        if self._metrics:
            self._write_metrics(self._metrics)

    def withdraw(self) -> None:
        """Restore the record of the run before."""
        self._write(self._before)

    def _quarantined(self) -> tuple[Quarantined, ...]:
        """The quarantined lists of the home; those of the run before if the database cannot be read."""
        try:
            return tuple(Quarantined(row["uri"], row["reason"]) for row in quarantined_lists(self._home.path))
        except Exception as error:
            log.warning("failed to read the quarantined lists: %s", first_line(error))
            return self.record.quarantined

    def _write(self, record: RunRecord | None) -> None:
        try:
            run_record.write(self._home, record)
        except (OSError, ValueError) as error:
            log.warning("failed to write the record of the run: %s", first_line(error))

    def _write_metrics(self, file: Path) -> None:
        try:
            status = read_status(self._home.path)
            write_metrics(replace(status, last_run=self.record, quarantined=self.record.quarantined), file)
        except Exception as error:
            log.warning("failed to write the metrics to %s: %s", file, first_line(error))


@contextmanager
def recorded(home: Path, metrics: Path | None = None) -> Iterator[Recording]:
    """Record the run of the block, which calls `Recording.end` if it succeeds. The caller holds the lock of the home.

    `metrics` is a file for Prometheus. A run does not fail because of its record or its metrics.
    `WorkFound` withdraws the record: until the other run starts, this one would look like a killed run.
    """
    recording = Recording(home, metrics)
    try:
        yield recording
    except WorkFound:
        recording.withdraw()
        raise
    except BaseException as error:
        recording.end("failed", problems=[_reason(error)])
        raise


def _reason(error: BaseException) -> str:
    """The first line of an error. Prefect cancels a run that exceeds its time limit."""
    if isinstance(error, Exception):
        return first_line(error)
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted"
    name = type(error).__name__
    return "it exceeded its time limit" if name == "CancelledError" else f"it was stopped by {name}"
