"""The steps from names of others to how name-like each is: names at hand, or a list of any length, row by row."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from makemore import __version__
from makemore.files import tables
from makemore.inference.loading import LoadedModel
from makemore.ingest import readers, validation
from makemore.options import ReadOptions
from makemore.pipeline.evaluate import folded
from makemore.progress import track
from makemore.versions.version import Version
from makemore.vocab import Vocab

PIECE = 1 << 16
"""Rows that are scored at a time: memory does not grow with the list."""
DIGITS = 6
"""Decimals of the bits of a character where they are text."""

Judge = Callable[[pl.Series], pl.DataFrame]

log = logging.getLogger("makemore")


def score_names(version: Path, model_type: str, names: Sequence[str], options: ReadOptions) -> pl.DataFrame:
    """A row for each of the names under a model of a version, as `score_list` gives them.

    Raises:
        ValueError: one is no name, or has a character that the version does not know.
    """
    loaded = LoadedModel(Version(version).model_folder(model_type))
    entries, rejects = validation.divide(readers.batch_of(names), folded(version, options))
    for raw, reason in rejects.sort("row").select("raw", "reason").rows():
        raise ValueError(f"{raw[: options.max_length]!r} is no name: it {reason}. Correct it or leave it out.")
    loaded.vocab.stream(entries["name"].to_list())
    rows = entries.sort("row").select("row", "name", reject_reason=pl.lit(None, pl.String))
    return _scored(rows, loaded.score)


def score_list(version: Path, model_type: str, path: Path, options: ReadOptions) -> Iterator[pl.DataFrame]:
    """A row for each row of a list under a model of a version, in order, some at a time.

    Columns: row (from 1), those of `name_scores.described`, and reject_reason: null if the row has a score. Names are
    read as `ingest` reads them, in lower case if all lists of the version are. Counts are ignored. A list without rows
    yields one empty frame.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read.
    """
    loaded = LoadedModel(Version(version).model_folder(model_type))
    judge, options, rows, reject_reasons = loaded.score, folded(version, options), 0, 0
    for piece in _pieces(readers.read(path, options)):
        scored = _scored(_rows(piece, loaded.vocab, options), judge)
        yield scored
        rows, reject_reasons = rows + len(scored), reject_reasons + scored["reject_reason"].count()
    if not rows:
        yield _scored(_rows(readers.batch_of([]), loaded.vocab, options), judge)
    if reject_reasons:
        log.warning("%s: %s of %s rows have no score; each says why", path.name, f"{reject_reasons:,}", f"{rows:,}")


def write_scores(
    version: Path, model_type: str, scores: Iterable[pl.DataFrame], *, output: Path, source: str | None = None
) -> None:
    """Write what `score_list` gives to a file, which says beside it of which version, model and list that is.

    Raises:
        ValueError: the file's format is unknown, or holds no table.
    """
    table_format = tables.format_of(output)
    if table_format == "txt":
        raise ValueError(f"{output}: text holds names alone, not what they score: use .csv, .jsonl or .parquet.")
    metadata = {"makemore": __version__, "version": version.name, "model_type": model_type, "source": source}
    with tables.writing(output, table_format, metadata) as write:
        for frame in track(scores, f"scoring with {model_type}"):
            write(_with_text(frame) if table_format == "csv" else frame)


def _pieces(batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows, `PIECE` at a time, wherever the batches end."""
    waiting = pl.DataFrame()
    for batch in batches:
        waiting = pl.concat([waiting, batch]) if len(waiting) else batch
        while len(waiting) >= PIECE:
            yield waiting.head(PIECE)
            waiting = waiting.slice(PIECE)
    if len(waiting):
        yield waiting


def _rows(batch: pl.DataFrame, vocab: Vocab, options: ReadOptions) -> pl.DataFrame:
    """Columns row, name, reject_reason of a batch of `formats.read`, whatever its counts say."""
    entries, rejects = validation.divide(batch.with_columns(count=pl.lit(None, pl.String)), options)
    names = entries.select("row", "name").with_columns(vocab.reject_reasons(entries["name"]))
    return pl.concat([names, rejects.select("row", name="raw", reject_reason="reason")]).sort("row")


def _scored(rows: pl.DataFrame, judge: Judge) -> pl.DataFrame:
    named = rows.filter(pl.col("reject_reason").is_null())
    figures = named.select("row").hstack(judge(named["name"]).drop("name"))
    return rows.join(figures, on="row", how="left", maintain_order="left").select(
        pl.exclude("reject_reason"), "reject_reason"
    )


def _with_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows, the bits of each character as text: numbers with spaces between."""
    return frame.with_columns(
        pl.col("surprisal").list.eval(pl.element().round(DIGITS).cast(pl.String)).list.join(" ").alias("surprisal")
    )
