"""What is done with a published version's models: names sampled, names of others evaluated, n-grams exported."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from makemore import arpa, artifacts, dataset, formats, quarantine, sample, scores, tables, weights
from makemore.database import connect
from makemore.device import threads
from makemore.options import ReadOptions
from makemore.progress import track
from makemore.vocab import Vocab

log = logging.getLogger("makemore")


def generate(version: Path, model_type: str, n: int, seed: int, output: Path | None = None) -> pl.DataFrame:
    """Names sampled from a model of a version: columns row, name, nll; written to `output` too, where it is given."""
    if n < 1:
        raise ValueError(f"-n {n}: use 1 or more.")
    table_format = tables.format_of(output) if output else None
    model, vocab = weights.load_model(version / "models" / model_type)
    drawn = sampled(model, vocab, n, seed=seed, label=model_type)
    if output and table_format:
        tables.write_table(drawn if table_format != "txt" else drawn.select("name"), output, table_format)
    return drawn


def read_names(version: Path, path: Path, options: ReadOptions) -> tuple[pl.DataFrame, int]:
    """Columns name, count, seen of a list's distinct names, and how many of its lines are none.

    It is read as `ingest` reads one, and folded to lower case where all lists of the version were. `seen` says whether
    the version's train has the name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read, has no name, or one with a character that the version does not know.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist.")
    sources = artifacts.read_manifest(version)["made_from"]["sources"]
    options = replace(options, lower=options.lower or all(source["options"]["lower"] for source in sources))
    divided = [quarantine.divide(batch, options) for batch in formats.read(path, options)]
    rejected = sum(len(rejects) for _, rejects in divided)
    if not any(len(entries) for entries, _ in divided):
        raise ValueError(f"{path.name} has no name to evaluate: {rejected} lines are no names.")
    entries = pl.concat([entries.sort("row") for entries, _ in divided])
    names = entries.group_by("name", maintain_order=True).agg(count=pl.sum("weight"))
    with connect(version / "stats.duckdb", read_only=True) as con:
        dataset.read_vocab(con).stream(names["name"].to_list())
        train = con.sql("select distinct name from names where split = 'train'").pl()["name"]
    return names.with_columns(seen=pl.col("name").is_in(train.implode())), rejected


def evaluate_list(version: Path, model_type: str, names: pl.DataFrame) -> dict[str, float]:
    """What `scores.figures` tells of the names that `read_names` gave, under a model of a version."""
    return scores.figures(scores.score(*weights.load_model(version / "models" / model_type), names))


def arpa_lines(version: Path, output: Path | None = None) -> list[str]:
    """Lines of the ARPA file of a version's n-grams; written to `output` too, where it is given."""
    with connect(version / "stats.duckdb", read_only=True) as con:
        lines = list(arpa.lines(con, dataset.read_vocab(con)))
    if output:
        with tables.written_aside(output) as aside:
            aside.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    return lines


def sampled(model: Any, vocab: Vocab, n: int, *, seed: int, label: str) -> pl.DataFrame:
    """Names sampled from a model: columns row (from 1), name, nll."""
    batches = track(sample.sample(model, vocab, n, seed=seed), f"sampling {label}")
    with threads():
        frame = pl.concat([pl.DataFrame({"name": names, "nll": nlls}) for names, nlls in batches])
    if endless := (frame["name"].str.len_chars() >= sample.LONGEST).sum():
        log.warning(
            "%s: %d of %d names did not end by themselves in %d characters: less smoothing helps, or more names",
            label, endless, n, sample.LONGEST,
        )  # fmt: skip
    return frame.with_row_index("row", offset=1)
