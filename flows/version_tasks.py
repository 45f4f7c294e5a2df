"""Steps of a version as Prefect tasks."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from makemore.flows import run_page
from makemore.options import BuildOptions, TrainOptions
from makemore.pipeline import publish
from makemore.pipeline.build import build_relations
from makemore.pipeline.recording import Stopwatch


def _task(name: str, step: Any, run_name: str | None = None) -> Any:
    return task(name=name, task_run_name=run_name or name, cache_policy=NO_CACHE)(step)


PLAIN = publish.VersionSteps()
TASKS = publish.VersionSteps(
    draft=_task("draft", PLAIN.draft),
    write_counts=_task("counts", PLAIN.write_counts),
    write_dataset=_task("dataset", PLAIN.write_dataset),
    train_model=_task("train", PLAIN.train_model, "train {model_type}"),
    evaluate_model=_task("evaluate", PLAIN.evaluate_model, "evaluate {model_type}"),
    sample_model=_task("sample", PLAIN.sample_model, "sample {model_type}"),
    write_results=_task("results", PLAIN.write_results),
    judge=_task("judge", PLAIN.judge),
    publish=_task("publish", PLAIN.publish),
)
STEPS_PER_MODEL = 3
STEPS_PER_VERSION = len(fields(TASKS)) - STEPS_PER_MODEL

build = _task("build", build_relations)


def make_version(home: Path, build_options: BuildOptions, train_options: TrainOptions, clock: Stopwatch) -> Path:
    """Build the relations and make a version as `pipeline.publish.make_version` does, each step a task."""
    clock.timed("build", build)(home, build_options)
    total = STEPS_PER_VERSION + STEPS_PER_MODEL * len(train_options.models)
    steps = clock.timed_version(run_page.with_progress(TASKS, total))
    return publish.make_version(home, train_options, steps)
