"""What is done with a published version's models: names sampled, and names of others evaluated."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import polars as pl

from makemore import artifacts, evaluate, formats, quarantine, sample, tables, weights
from makemore.options import ReadOptions
from makemore.progress import track

log = logging.getLogger("makemore")


def generate(version: Path, model_type: str, n: int, seed: int, output: Path | None = None) -> pl.DataFrame:
    """Names sampled from a model of a version: columns row, name, nll; written to `output` too, where it is given."""
    if n < 1:
        raise ValueError(f"-n {n}: use 1 or more.")
    table_format = tables.format_of(output) if output else None
    drawn = sampled(version, model_type, n, seed)
    if output and table_format:
        tables.write_table(drawn if table_format != "txt" else drawn.select("name"), output, table_format)
    return drawn


def read_names(version: Path, path: Path, options: ReadOptions) -> tuple[list[str], int]:
    """Names of a list, read as `ingest` reads one, and how many of its lines are none.

    They are folded to lower case where all lists of the version were. Each counts once.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist.")
    sources = artifacts.read_manifest(version)["made_from"]["sources"]
    options = replace(options, lower=options.lower or all(source["options"]["lower"] for source in sources))
    divided = [quarantine.divide(batch, options) for batch in formats.read(path, options)]
    names = [name for entries, _ in divided for name in entries.sort("row")["name"]]
    return names, sum(len(rejects) for _, rejects in divided)


def evaluate_list(version: Path, model_type: str, names: list[str]) -> float:
    """nll of a list of names under a model of a version.

    Raises:
        ValueError: there is no name, or one holds a character that the version does not know.
    """
    if not names:
        raise ValueError("no name to evaluate: the list is empty.")
    model, vocab = weights.load_model(version / "models" / model_type)
    return evaluate.nll_of_list(evaluate.nll_of_names(model, vocab, names), names)


def sampled(folder: Path, model_type: str, n: int, seed: int) -> pl.DataFrame:
    """Names sampled from a model of a version or a draft: columns row (from 1), name, nll."""
    model, vocab = weights.load_model(folder / "models" / model_type)
    batches = track(sample.sample(model, vocab, n, seed=seed), f"sampling {model_type}")
    frame = pl.concat([pl.DataFrame({"name": names, "nll": nlls}) for names, nlls in batches])
    if endless := (frame["name"].str.len_chars() >= sample.LONGEST).sum():
        log.warning(
            "%s: %d of %d names did not end by themselves in %d characters: less smoothing helps, or more names",
            model_type, endless, n, sample.LONGEST,
        )  # fmt: skip
    return frame.with_row_index("row", offset=1)
