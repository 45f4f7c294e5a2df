"""Bigram counts in Polars and numpy: the same table as sql/counts/content_bigram_counts.sql, several times faster."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from makemore.prefetch import ahead
from makemore.vocab import END, code_points

Numbers = npt.NDArray[np.int64]

CHUNK = 1 << 18
"""Names counted at a time: memory does not grow with the list."""
PIECE = 1 << 18
"""Characters whose pairs are counted at a time: what is made of them fits a processor's cache."""
LARGEST_TABLE = 1 << 20
"""Pairs of characters that are counted in a table of all of them; of a larger alphabet only those that occur are."""


def content_bigram_counts(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Columns content_id, split, ch1, ch2, count of the relation `content_names`, ordered: what its select gives."""
    rows = con.sql("select content_id, split, name, weight from content_names").to_arrow_reader(CHUNK)
    return count_bigrams(ahead(_frame(batch) for batch in rows)).to_arrow()


def count_bigrams(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Columns content_id, split, ch1, ch2, count of batches with columns content_id, split, name, weight.

    Names of a batch are joined with '.', which is both start and end, so that all their bigrams are
    neighbours in one row of code points; a pair of them is one 42-bit key.
    """
    parts = [
        pl.DataFrame({"key": keys, "count": counts}).with_columns(
            content_id=pl.lit(content_id, pl.Int32), split=pl.lit(split)
        )
        for batch in batches
        for (content_id, split), names in batch.group_by("content_id", "split")
        for keys, counts in [_count_keys(names["name"], names["weight"])]
    ]
    if not parts:
        return pl.DataFrame(
            schema={"content_id": pl.Int32, "split": pl.String, "ch1": pl.String, "ch2": pl.String, "count": pl.Int64}
        )
    counts = pl.concat(parts).group_by("content_id", "split", "key").agg(pl.col("count").sum())
    keys = counts["key"].to_numpy()
    return counts.select(
        "content_id",
        "split",
        pl.Series("ch1", _characters(keys >> 21)),
        pl.Series("ch2", _characters(keys & ((1 << 21) - 1))),
        "count",
    ).sort("content_id", "split", "ch1", "ch2")


def _count_keys(names: pl.Series, weights: pl.Series) -> tuple[Numbers, Numbers]:
    """Keys, the code points of a pair in 21 bits each, and their counts."""
    codes = code_points(f"{END}{names.str.join(END).item()}{END}")
    present = np.flatnonzero(np.bincount(codes))
    if len(present) ** 2 <= LARGEST_TABLE and (weights == weights[0]).all():
        keys, counts = _count_in_a_table(codes, present)
        return keys, counts * weights[0]
    # Each name gives one pair more than it has characters, and each of them its weight.
    repeated = np.repeat(weights.to_numpy(), names.str.len_chars().to_numpy() + 1)
    pairs = pl.DataFrame({"key": codes[:-1].astype(np.int64) << 21 | codes[1:], "count": repeated})
    counted = pairs.lazy().group_by("key").agg(pl.col("count").sum()).collect()
    return counted["key"].to_numpy(), counted["count"].to_numpy()


def _count_in_a_table(codes: npt.NDArray[np.uint32], present: Numbers) -> tuple[Numbers, Numbers]:
    """Keys and counts of the pairs of `present` characters, each counted in its place: faster than grouping them."""
    size = len(present)
    ids, table = np.zeros(present[-1] + 1, dtype=np.int64), np.zeros(size * size, dtype=np.int64)
    ids[present] = np.arange(size)
    for start in range(0, len(codes) - 1, PIECE):
        row = ids[codes[start : start + PIECE + 1]]
        table += np.bincount(row[:-1] * size + row[1:], minlength=size * size)
    pairs = np.flatnonzero(table)
    return present[pairs // size] << 21 | present[pairs % size], table[pairs]


def _characters(codes: Numbers) -> list[str]:
    return [chr(code) for code in codes.tolist()]


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame
