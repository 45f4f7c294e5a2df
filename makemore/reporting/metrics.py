"""Metrics of a home for Prometheus, as a file for the textfile collector of node_exporter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from makemore.errors import InvalidOption, extra
from makemore.reporting.status import ChampionStatus, Status
from makemore.versions.run_record import RunRecord

Samples = Mapping[tuple[str, ...], float]
"""Values by the values of the labels."""


@dataclass(frozen=True)
class Metric:
    """A gauge with the label `home` and others. `samples` is empty if a home has no value for it."""

    name: str
    help: str
    samples: Callable[[Status], Samples]
    labels: tuple[str, ...] = ()


def write_metrics(status: Status, file: Path) -> None:
    """Replace a file with the metrics of a home.

    Raises:
        NotFound: prometheus_client is not installed.
        InvalidOption: the file cannot be written; it stays as it was.
    """
    with extra("flows"):
        from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    registry, home = CollectorRegistry(), str(status.home.absolute())
    for metric in METRICS:
        if samples := metric.samples(status):
            gauge = Gauge(metric.name, metric.help, ("home", *metric.labels), registry=registry)
            for labels, value in samples.items():
                gauge.labels(home, *labels).set(value)
    try:
        write_to_textfile(str(file), registry)
    except OSError as error:
        # The error names a temporary file.
        hint = "use a file in a writable folder"
        raise InvalidOption(f"--metrics is not writable ({error.strerror})", hint) from error


def _run(value: Callable[[RunRecord], Samples]) -> Callable[[Status], Samples]:
    return lambda status: value(status.last_run) if status.last_run else {}


def _champion(value: Callable[[ChampionStatus], Samples]) -> Callable[[Status], Samples]:
    return lambda status: value(status.champion) if status.champion else {}


def _one(value: float) -> Samples:
    return {(): value}


def _timestamp(time: str | None) -> Samples:
    return _one(datetime.fromisoformat(time).timestamp()) if time else {}


METRICS = (
    Metric(
        "makemore_last_run_timestamp_seconds",
        "End of the last run.",
        _run(lambda run: _timestamp(run.ended_at)),
    ),
    Metric(
        "makemore_last_success_timestamp_seconds",
        "End of the last run that did not fail.",
        _run(lambda run: _timestamp(run.last_success_at)),
    ),
    Metric(
        "makemore_last_run_failed",
        "Whether the last run failed.",
        _run(lambda run: _one(run.outcome == "failed")),
    ),
    Metric(
        "makemore_last_run_needs_attention",
        "Whether the last run completed with problems.",
        _run(lambda run: _one(run.outcome == "needs attention")),
    ),
    Metric(
        "makemore_last_run_duration_seconds",
        "Duration of the last run.",
        _run(lambda run: _one(run.seconds["total"])),
    ),
    Metric(
        "makemore_last_run_step_duration_seconds",
        "Duration of a step of the last run, over all lists or models.",
        _run(lambda run: {(step,): value for step, value in run.seconds.items() if step != "total"}),
        labels=("step",),
    ),
    Metric(
        "makemore_last_run_names",
        "Names in the new and changed lists of the last run.",
        _run(lambda run: _one(run.names)),
    ),
    Metric(
        "makemore_last_run_rejected_rows",
        "Rejected rows in the new and changed lists of the last run.",
        _run(lambda run: _one(run.rejects)),
    ),
    Metric(
        "makemore_quarantined_lists",
        "Quarantined lists at the end of the last run.",
        lambda status: _one(len(status.quarantined)),
    ),
    Metric(
        "makemore_champion_timestamp_seconds",
        "Promotion of the champion.",
        _champion(lambda champion: _timestamp(champion.since)),
    ),
    Metric(
        "makemore_champion_names",
        "Names in the lists of the champion.",
        _champion(lambda champion: _one(champion.names)),
    ),
    Metric(
        "makemore_champion_rejected_rows",
        "Rejected rows in the lists of the champion.",
        _champion(lambda champion: _one(champion.rejects)),
    ),
    Metric(
        "makemore_champion_nll_nats",
        "Mean negative log-likelihood per character of each model of the champion.",
        _champion(
            lambda champion: {
                (model_type, split): nll for model_type, splits in champion.nll.items() for split, nll in splits.items()
            }
        ),
        labels=("model_type", "split"),
    ),
    Metric("makemore_versions", "Published versions.", lambda status: _one(len(status.versions))),
    Metric("makemore_home_size_bytes", "Size of the home.", lambda status: _one(status.bytes)),
)
"""All metrics. docs/guides/monitor.md lists them."""
