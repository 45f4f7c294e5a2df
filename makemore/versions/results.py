"""Relations of a snapshot about models and decisions: metrics, samples, scores, promotions, sql/results/."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from makemore.database import connect
from makemore.errors import CorruptVersion
from makemore.home import Home
from makemore.relations import catalog
from makemore.versions import registry
from makemore.versions.store import list_versions
from makemore.versions.version import Version, read_json

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

VERSION_SOURCES = {
    "version": pl.String,
    "source_id": pl.Int32,
    "uri": pl.String,
    "sha256": pl.String,
    "names": pl.Int64,
    "is_champion": pl.Boolean,
    "forgotten": pl.String,
}
PROMOTIONS = {
    "version": pl.String,
    "model_type": pl.String,
    "decided_at": pl.Datetime,
    "decision": pl.String,
    "against": pl.String,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "reasons": pl.String,
}


def write_results(home: Home, draft: Version) -> int:
    """Add the models to the snapshot of a draft and build sql/results/; the number of models.

    Rows of earlier versions are read from their published files, which are the only record of them.
    """
    versions = [*list_versions(home), draft]
    known = registry.read(home)
    tables = {
        "version_sources": pl.DataFrame(
            [row for version in versions for row in _sources(version, known)], schema=VERSION_SOURCES
        ),
        "metrics": pl.DataFrame([row for version in versions for row in _metrics(version)], schema=METRICS),
        "models": pl.DataFrame([_model(draft, model_type) for model_type in draft.model_types], schema=MODELS),
        "samples": _of_all(draft, Version.samples),
        "scores": _of_all(draft, Version.scores),
    }
    with connect(draft.stats) as con:
        _write_tables(con, tables)
        con.execute("alter table models alter settings type json")
        con.register("champion_bigram_counts", _champion_bigram_counts(home, known).to_arrow())
        list(catalog.build(con, catalog.selects_on_results()))
        con.unregister("champion_bigram_counts")
    return len(tables["models"])


def write_promotions(home: Home, draft: Version) -> int:
    """Write all earlier decisions and that on the draft to its snapshot; the number of decisions."""
    promotions = [*registry.read(home).promotions, draft.read_promotion()]
    with connect(draft.stats) as con:
        _write_tables(con, {"promotions": pl.DataFrame(list(map(_promotion, promotions)), schema=PROMOTIONS)})
    return len(promotions)


def _write_tables(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pl.DataFrame]) -> None:
    for table, frame in tables.items():
        con.register("frame", frame.to_arrow())
        con.execute(f"create or replace table {table} as from frame")
        con.unregister("frame")


def _promotion(promotion: registry.Promotion) -> dict[str, Any]:
    values = asdict(promotion)
    return {column: values[column] for column in PROMOTIONS if column in values} | {
        "decided_at": datetime.fromisoformat(promotion.at).replace(tzinfo=None),
        "reasons": "; ".join(promotion.reasons),
    }


def _sources(version: Version, known: registry.Registry) -> Iterator[dict[str, Any]]:
    """A row for each list of a version; none if its manifest is damaged."""
    try:
        sources = version.sources
    except CorruptVersion:
        return
    for source in sources:
        yield {
            "version": version.name,
            "source_id": source["source_id"],
            "uri": source["uri"],
            "sha256": source["sha256"],
            "names": source["names"],
            "is_champion": known.champion is not None and known.champion.version == version.name,
            "forgotten": "; ".join(known.forgotten.get(version.name, ())) or None,
        }


def _champion_bigram_counts(home: Home, known: registry.Registry) -> pl.DataFrame:
    """Columns ch1, ch2, count of the champion; no row without a readable champion."""
    empty = pl.DataFrame(schema={"ch1": pl.String, "ch2": pl.String, "count": pl.Int64})
    if known.champion is None:
        return empty
    try:
        return Version(home.versions / known.champion.version).read_counts().select(empty.columns)
    except CorruptVersion:
        return empty


def _metrics(version: Version) -> Iterator[dict[str, Any]]:
    for model_type in version.model_types:
        try:
            created_at, metrics = version.manifest["created_at"], version.read_metrics(model_type)
        except CorruptVersion:
            # `makemore verify` reports the damaged version.
            continue
        for split, nll in metrics["nll"].items():
            yield {
                "version": version.name,
                "created_at": datetime.fromisoformat(created_at).replace(tzinfo=None),
                "model_type": model_type,
                "split": split,
                "nll": nll,
                "nll_se": metrics.get("nll_se", {}).get(split),
                "parameters": metrics["parameters"],
                "train_seconds": metrics["train_seconds"],
            }


def _model(draft: Version, model_type: str) -> dict[str, Any]:
    settings = read_json(draft.model_folder(model_type) / "config.json")["config"]
    metrics = draft.read_metrics(model_type)
    return {
        "model_type": model_type,
        "settings": json.dumps(settings),
        "nll_train": metrics["nll"].get("train"),
    } | {column: metrics[column] for column in ("parameters", "train_seconds", "names_per_second")}


def _of_all(draft: Version, file: Callable[[Version, str], Path]) -> pl.DataFrame:
    """The rows of a Parquet file of each model, with the model type as first column."""
    return pl.concat(
        pl.read_parquet(file(draft, model_type), glob=False).select(pl.lit(model_type).alias("model_type"), pl.all())
        for model_type in draft.model_types
    )
