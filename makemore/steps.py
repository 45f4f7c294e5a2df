"""The steps from a list to a published version: paths and numbers in, paths and numbers out.

A step that writes is called by whoever holds the home (`makemore.home.holding`): a command or a flow.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from makemore import (
    artifacts,
    dataset,
    evaluate,
    formats,
    lists,
    models,
    provenance,
    quarantine,
    relations,
    report,
    results,
    sample,
    tables,
    train,
)
from makemore import warehouse as wh
from makemore.counts import split_bigram_counts
from makemore.database import analyst, connect, copy_tables, transaction
from makemore.home import Home, clear_staging
from makemore.options import BuildOptions, ReadOptions, TrainOptions, as_config
from makemore.progress import track

COUNTERS: dict[str, relations.Computed] = {"sql": {}, "polars": {"split_bigram_counts": split_bigram_counts}}

log = logging.getLogger("makemore")


def ingest(home: Path, uri: str, options: ReadOptions) -> wh.Ingested:
    """What became of one list: taken in, in place of what its address gave before, or known already.

    Raises:
        ValueError: the list cannot be read, holds no name, or changes while it is read; nothing of it is kept.
    """
    with lists.at_hand(uri, home) as path, connect(Home(home).db) as con:
        wh.create_tables(con)
        sha256, size = lists.fingerprint(path)
        source = wh.Source(uri, sha256, size, as_config(options), _now())
        if known := wh.find_source(con, source):
            log.info("%s: nothing new, its bytes are known from %s", uri, known.uri)
            return known

        def batches() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
            for batch in track(formats.read(path, options), f"reading {path.name}"):
                if path.stat().st_size != size:
                    break
                yield quarantine.divide(batch, options)
            if lists.fingerprint(path) != (sha256, size):
                raise lists.TransientError(f"{uri} changed while it was read: ingest it again when it is complete.")

        try:
            ingested = wh.ingest(con, source, batches())
        except ValueError as error:
            raise error if uri in str(error) else ValueError(f"{uri}: {error}") from error
    log.info("%s: %s names, %s rejected", uri, f"{ingested.names:,}", f"{ingested.rejects:,}")
    return ingested


def build(home: Path, options: BuildOptions) -> dict[str, int]:
    """Number of rows of each relation of sql/, built anew from the entries; as before, if a law is broken.

    Raises:
        FileNotFoundError: nothing was ingested.
        BrokenLaw: the data break a law of sql/checks/.
    """
    with connect(Home(home).db) as con:
        sources = _sources(con, home)
        with transaction(con):
            con.execute(
                "create or replace table settings as "
                "select ?::integer as holdout, ?::double as smoothing, ?::varchar as count_with, ?::json as built_from",
                [options.holdout, options.smoothing, options.count_with, _state_of(sources)],
            )
            selects = relations.selects()
            built = relations.build(con, selects, COUNTERS[options.count_with])
            rows = dict(track(built, "building relations", len(selects)))
            relations.check(con, relations.laws())
    log.info("built %d relations of %s names, %d laws hold", len(rows), f"{rows['names']:,}", len(relations.laws()))
    return rows


def draft(home: Path, options: TrainOptions) -> Path:
    """A new version in staging: its manifest and its snapshot of the relations, from which all else in it follows.

    Raises:
        FileNotFoundError: nothing was ingested.
        ValueError: the relations are not of the lists as they are now, or a model type or setting is unknown.
    """
    with connect(Home(home).db) as con:
        sources = _sources(con, home)
        build_options = _built_with(con, home, sources)
        settings = {model_type: _settings(model_type, options, build_options) for model_type in options.models}
        for left in clear_staging(Home(home)):
            log.warning("cleared %s, which a killed run had left", left)
        made_from = provenance.made_from(sources, build_options, options, settings)
        folder = artifacts.open_draft(Home(home), made_from, _now())
        copy_tables(con, ["sources", "rejects", "settings", *relations.selects()], folder / "stats.duckdb")
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

    Raises:
        ValueError: no name is in train, or the training diverges.
    """
    made_from = artifacts.read_manifest(draft)["made_from"]
    rows = dataset.read_rows(draft / "dataset.safetensors")
    if "train" not in rows:
        raise ValueError(f"{model_type}: no name of the lists is in train. Use --holdout 0, or more names.")
    with connect(draft / "stats.duckdb", read_only=True) as con:
        vocab = dataset.read_vocab(con)
    config = models.configure(model_type, made_from["models"][model_type])
    started = time.perf_counter()
    model, loss = train.train(model_type, config, rows["train"], len(vocab), seed=made_from["train"]["seed"])
    seconds = round(time.perf_counter() - started, 3)
    artifacts.save_model(draft / "models" / model_type, model_type, model, vocab)
    parameters = sum(tensor.numel() for tensor in model.state_dict().values())
    artifacts.write_metrics(
        draft,
        model_type,
        {"parameters": parameters, "train_seconds": seconds} | ({} if loss is None else {"loss": loss}),
    )
    return seconds


def evaluate_model(draft: Path, model_type: str) -> dict[str, float]:
    """nll of a model of the draft on each split, added to its metrics."""
    model, _ = artifacts.load_model(draft / "models" / model_type)
    rows = dataset.read_rows(draft / "dataset.safetensors")
    nlls = {split: evaluate.nll_of_rows(model, rows[split]) for split in rows}
    artifacts.write_metrics(draft, model_type, artifacts.read_metrics(draft, model_type) | {"nll": nlls})
    log.info("%s: nll %s", model_type, ", ".join(f"{split} {nll:.4f}" for split, nll in nlls.items()))
    return nlls


def sample_model(draft: Path, model_type: str) -> int:
    """Number of names sampled from a model of the draft into samples/<model_type>.parquet."""
    options = artifacts.read_manifest(draft)["made_from"]["train"]
    drawn = _sampled(draft, model_type, options["samples"], options["seed"])
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
    log.info("published %s", version)
    return version


def make_version(home: Path, options: TrainOptions) -> Path:
    """The version that the built relations and these options give, published; flows/train.py does the same in tasks."""
    folder = draft(home, options)
    write_counts(folder)
    write_dataset(folder)
    for model_type in options.models:
        train_model(folder, model_type)
        evaluate_model(folder, model_type)
        sample_model(folder, model_type)
    return publish(home, folder)


def evaluate_list(version: Path, model_type: str, names: list[str]) -> float:
    """nll of a list of names under a model of a version.

    Raises:
        ValueError: there is no name, or one holds a character that the version does not know.
    """
    if not names:
        raise ValueError("no name to evaluate: the list is empty.")
    model, vocab = artifacts.load_model(version / "models" / model_type)
    return evaluate.nll_of_list(evaluate.nll_of_names(model, vocab, names), names)


def query(version: Path, sql: str) -> pl.DataFrame:
    """The result of a select on a version's snapshot, which it cannot change.

    Raises:
        ValueError: DuckDB refuses it.
    """
    try:
        with analyst(version / "stats.duckdb") as con:
            result = con.sql(sql)
            frame: pl.DataFrame = pl.DataFrame() if result is None else result.pl()
    except duckdb.Error as error:
        raise ValueError(f"the query fails: {' '.join(str(error).partition('LINE 1:')[0].split())[:500]}") from error
    # DuckDB's sums are 128 bits wide, which CSV and JSON readers know only as text: whole numbers, where they fit.
    whole = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Decimal) and kind.scale == 0]
    return frame.with_columns(pl.col(whole).cast(pl.Int64, strict=False)) if whole else frame


def generate(version: Path, model_type: str, n: int, seed: int, output: Path | None = None) -> pl.DataFrame:
    """Names sampled from a model of a version: columns row, name, nll; written to `output` too, where it is given."""
    if n < 1:
        raise ValueError(f"-n {n}: use 1 or more.")
    table_format = tables.format_of(output) if output else None
    drawn = _sampled(version, model_type, n, seed)
    if output and table_format:
        tables.write_table(drawn if table_format != "txt" else drawn.select("name"), output, table_format)
    return drawn


def _sampled(folder: Path, model_type: str, n: int, seed: int) -> pl.DataFrame:
    model, vocab = artifacts.load_model(folder / "models" / model_type)
    batches = track(sample.sample(model, vocab, n, seed=seed), f"sampling {model_type}")
    frame = pl.concat([pl.DataFrame({"name": names, "nll": nlls}) for names, nlls in batches])
    return frame.with_row_index("row", offset=1)


def _sources(con: duckdb.DuckDBPyConnection, home: Path) -> list[dict[str, Any]]:
    wh.create_tables(con)
    if not (sources := wh.sources(con)):
        raise FileNotFoundError(f"{home} has no list: take one in with `makemore ingest LIST --home {home}`.")
    return sources


def _state_of(sources: list[dict[str, Any]]) -> str:
    return json.dumps([[source["source_id"], source["sha256"], source["options"]] for source in sources])


def _built_with(con: duckdb.DuckDBPyConnection, home: Path, sources: list[dict[str, Any]]) -> BuildOptions:
    settings = (
        con.execute("select 1 from duckdb_tables() where table_name = 'settings'").fetchall()
        and con.execute("select built_from, holdout, smoothing, count_with from settings").fetchall()
    )
    if not settings or settings[0][0] != _state_of(sources):
        raise ValueError(f"the relations of {home} are not of its lists as they are now: run `makemore build` first.")
    return BuildOptions(*settings[0][1:])


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
    return asdict(models.configure(model_type, settings))


def _now() -> datetime:
    return datetime.now(UTC)
