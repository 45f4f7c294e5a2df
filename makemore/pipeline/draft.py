"""The draft of a version: checked settings, a snapshot of the relations, and the files that follow from it."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from makemore import models
from makemore.data import dataset
from makemore.database import connect, copy_database
from makemore.device import choose_device
from makemore.errors import InvalidInput, InvalidOption
from makemore.files import tables
from makemore.home import Home
from makemore.ingest.store import WORKING
from makemore.options import BuildOptions, TrainOptions, as_config
from makemore.pipeline.build import built_with
from makemore.relations import incremental
from makemore.versions import provenance, store
from makemore.versions.version import Version

MAX_FREE_SHARE = 0.5
"""Share of unused blocks above which the working database is compacted: every version contains a copy of it."""

log = logging.getLogger("makemore")


def draft(home: Path, options: TrainOptions) -> Path:
    """Create a draft in staging with a manifest of the inputs and a snapshot of the relations.

    Raises:
        NotFound: no list was ingested.
        InvalidOption: a model type, setting or device is invalid.
        InvalidInput: the relations are out of date, or the train split is empty.
    """
    if options.device != "auto":
        choose_device(options.device)
    with connect(Home(home).db) as con:
        sources, build_options = built_with(con, home)
        settings = {model_type: _settings(model_type, options, build_options) for model_type in options.models}
        _check_splits(con, settings)
        made_from = provenance.made_from(sources, build_options, options, settings)
        version = store.create_draft(Home(home), made_from, datetime.now(UTC))
        is_sparse = incremental.free_share(con) > MAX_FREE_SHARE
    if is_sparse:
        incremental.compact(Home(home).db)
    copy_database(Home(home).db, version.stats, leave_out=WORKING)
    return version.path


def write_counts(draft: Path) -> int:
    """Write counts.parquet from the snapshot of a draft; the number of rows."""
    version = Version(draft)
    with connect(version.stats, read_only=True) as con:
        counts = con.sql("select ix1, ix2, ch1, ch2, count from bigram_counts order by ix1, ix2").pl()
    tables.write_table(counts, version.counts, "parquet")
    return len(counts)


def write_dataset(draft: Path) -> int:
    """Write dataset.safetensors from the snapshot of a draft; the number of bigrams."""
    version = Version(draft)
    with connect(version.stats, read_only=True) as con:
        bigrams = dataset.write_dataset(con, version.dataset)
    log.info("wrote xs and ys: %s bigrams", f"{bigrams:,}")
    return bigrams


def _check_splits(con: duckdb.DuckDBPyConnection, settings: dict[str, dict[str, Any]]) -> None:
    """Raise if a split that a model needs is empty."""
    splits = {split for (split,) in con.execute("select distinct split from split_names").fetchall()}
    if "train" not in splits:
        raise InvalidInput("the train split is empty", "run `makemore build --holdout 0`, or ingest more names")
    for model_type, values in settings.items():
        if "dev" not in splits and models.configure(model_type, values).needs_dev:
            hint = f"hold names out, or set one weight per part: --set {model_type}.weights=1,1"
            raise InvalidOption(f"{model_type} fits its weights on the dev split, which is empty", hint)


def _settings(model_type: str, options: TrainOptions, build_options: BuildOptions) -> dict[str, Any]:
    """All settings of a model type: its defaults, then the build options, then --set."""
    built = as_config(build_options)
    settings = models.defaults(model_type)
    settings |= {name: value for name, value in built.items() if name in settings}
    for item in options.set:
        model, dot, assignment = item.partition(".")
        setting, equals, value = assignment.partition("=")
        if not dot or not equals or model not in options.models:
            hint = f"use MODEL.SETTING=VALUE with one of {', '.join(options.models)}"
            raise InvalidOption(f"--set {item} is invalid", hint)
        if model == model_type:
            settings[setting] = value
    config = models.configure(model_type, settings)
    if missing := [part for part in config.parts if part not in options.models]:
        raise InvalidOption(f"{model_type} combines {missing[0]}, which is not trained", "add it to --models")
    settings = asdict(config)
    if issubclass(models.model_class(model_type), models.NGramModel):
        for name in settings:
            if name in built and settings[name] != built[name]:
                raise InvalidOption(
                    f"--set {model_type}.{name}={settings[name]} contradicts the relations, built with {built[name]}",
                    f"run `makemore build --{name.replace('_', '-')} {settings[name]}`",
                )
    return settings
