"""Evaluate a published model on another list, and export a version's n-grams."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from makemore.data import dataset
from makemore.database import connect
from makemore.errors import InvalidInput
from makemore.evaluation import scores
from makemore.files.atomic import written_aside
from makemore.ingest import readers, validation
from makemore.options import ReadOptions
from makemore.relations import arpa, ngrams
from makemore.versions import weights
from makemore.versions.version import Version


def read_names(version: Path, path: Path, options: ReadOptions) -> tuple[pl.DataFrame, int]:
    """Read a list as `ingest` does, with the case folding of the version.

    Return the columns name, count, seen (whether train contains the name) of its distinct names, and the number of
    rejected rows. Raise NotFound if the file does not exist, InvalidInput if it cannot be read, has no name or has a
    character that is not in the vocab.
    """
    options = folded(version, options)
    batches = [validation.divide(batch, options) for batch in readers.read(path, options)]
    rejected = sum(len(rejects) for _, rejects in batches)
    if not any(len(entries) for entries, _ in batches):
        raise InvalidInput(f"{path.name} has no name to evaluate: {rejected} rejected rows")
    entries = pl.concat([entries.sort("row") for entries, _ in batches])
    names = entries.group_by("name", maintain_order=True).agg(count=pl.sum("weight"))
    with connect(Version(version).stats, read_only=True) as con:
        dataset.read_vocab(con).stream(names["name"].to_list())
        train = dataset.train_names(con)
    return names.with_columns(seen=pl.col("name").is_in(train.implode())), rejected


def folded(version: Path, options: ReadOptions) -> ReadOptions:
    """Return the options, folding names to lower case if all lists of the version were folded."""
    sources = Version(version).sources
    return replace(options, lower=options.lower or all(source["options"]["lower"] for source in sources))


def evaluate_list(version: Path, model_type: str, names: pl.DataFrame) -> dict[str, float]:
    """Metrics of a model of a version on the names of `read_names`."""
    return scores.metrics(scores.score(*weights.load_model(Version(version).model_folder(model_type)), names))


def arpa_lines(version: Path, output: Path | None = None) -> list[str]:
    """Lines of the ARPA file of a version's n-grams; also write them to `output`, if given."""
    with connect(Version(version).stats, read_only=True) as con:
        ngrams.compute(con)
        lines = list(arpa.lines(con, dataset.read_vocab(con)))
    if output:
        with written_aside(output) as aside:
            aside.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    return lines
