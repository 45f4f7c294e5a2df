"""The first step of a version: a draft with the relations as they are, once all that it is to be made of is checked."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from makemore import models
from makemore.database import connect, copy_database
from makemore.device import choose_device
from makemore.home import Home, clear_staging
from makemore.ingest.store import WORKING
from makemore.options import BuildOptions, TrainOptions, as_config
from makemore.pipeline.build import built_with
from makemore.relations import incremental
from makemore.versions import provenance, store

MOST_FREE = 0.5
"""Share of the working database that may hold nothing before it is written anew: each version has a copy of it."""

log = logging.getLogger("makemore")


def draft(home: Path, options: TrainOptions) -> Path:
    """A new version in staging: its manifest and its snapshot of the relations, from which all else in it follows.

    Raises:
        FileNotFoundError: nothing was ingested.
        ValueError: the relations are not of the lists as they are now, a model type, setting or device is unknown,
            or a split that a model needs has no name.
    """
    choose_device(options.device)
    with connect(Home(home).db) as con:
        sources, build_options = built_with(con, home)
        settings = {model_type: _settings(model_type, options, build_options) for model_type in options.models}
        _check_splits(con, settings)
        clear_staging(Home(home))
        made_from = provenance.made_from(sources, build_options, options, settings)
        folder = store.create_draft(Home(home), made_from, datetime.now(UTC))
        is_sparse = incremental.free_share(con) > MOST_FREE
    if is_sparse:
        incremental.compact(Home(home).db)
    copy_database(Home(home).db, folder.stats, leave_out=WORKING)
    return folder.path


def _check_splits(con: duckdb.DuckDBPyConnection, settings: dict[str, dict[str, Any]]) -> None:
    splits = {split for (split,) in con.execute("select distinct split from split_names").fetchall()}
    if "train" not in splits:
        raise ValueError("no name of the lists is in train. Use `makemore build --holdout 0`, or more names.")
    for model_type, values in settings.items():
        if "dev" not in splits and models.configure(model_type, values).needs_dev:
            raise ValueError(
                f"{model_type}: its weights are fitted on dev, which has no name. Hold names out, or give them: "
                f"--set {model_type}.weights=1,1 for as many parts."
            )


def _settings(model_type: str, options: TrainOptions, build_options: BuildOptions) -> dict[str, Any]:
    """All settings of a model type: its defaults, what was built with, and what --set says."""
    settings = models.defaults(model_type)
    settings |= {name: value for name, value in as_config(build_options).items() if name in settings}
    for item in options.set:
        model, dot, assignment = item.partition(".")
        setting, equals, value = assignment.partition("=")
        if not dot or not equals or model not in options.models:
            raise ValueError(f"--set {item}: use MODEL.SETTING=VALUE, MODEL being one of {', '.join(options.models)}.")
        if model == model_type:
            settings[setting] = value
    config = models.configure(model_type, settings)
    if missing := [part for part in config.parts if part not in options.models]:
        raise ValueError(f"{model_type} mixes {missing[0]}, which --models does not name: add it.")
    settings = asdict(config)
    if issubclass(models.model_class(model_type), models.NGramModel):
        _check_built_with(model_type, settings, as_config(build_options))
    return settings


def _check_built_with(model_type: str, config: dict[str, Any], built: dict[str, Any]) -> None:
    """Nothing, if a model made of relations has the settings that they were built with."""
    for name in config:
        if name in built and config[name] != built[name]:
            raise ValueError(
                f"--set {model_type}.{name}={config[name]}: the relations were built with {built[name]}. "
                f"Build them anew: makemore build --{name.replace('_', '-')} {config[name]}."
            )
