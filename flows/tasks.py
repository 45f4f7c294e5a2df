"""The steps as Prefect tasks, by the names that they have in makemore/steps/."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from makemore.lists import TransientError, expand
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.steps import intake, making, sampling


def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Whether trying again may help: a download that broke, a list still being written, a full disk; not bad input."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, (TransientError, OSError)) and not isinstance(error, FileNotFoundError)


AGAIN: Any = {"retries": 2, "retry_delay_seconds": [2, 20], "retry_condition_fn": _may_pass}
"""How a task is tried again."""

ingest = task(name="ingest", task_run_name="ingest {uri}", cache_policy=NO_CACHE, **AGAIN)(intake.ingest)
build = task(name="build", task_run_name="build", cache_policy=NO_CACHE)(intake.build)
draft = task(name="draft", task_run_name="draft", cache_policy=NO_CACHE)(making.draft)
write_counts = task(name="counts", task_run_name="counts", cache_policy=NO_CACHE)(making.write_counts)
write_dataset = task(name="dataset", task_run_name="dataset", cache_policy=NO_CACHE)(making.write_dataset)
train_model = task(name="train", task_run_name="train {model_type}", cache_policy=NO_CACHE)(making.train_model)
evaluate_model = task(name="evaluate", task_run_name="evaluate {model_type}", cache_policy=NO_CACHE)(
    making.evaluate_model
)
sample_model = task(name="sample", task_run_name="sample {model_type}", cache_policy=NO_CACHE)(making.sample_model)
publish = task(name="publish", task_run_name="publish", cache_policy=NO_CACHE)(making.publish)
plan = task(name="plan", task_run_name="plan {output}", cache_policy=NO_CACHE)(sampling.plan)
make_shard = task(name="shard", task_run_name="shard {number}", cache_policy=NO_CACHE, **AGAIN)(sampling.make_shard)
assemble = task(name="assemble", task_run_name="assemble", cache_policy=NO_CACHE)(sampling.assemble)


def ingest_lists(lists: list[str], home: Path, read: IngestOptions) -> None:
    """Take in each list, one after the other: they share one database."""
    for uri in expand(lists):
        ingest(home, uri, read)


def make_version(home: Path, build_options: BuildOptions, train_options: TrainOptions) -> Path:
    """The version of the relations that are built first, as `making.make_version` makes it, each step a task."""
    build(home, build_options)
    return making.make_version(home, train_options, steps=sys.modules[__name__])
