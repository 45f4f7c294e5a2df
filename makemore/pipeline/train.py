"""Train, evaluate and sample one model of a draft."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from makemore import models
from makemore.data import dataset
from makemore.database import connect
from makemore.device import choose_device
from makemore.errors import TrainingFailed
from makemore.evaluation import scores
from makemore.files import tables
from makemore.inference.loading import LoadedModel
from makemore.models.ngram import NGrams
from makemore.progress import phase
from makemore.relations import ngrams
from makemore.training import train
from makemore.training.settings import TrainingSettings
from makemore.versions import weights
from makemore.versions.version import Version
from makemore.vocab import Vocab

log = logging.getLogger("makemore")


def train_model(draft: Path, model_type: str) -> float:
    """Train a model of the draft on its split train and return the seconds that took.

    A net writes checkpoints to the home, and a later run resumes from them until a version is published. Raise
    TrainingFailed if the training diverges or a part failed, InvalidOption if the settings do not fit the names.
    """
    version = Version(draft)
    made_from = version.made_from
    config = models.configure(model_type, made_from["models"][model_type])
    settings = TrainingSettings(made_from["train"]["seed"])
    if isinstance(config, models.Recipe):
        settings = _net_settings(version, model_type, made_from)
    with connect(version.stats, read_only=True) as con:
        vocab = dataset.read_vocab(con)
        started = time.perf_counter()
        model, metrics = train.train(model_type, config, _corpus(con, version, vocab), settings)
    seconds = time.perf_counter() - started
    seconds += sum(float(version.read_metrics(part)["train_seconds"]) for part in config.parts)
    weights.save_model(version.model_folder(model_type), model_type, model, vocab)
    parameters = sum(tensor.size for part in models.components(model) for tensor in part.tensors().values())
    metrics = {"parameters": parameters, "train_seconds": round(seconds, 3)} | metrics
    version.write_metrics(model_type, metrics)
    return float(metrics["train_seconds"])


def evaluate_model(draft: Path, model_type: str) -> dict[str, float]:
    """Write the metrics of a model of the draft and the scores of held-out names; return the nll of each split."""
    version = Version(draft)
    model, vocab = weights.load_model(version.model_folder(model_type))
    with connect(version.stats, read_only=True) as con:
        names = scores.names_to_score(con)
    with phase(f"evaluating {model_type}"):
        scored = scores.score(model, vocab, names)
    held_out = scored.filter(pl.col("split") != "train")
    tables.write_table(held_out, version.scores(model_type), "parquet")
    metrics = scores.metrics_by_split(scored)
    version.write_metrics(model_type, version.read_metrics(model_type) | metrics)
    nlls = (f"{split} {nll:.4f} ± {metrics['nll_se'][split]:.4f}" for split, nll in metrics["nll"].items())
    log.info("%s: nll %s", model_type, ", ".join(nlls))
    return metrics["nll"]


def sample_model(draft: Path, model_type: str) -> int:
    """Sample names from a model of the draft into samples/<model_type>.parquet and return their number."""
    version = Version(draft)
    options = version.made_from["train"]
    loaded = LoadedModel(version.model_folder(model_type), options["device"])
    started = time.perf_counter()
    with phase(f"sampling {model_type}"):
        names = loaded.sample(options["samples"], seed=options["seed"]).rename({"rank": "row"})
    speed = round(len(names) / (time.perf_counter() - started))
    version.write_metrics(model_type, version.read_metrics(model_type) | {"names_per_second": speed})
    with connect(version.stats, read_only=True) as con:
        known = con.sql("select name from name_counts").pl()["name"]
    target = version.samples(model_type)
    target.parent.mkdir(exist_ok=True)
    tables.write_table(names.with_columns(is_new=~pl.col("name").is_in(known.implode())), target, "parquet")
    return len(names)


def _corpus(con: duckdb.DuckDBPyConnection, draft: Version, vocab: Vocab) -> train.Corpus:
    def part(model_type: str) -> models.LanguageModel:
        if model_type in draft.failed:
            raise TrainingFailed(f"its part {model_type} failed")
        return weights.load_model(draft.model_folder(model_type))[0]

    return train.Corpus(
        len(vocab),
        rows=lambda: dataset.read_rows(draft.dataset)["train"],
        ngrams=lambda: _ngrams(con, vocab),
        names=lambda split: dataset.read_names(con, vocab, split),
        model=part,
    )


def _ngrams(con: duckdb.DuckDBPyConnection, vocab: Vocab) -> NGrams:
    """Compute and read the n-grams of the draft; log the orders with fallback discounts."""
    with phase("counting n-grams"):
        ngrams.compute(con)
    if fallbacks := ngrams.fallbacks(con):
        # Almost every list has too few n-grams of order 1, which are its characters.
        log.log(
            logging.INFO if fallbacks == [1] else logging.WARNING,
            "ngram: too few n-grams of order %s to compute discounts: 0.5, 1 and 1.5 are used",
            ", ".join(map(str, fallbacks)),
        )
    return ngrams.read_ngrams(con, vocab)


def _net_settings(draft: Version, model_type: str, made_from: dict[str, Any]) -> TrainingSettings:
    """Settings of the training of a net; delete checkpoints that it cannot resume from."""
    options = made_from["train"]
    device = choose_device(options["device"])
    checkpoint = _checkpoint(draft, model_type, made_from, device)
    for other in set(checkpoint.parent.glob(f"{model_type}-*.safetensors")) - {checkpoint}:
        # Of other lists or settings.
        other.unlink()
    return TrainingSettings(options["seed"], device, options["threads"], checkpoint)


def _checkpoint(draft: Version, model_type: str, made_from: dict[str, Any], device: str) -> Path:
    """Path of the checkpoint; its name is a hash of everything that decides the weights."""
    inputs = {key: made_from[key] for key in ("build", "libraries", "git_commit")} | {
        "device": [device, made_from["train"]["threads"]],
        "sources": [[source["sha256"], source["options"]] for source in made_from["sources"]],
        "seed": made_from["train"]["seed"],
        "model": made_from["models"][model_type],
    }
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:12]
    return draft.home.checkpoints / f"{model_type}-{digest}.safetensors"
