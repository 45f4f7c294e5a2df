"""The steps that make one model of a draft: trained, evaluated, sampled."""

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
from makemore.device import choose as choose_device
from makemore.evaluation import scores
from makemore.files import tables
from makemore.inference.loading import LoadedModel
from makemore.relations import ngrams
from makemore.training import train
from makemore.training.minibatch import How
from makemore.versions import weights
from makemore.versions.version import Version
from makemore.vocab import Vocab

log = logging.getLogger("makemore")


def train_model(draft: Path, model_type: str) -> float:
    """Seconds that it took to train a model of the draft on its split train.

    A net writes its training down in the home, and a later run goes on from there, until a version is published.

    Raises:
        ValueError: the training diverges, or the model cannot be made of these names.
    """
    version = Version(draft)
    made_from = version.made_from
    config = models.configure(model_type, made_from["models"][model_type])
    device = choose_device(made_from["train"]["device"])
    saved = _saved(version, model_type, made_from, device.type)
    for other in set(saved.parent.glob(f"{model_type}-*.safetensors")) - {saved}:
        # Of other lists or settings: nothing goes on from it.
        other.unlink()
    how = How(made_from["train"]["seed"], device, made_from["train"]["threads"], saved)
    with connect(version.stats, read_only=True) as con:
        vocab = dataset.read_vocab(con)
        started = time.perf_counter()
        model, told = train.train(model_type, config, _corpus(con, version, vocab), how)
    parts = getattr(config, "parts", ())
    seconds = sum(float(version.read_metrics(part)["train_seconds"]) for part in parts)
    told = {"train_seconds": round(seconds + time.perf_counter() - started, 3)} | told
    weights.save_model(version.model_folder(model_type), model_type, model, vocab)
    whole = [model, *getattr(model, "parts", [])]
    parameters = sum(tensor.numel() for part in whole for tensor in part.state_dict().values())
    version.write_metrics(model_type, {"parameters": parameters} | told)
    return float(told["train_seconds"])


def evaluate_model(draft: Path, model_type: str) -> dict[str, float]:
    """nll of a model of the draft on each split, written to its metrics; what each held-out name costs beside them."""
    version = Version(draft)
    model, vocab = weights.load_model(version.model_folder(model_type))
    with connect(version.stats, read_only=True) as con:
        names = scores.names_to_score(con)
    scored = scores.score(model, vocab, names)
    held_out = scored.filter(pl.col("split") != "train")
    tables.write_table(held_out, version.scores(model_type), "parquet")
    figures = scores.figures_by_split(scored)
    version.write_metrics(model_type, version.read_metrics(model_type) | figures)
    told = (f"{split} {nll:.4f} ± {figures['nll_se'][split]:.4f}" for split, nll in figures["nll"].items())
    log.info("%s: nll %s", model_type, ", ".join(told))
    return figures["nll"]


def sample_model(draft: Path, model_type: str) -> int:
    """Number of names sampled from a model of the draft into samples/<model_type>.parquet."""
    version = Version(draft)
    options = version.made_from["train"]
    loaded = LoadedModel(version.model_folder(model_type), options["device"])
    started = time.perf_counter()
    drawn = loaded.sample(options["samples"], seed=options["seed"]).rename({"rank": "row"})
    speed = round(len(drawn) / (time.perf_counter() - started))
    version.write_metrics(model_type, version.read_metrics(model_type) | {"names_per_second": speed})
    with connect(version.stats, read_only=True) as con:
        known = con.sql("select name from name_counts").pl()["name"]
    target = version.samples(model_type)
    target.parent.mkdir(exist_ok=True)
    tables.write_table(drawn.with_columns(is_new=~pl.col("name").is_in(known.implode())), target, "parquet")
    return len(drawn)


def _corpus(con: duckdb.DuckDBPyConnection, draft: Version, vocab: Vocab) -> train.Corpus:
    return train.Corpus(
        len(vocab),
        rows=lambda: dataset.read_rows(draft.dataset)["train"],
        grams=lambda: _grams(con, vocab),
        names=lambda split: dataset.read_names(con, vocab, split),
        model=lambda part: _part(draft, part),
    )


def _grams(con: duckdb.DuckDBPyConnection, vocab: Vocab) -> Any:
    """The n-grams of the draft, with a word on discounts that they were too few for."""
    ngrams.compute(con)
    if fallbacks := ngrams.fallbacks(con):
        # Of order 1, characters, they are on almost any list.
        log.log(
            logging.INFO if fallbacks == [1] else logging.WARNING,
            "ngram: too few n-grams of order %s to compute discounts: 0.5, 1 and 1.5 are used",
            ", ".join(map(str, fallbacks)),
        )
    return ngrams.read_grams(con, vocab)


def _part(draft: Version, part: str) -> Any:
    """A model of the draft that another one mixes."""
    if part in draft.failed:
        raise ValueError(f"it mixes {part}, which failed.")
    return weights.load_model(draft.model_folder(part))[0]


def _saved(draft: Version, model_type: str, made_from: dict[str, Any], device: str) -> Path:
    """Where a training writes itself down: a name that follows from all that decides its weights."""
    decides = {key: made_from[key] for key in ("build", "libraries", "git_commit")} | {
        "device": [device, made_from["train"]["threads"]],
        "sources": [[source["sha256"], source["options"]] for source in made_from["sources"]],
        "seed": made_from["train"]["seed"],
        "model": made_from["models"][model_type],
    }
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]
    return draft.home.checkpoints / f"{model_type}-{digest}.safetensors"
