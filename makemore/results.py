"""What analysts read of the models: tables of the version's files and of earlier metrics, and the relations on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from makemore import artifacts, relations
from makemore.database import connect
from makemore.home import Home

METRICS = {
    "version": pl.String,
    "created_at": pl.Datetime,
    "model_type": pl.String,
    "split": pl.String,
    "nll": pl.Float64,
    "nll_se": pl.Float64,
    "parameters": pl.Int64,
    "train_seconds": pl.Float64,
}
MODELS = {
    "model_type": pl.String,
    "settings": pl.String,
    "parameters": pl.Int64,
    "train_seconds": pl.Float64,
    "names_per_second": pl.Float64,
    "nll_train": pl.Float64,
}


def write_results(home: Home, draft: Path) -> None:
    """Add the tables metrics, models, samples and scores to a draft's snapshot, and the relations of sql/results/.

    The published files are the only record of earlier versions: a row of metrics cannot say anything else than they do.
    """
    folders = [*(home.versions / version for version in artifacts.versions(home)), draft]
    tables = {
        "metrics": pl.DataFrame([row for folder in folders for row in _metrics(folder)], schema=METRICS),
        "models": pl.DataFrame([_model(draft, model_type) for model_type in artifacts.models_in(draft)], schema=MODELS),
        "samples": _of_all(draft, "samples/{}.parquet"),
        "scores": _of_all(draft, "models/{}/scores.parquet"),
    }
    with connect(draft / "stats.duckdb") as con:
        for table, frame in tables.items():
            con.register("frame", frame.to_arrow())
            con.execute(f"create or replace table {table} as from frame")
            con.unregister("frame")
        con.execute("alter table models alter settings type json")
        list(relations.build(con, relations.selects_on_results()))


def _metrics(folder: Path) -> Iterator[dict[str, Any]]:
    for model_type in artifacts.models_in(folder):
        try:
            manifest, metrics = artifacts.read_manifest(folder), artifacts.read_metrics(folder, model_type)
        except artifacts.NotAsPublished:
            # A version that is damaged by now has nothing to tell; `makemore verify` names it.
            continue
        for split, nll in metrics["nll"].items():
            yield {
                "version": manifest["version"],
                "created_at": datetime.fromisoformat(manifest["created_at"]).replace(tzinfo=None),
                "model_type": model_type,
                "split": split,
                "nll": nll,
                "nll_se": metrics.get("nll_se", {}).get(split),
                "parameters": metrics["parameters"],
                "train_seconds": metrics["train_seconds"],
            }


def _model(draft: Path, model_type: str) -> dict[str, Any]:
    settings = artifacts.read_json(draft / "models" / model_type / "config.json")["config"]
    metrics = artifacts.read_metrics(draft, model_type)
    return {
        "model_type": model_type,
        "settings": json.dumps(settings),
        "nll_train": metrics["nll"].get("train"),
    } | {column: metrics[column] for column in ("parameters", "train_seconds", "names_per_second")}


def _of_all(draft: Path, file: str) -> pl.DataFrame:
    """The rows of a file that each model of a draft has, with its model type before them."""
    return pl.concat(
        pl.read_parquet(draft / file.format(model_type), glob=False).select(
            pl.lit(model_type).alias("model_type"), pl.all()
        )
        for model_type in artifacts.models_in(draft)
    )
