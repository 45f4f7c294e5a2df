"""Bigram counts in Polars: the same table as sql/split_bigram_counts.sql, several times faster."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from makemore.ahead import ahead
from makemore.vocab import END, code_points

CHUNK = 1 << 18
"""Names counted at a time: memory does not grow with the list."""


def split_bigram_counts(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Columns split, ch1, ch2, count of the relation `names`, ordered: what the select of that name gives."""
    rows = con.sql("select split, name, weight from names").to_arrow_reader(CHUNK)
    return count_bigrams(ahead(_frame(batch) for batch in rows)).to_arrow()


def count_bigrams(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Columns split, ch1, ch2, count of batches with columns split, name, weight.

    Names of a batch are joined with '.', which is both start and end, so that all their bigrams are
    neighbours in one row of code points; a pair of them is one 42-bit key.
    """
    parts = [
        _count_keys(names, weights).select(pl.lit(split).alias("split"), "key", "count")
        for batch in batches
        for split in batch["split"].unique()
        for names, weights in [batch.filter(split=split).select("name", "weight")]
    ]
    if not parts:
        return pl.DataFrame(schema={"split": pl.String, "ch1": pl.String, "ch2": pl.String, "count": pl.Int64})
    counts = pl.concat(parts).group_by("split", "key").agg(pl.col("count").sum())
    keys = counts["key"].to_numpy()
    return counts.select(
        "split",
        pl.Series("ch1", _characters(keys >> np.uint64(21))),
        pl.Series("ch2", _characters(keys & np.uint64((1 << 21) - 1))),
        "count",
    ).sort("split", "ch1", "ch2")


def _count_keys(names: pl.Series, weights: pl.Series) -> pl.DataFrame:
    """Columns key, count: a key is the code points of a pair, 21 bits each."""
    codes = pl.Series("ch2", code_points(f"{END}{names.str.join(END).item()}{END}"))
    pairs = codes.to_frame().lazy().select(key=pl.col("ch2").shift(1).cast(pl.UInt64) * (1 << 21) + pl.col("ch2"))
    weight = weights[0]
    if (weights == weight).all():
        counted = pairs.slice(1).group_by("key").agg(count=pl.len().cast(pl.Int64) * weight)
    else:
        # Each name gives one pair more than it has characters, and each of them its weight.
        repeated = np.repeat(weights.to_numpy(), names.str.len_chars().to_numpy() + 1)
        counted = (
            pairs.slice(1).with_columns(count=pl.lit(pl.Series(repeated))).group_by("key").agg(pl.col("count").sum())
        )
    return counted.collect()


def _characters(codes: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> list[str]:
    return [chr(code) for code in codes.tolist()]


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame
