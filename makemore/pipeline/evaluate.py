"""What is done with a published version's models: names of others evaluated, n-grams exported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from makemore.data import dataset
from makemore.database import connect
from makemore.evaluation import scores
from makemore.files.atomic import written_aside
from makemore.ingest import readers, validation
from makemore.options import ReadOptions
from makemore.relations import arpa, ngrams
from makemore.versions import weights
from makemore.versions.version import Version


def read_names(version: Path, path: Path, options: ReadOptions) -> tuple[pl.DataFrame, int]:
    """Columns name, count, seen of a list's distinct names, and how many of its lines are none.

    It is read as `ingest` reads one, and folded to lower case where all lists of the version were. `seen` says whether
    the version's train has the name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read, has no name, or one with a character that the version does not know.
    """
    options = folded(version, options)
    divided = [validation.divide(batch, options) for batch in readers.read(path, options)]
    rejected = sum(len(rejects) for _, rejects in divided)
    if not any(len(entries) for entries, _ in divided):
        raise ValueError(f"{path.name} has no name to evaluate: {rejected} lines are no names.")
    entries = pl.concat([entries.sort("row") for entries, _ in divided])
    names = entries.group_by("name", maintain_order=True).agg(count=pl.sum("weight"))
    with connect(Version(version).stats, read_only=True) as con:
        dataset.read_vocab(con).stream(names["name"].to_list())
        train = dataset.train_names(con)
    return names.with_columns(seen=pl.col("name").is_in(train.implode())), rejected


def folded(version: Path, options: ReadOptions) -> ReadOptions:
    """The same options, folding names to lower case where all lists of the version were."""
    sources = Version(version).sources
    return replace(options, lower=options.lower or all(source["options"]["lower"] for source in sources))


def evaluate_list(version: Path, model_type: str, names: pl.DataFrame) -> dict[str, float]:
    """What `scores.figures` tells of the names that `read_names` gave, under a model of a version."""
    return scores.figures(scores.score(*weights.load_model(Version(version).model_folder(model_type)), names))


def arpa_lines(version: Path, output: Path | None = None) -> list[str]:
    """Lines of the ARPA file of a version's n-grams; written to `output` too, where it is given."""
    with connect(Version(version).stats, read_only=True) as con:
        ngrams.compute(con)
        lines = list(arpa.lines(con, dataset.read_vocab(con)))
    if output:
        with written_aside(output) as aside:
            aside.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    return lines
