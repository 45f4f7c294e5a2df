"""The steps from relations to a published version: a draft, what goes into it, and the rename that makes it one."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from makemore import (
    artifacts,
    dataset,
    models,
    ngrams,
    provenance,
    relations,
    report,
    results,
    scores,
    tables,
    train,
    weights,
)
from makemore.database import connect, copy_tables, first_line
from makemore.device import choose as choose_device
from makemore.home import Home, clear_staging
from makemore.options import BuildOptions, TrainOptions, as_config
from makemore.steps.intake import built_with
from makemore.steps.using import sampled
from makemore.vocab import Vocab

log = logging.getLogger("makemore")


class ModelsFailed(ValueError):
    """Model types failed and are not in the version."""


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
        for left in clear_staging(Home(home)):
            log.warning("cleared %s, which an unfinished run had left", left)
        made_from = provenance.made_from(sources, build_options, options, settings)
        folder = artifacts.open_draft(Home(home), made_from, datetime.now(UTC))
        copied = ["sources", "rejects", "settings", *relations.selects()]
        copy_tables(con, copied, folder / "stats.duckdb", relations.macros())
    return folder


def write_counts(draft: Path) -> int:
    """Number of rows of counts.parquet, written from the draft's snapshot."""
    with connect(draft / "stats.duckdb", read_only=True) as con:
        counts = con.sql("select ix1, ix2, ch1, ch2, count from bigram_counts order by ix1, ix2").pl()
    tables.write_table(counts, draft / "counts.parquet", "parquet")
    return len(counts)


def write_dataset(draft: Path) -> int:
    """Number of bigrams of dataset.safetensors, written from the draft's snapshot."""
    with connect(draft / "stats.duckdb", read_only=True) as con:
        bigrams = dataset.write_dataset(con, draft / "dataset.safetensors")
    log.info("wrote %s bigrams as xs and ys", f"{bigrams:,}")
    return bigrams


def train_model(draft: Path, model_type: str) -> float:
    """Seconds that it took to train a model of the draft on its split train.

    A net writes its training down in the home, and a later run goes on from there, until a version is published.

    Raises:
        ValueError: the training diverges, or the model cannot be made of these names.
    """
    made_from = artifacts.read_manifest(draft)["made_from"]
    config = models.configure(model_type, made_from["models"][model_type])
    device = choose_device(made_from["train"]["device"])
    saved = _saved(draft, model_type, made_from, device.type)
    for other in set(saved.parent.glob(f"{model_type}-*.safetensors")) - {saved}:
        # Of other lists or settings: nothing goes on from it.
        other.unlink()
    how = train.How(made_from["train"]["seed"], device, made_from["train"]["threads"], saved)
    with connect(draft / "stats.duckdb", read_only=True) as con:
        vocab = dataset.read_vocab(con)
        started = time.perf_counter()
        model, told = train.train(model_type, config, _corpus(con, draft, vocab), how)
    parts = getattr(config, "parts", ())
    seconds = sum(float(artifacts.read_metrics(draft, part)["train_seconds"]) for part in parts)
    told = {"train_seconds": round(seconds + time.perf_counter() - started, 3)} | told
    weights.save_model(draft / "models" / model_type, model_type, model, vocab)
    whole = [model, *getattr(model, "parts", [])]
    parameters = sum(tensor.numel() for part in whole for tensor in part.state_dict().values())
    artifacts.write_metrics(draft, model_type, {"parameters": parameters} | told)
    return float(told["train_seconds"])


def _corpus(con: duckdb.DuckDBPyConnection, draft: Path, vocab: Vocab) -> train.Corpus:
    return train.Corpus(
        len(vocab),
        rows=lambda: dataset.read_rows(draft / "dataset.safetensors")["train"],
        grams=lambda: ngrams.read_grams(con, vocab),
        names=lambda split: dataset.read_names(con, vocab, split),
        model=lambda part: _part(draft, part),
    )


def _part(draft: Path, part: str) -> Any:
    """A model of the draft that another one mixes."""
    if part in artifacts.read_manifest(draft).get("failed", {}):
        raise ValueError(f"it mixes {part}, which failed.")
    return weights.load_model(draft / "models" / part)[0]


def _saved(draft: Path, model_type: str, made_from: dict[str, Any], device: str) -> Path:
    """Where a training writes itself down: a name that follows from all that decides its weights."""
    decides = {key: made_from[key] for key in ("build", "libraries", "git_commit")} | {
        "device": [device, made_from["train"]["threads"]],
        "sources": [[source["sha256"], source["options"]] for source in made_from["sources"]],
        "seed": made_from["train"]["seed"],
        "model": made_from["models"][model_type],
    }
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]
    return Home(draft.parent.parent).checkpoints / f"{model_type}-{digest}.safetensors"


def evaluate_model(draft: Path, model_type: str) -> dict[str, float]:
    """nll of a model of the draft on each split, written to its metrics; what each held-out name costs beside them."""
    model, vocab = weights.load_model(draft / "models" / model_type)
    with connect(draft / "stats.duckdb", read_only=True) as con:
        names = scores.names_to_score(con)
    scored = scores.score(model, vocab, names)
    held_out = scored.filter(pl.col("split") != "train")
    tables.write_table(held_out, draft / "models" / model_type / "scores.parquet", "parquet")
    figures = scores.figures_by_split(scored)
    artifacts.write_metrics(draft, model_type, artifacts.read_metrics(draft, model_type) | figures)
    told = (f"{split} {nll:.4f} ± {figures['nll_se'][split]:.4f}" for split, nll in figures["nll"].items())
    log.info("%s: nll %s", model_type, ", ".join(told))
    return figures["nll"]


def sample_model(draft: Path, model_type: str) -> int:
    """Number of names sampled from a model of the draft into samples/<model_type>.parquet."""
    options = artifacts.read_manifest(draft)["made_from"]["train"]
    model, vocab = weights.load_model(draft / "models" / model_type)
    started = time.perf_counter()
    drawn = sampled(model, vocab, options["samples"], seed=options["seed"], label=model_type)
    speed = round(len(drawn) / (time.perf_counter() - started))
    artifacts.write_metrics(draft, model_type, artifacts.read_metrics(draft, model_type) | {"names_per_second": speed})
    with connect(draft / "stats.duckdb", read_only=True) as con:
        known = con.sql("select name from name_counts").pl()["name"]
    target = draft / "samples" / f"{model_type}.parquet"
    target.parent.mkdir(exist_ok=True)
    tables.write_table(drawn.with_columns(is_new=~pl.col("name").is_in(known.implode())), target, "parquet")
    return len(drawn)


def publish(home: Path, draft: Path) -> Path:
    """The published version: the draft, complete with what analysts read of its models, moved by one rename."""
    results.write_results(Home(home), draft)
    report.write_report(draft)
    version = artifacts.publish(Home(home), draft)
    for model_type in artifacts.models_in(version):
        for saved in Home(home).checkpoints.glob(f"{model_type}-*.safetensors"):
            saved.unlink()
    log.info("published %s", version)
    return version


def make_version(home: Path, options: TrainOptions, steps: Any = None) -> Path:
    """The version that the built relations and these options give, published.

    `steps` has the steps above as its attributes: this module, or flows.tasks, where each of them is a task. A model
    type that fails is left out of the version, and costs the others nothing.

    Raises:
        ModelsFailed: a model type failed; the version is published with the others, if there is one.
    """
    steps = steps or sys.modules[__name__]
    folder = steps.draft(home, options)
    steps.write_counts(folder)
    steps.write_dataset(folder)
    failed = {model_type: _make_model(folder, model_type, steps) for model_type in in_order(options.models)}
    told = " ".join(f"{model_type}: {reason.rstrip('.')}." for model_type, reason in failed.items() if reason)
    if all(failed.values()):
        raise ModelsFailed(f"no model was made, and nothing is published. {told}")
    version: Path = steps.publish(home, folder)
    if told:
        raise ModelsFailed(f"published {version}, complete but for the models that failed. {told}")
    return version


def in_order(model_types: Sequence[str]) -> list[str]:
    """The same model types, those that mix others last."""
    return sorted(model_types, key=lambda model_type: hasattr(models.model_class(model_type), "from_models"))


def _make_model(draft: Path, model_type: str, steps: Any) -> str | None:
    """Why a model was not made, and is left out of the draft; None if it was made."""
    try:
        steps.train_model(draft, model_type)
        steps.evaluate_model(draft, model_type)
        steps.sample_model(draft, model_type)
    except Exception as error:
        foreseen = isinstance(error, (ValueError, OSError))
        reason = first_line(error) if foreseen else f"{type(error).__name__}: {first_line(error)}"
        reason = reason.removeprefix(f"{model_type}: ")
        log.error("%s failed: %s", model_type, reason, exc_info=not foreseen)
        artifacts.leave_out(draft, model_type, reason)
        return reason
    return None


def _check_splits(con: duckdb.DuckDBPyConnection, settings: dict[str, dict[str, Any]]) -> None:
    splits = {split for (split,) in con.execute("select distinct split from names").fetchall()}
    if "train" not in splits:
        raise ValueError("no name of the lists is in train. Use `makemore build --holdout 0`, or more names.")
    for model_type, values in settings.items():
        if "dev" not in splits and getattr(models.configure(model_type, values), "needs_dev", False):
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
    if missing := [part for part in getattr(config, "parts", ()) if part not in options.models]:
        raise ValueError(f"{model_type} mixes {missing[0]}, which --models does not name: add it.")
    settings = asdict(config)
    if hasattr(models.model_class(model_type), "from_grams"):
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
