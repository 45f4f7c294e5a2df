"""Score names, or a list of any length row by row, under a model of a published version."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from makemore import __version__
from makemore.errors import InvalidInput, InvalidOption
from makemore.files import tables
from makemore.inference.loading import LoadedModel
from makemore.ingest import readers, validation
from makemore.options import ReadOptions
from makemore.pipeline.evaluate import folded
from makemore.progress import track
from makemore.versions.version import Version
from makemore.vocab import Vocab

BATCH_SIZE = 1 << 16
"""Rows to score at once: memory does not grow with the list."""
DIGITS = 6
"""Decimals of surprisal in text formats."""

log = logging.getLogger("makemore")


def score_names(version: Path, model_type: str, names: Sequence[str], options: ReadOptions) -> pl.DataFrame:
    """Score names, one row each, with the columns of `score_list`; raise InvalidInput if one is invalid."""
    loaded = LoadedModel(Version(version).model_folder(model_type))
    entries, rejects = validation.divide(readers.batch_of(names), folded(version, options))
    for raw, reason in rejects.sort("row").select("raw", "reason").rows():
        raise InvalidInput(f"invalid name {raw[: options.max_length]!r}: it {reason}", "correct it or leave it out")
    loaded.vocab.stream(entries["name"].to_list())
    rows = entries.sort("row").select("row", "name", reject_reason=pl.lit(None, pl.String))
    return _scored(rows, loaded.score)


def score_list(version: Path, model_type: str, path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """Score each row of a list under a model of a version, in order, in frames of up to `BATCH_SIZE` rows.

    Columns: row (from 1), those of `name_scores.score_names`, and reject_reason, null for rows with a score. Names are
    read as by `ingest`, with the case folding of the version; counts are ignored. A list without rows yields one empty
    frame. Raise NotFound if the file does not exist, InvalidInput if it cannot be read.
    """
    loaded = LoadedModel(Version(version).model_folder(model_type))
    options, rows, rejected = folded(version, options), 0, 0
    for batch in _rebatched(readers.read(path, options)):
        scored = _scored(_rows(batch, loaded.vocab, options), loaded.score)
        yield scored
        rows, rejected = rows + len(scored), rejected + scored["reject_reason"].count()
    if not rows:
        yield _scored(_rows(readers.batch_of([]), loaded.vocab, options), loaded.score)
    if rejected:
        log.warning("%s: %s of %s rows rejected, each with a reason", path.name, f"{rejected:,}", f"{rows:,}")


def write_scores(
    version: Path, model_type: str, scores: Iterable[pl.DataFrame], *, output: Path, source: str | None = None
) -> None:
    """Write frames of `score_list` to a file, with metadata; raise InvalidOption if its format has no columns."""
    table_format = tables.format_of(output)
    if table_format == "txt":
        raise InvalidOption(f"{output}: text has no columns for scores", "use .csv, .jsonl or .parquet")
    metadata = {"makemore": __version__, "version": version.name, "model_type": model_type, "source": source}
    text = pl.col("surprisal").list.eval(pl.element().round(DIGITS).cast(pl.String)).list.join(" ")
    with tables.writing(output, table_format, metadata) as write:
        for frame in track(scores, f"scoring with {model_type}"):
            write(frame.with_columns(text) if table_format == "csv" else frame)


def _rebatched(batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the rows in frames of `BATCH_SIZE` rows."""
    waiting = pl.DataFrame()
    for batch in batches:
        waiting = pl.concat([waiting, batch]) if len(waiting) else batch
        while len(waiting) >= BATCH_SIZE:
            yield waiting.head(BATCH_SIZE)
            waiting = waiting.slice(BATCH_SIZE)
    if len(waiting):
        yield waiting


def _rows(batch: pl.DataFrame, vocab: Vocab, options: ReadOptions) -> pl.DataFrame:
    """Columns row, name, reject_reason of a batch of `readers.read`, ignoring counts."""
    entries, rejects = validation.divide(batch.with_columns(count=pl.lit(None, pl.String)), options)
    names = entries.select("row", "name").with_columns(vocab.reject_reasons(entries["name"]))
    return pl.concat([names, rejects.select("row", name="raw", reject_reason="reason")]).sort("row")


def _scored(rows: pl.DataFrame, score: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    named = rows.filter(pl.col("reject_reason").is_null())
    scores = named.select("row").hstack(score(named["name"]).drop("name"))
    joined = rows.join(scores, on="row", how="left", maintain_order="left")
    return joined.select(pl.exclude("reject_reason"), "reject_reason")
