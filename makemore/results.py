"""What analysts read of the models: metrics of all versions and samples of this one, in its snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from makemore import artifacts
from makemore.database import connect
from makemore.home import Home

METRICS = {
    "version": pl.String,
    "created_at": pl.Datetime,
    "model_type": pl.String,
    "split": pl.String,
    "nll": pl.Float64,
    "parameters": pl.Int64,
    "train_seconds": pl.Float64,
}


def write_results(home: Home, draft: Path) -> None:
    """Add the tables metrics and samples to a draft's snapshot.

    The published files are the only record of earlier versions: a row here cannot say anything else than they do.
    """
    folders = [*(home.versions / version for version in artifacts.versions(home)), draft]
    metrics = pl.DataFrame([row for folder in folders for row in _metrics(folder)], schema=METRICS)
    samples = pl.concat(
        pl.read_parquet(draft / "samples" / f"{model_type}.parquet", glob=False).select(
            pl.lit(model_type).alias("model_type"), pl.all()
        )
        for model_type in artifacts.models_in(draft)
    )
    with connect(draft / "stats.duckdb") as con:
        for table, frame in (("metrics", metrics), ("samples", samples)):
            con.register("frame", frame.to_arrow())
            con.execute(f"create or replace table {table} as from frame")
            con.unregister("frame")


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
                "parameters": metrics["parameters"],
                "train_seconds": metrics["train_seconds"],
            }
