"""The steps of a version as Prefect tasks, by the names that they have in makemore/pipeline/publish.py."""

from __future__ import annotations

import sys
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from makemore.flows import run_page
from makemore.options import BuildOptions, TrainOptions
from makemore.pipeline import publish as making
from makemore.pipeline.build import build_relations

build = task(name="build", task_run_name="build", cache_policy=NO_CACHE)(build_relations)
draft = task(name="draft", task_run_name="draft", cache_policy=NO_CACHE)(making.draft)
write_counts = task(name="counts", task_run_name="counts", cache_policy=NO_CACHE)(making.write_counts)
write_dataset = task(name="dataset", task_run_name="dataset", cache_policy=NO_CACHE)(making.write_dataset)
train_model = task(name="train", task_run_name="train {model_type}", cache_policy=NO_CACHE)(making.train_model)
evaluate_model = task(name="evaluate", task_run_name="evaluate {model_type}", cache_policy=NO_CACHE)(
    making.evaluate_model
)
sample_model = task(name="sample", task_run_name="sample {model_type}", cache_policy=NO_CACHE)(making.sample_model)
write_results = task(name="results", task_run_name="results", cache_policy=NO_CACHE)(making.write_results)
judge = task(name="judge", task_run_name="judge", cache_policy=NO_CACHE)(making.judge)
publish = task(name="publish", task_run_name="publish", cache_policy=NO_CACHE)(making.publish)

OF_A_VERSION = ("draft", "write_counts", "write_dataset", "write_results", "judge", "publish")
OF_A_MODEL = ("train_model", "evaluate_model", "sample_model")


def make_version(home: Path, build_options: BuildOptions, train_options: TrainOptions) -> Path:
    """The version of the relations that are built first, as `making.make_version` makes it, each step a task."""
    build(home, build_options)
    total = len(OF_A_VERSION) + len(OF_A_MODEL) * len(train_options.models)
    steps = run_page.counted(sys.modules[__name__], (*OF_A_VERSION, *OF_A_MODEL), total)
    return making.make_version(home, train_options, steps=steps)
