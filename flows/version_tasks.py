"""Steps of a version as Prefect tasks, under their names in makemore/pipeline/publish.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from makemore.flows import run_page
from makemore.options import BuildOptions, TrainOptions
from makemore.pipeline import publish as steps
from makemore.pipeline.build import build_relations


def _task(name: str, step: Any, run_name: str | None = None) -> Any:
    return task(name=name, task_run_name=run_name or name, cache_policy=NO_CACHE)(step)


build = _task("build", build_relations)
draft = _task("draft", steps.draft)
write_counts = _task("counts", steps.write_counts)
write_dataset = _task("dataset", steps.write_dataset)
train_model = _task("train", steps.train_model, "train {model_type}")
evaluate_model = _task("evaluate", steps.evaluate_model, "evaluate {model_type}")
sample_model = _task("sample", steps.sample_model, "sample {model_type}")
write_results = _task("results", steps.write_results)
judge = _task("judge", steps.judge)
publish = _task("publish", steps.publish)

VERSION_STEPS = ("draft", "write_counts", "write_dataset", "write_results", "judge", "publish")
MODEL_STEPS = ("train_model", "evaluate_model", "sample_model")


def make_version(home: Path, build_options: BuildOptions, train_options: TrainOptions) -> Path:
    """Build the relations and make a version as `pipeline.publish.make_version` does, each step a task."""
    build(home, build_options)
    total = len(VERSION_STEPS) + len(MODEL_STEPS) * len(train_options.models)
    tasks = run_page.with_progress(sys.modules[__name__], (*VERSION_STEPS, *MODEL_STEPS), total)
    return steps.make_version(home, train_options, steps=tasks)
