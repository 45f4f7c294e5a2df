"""Bigram counts in Polars and numpy: the same table as sql/counts/content_bigram_counts.sql, several times faster."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from makemore.prefetch import ahead
from makemore.vocab import END, Ints, code_points

CHUNK_SIZE = 1 << 18
"""Names counted at a time, so that memory does not grow with the list."""
BLOCK_SIZE = 1 << 18
"""Characters counted at a time, so that intermediate arrays fit a processor cache."""
MAX_TABLE_SIZE = 1 << 20
"""Pairs of characters up to which a dense table is counted; of a larger alphabet only the pairs that occur are."""


def content_bigram_counts(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The relation content_bigram_counts, computed from `content_names`."""
    rows = con.sql("select content_id, split, name, weight from content_names").to_arrow_reader(CHUNK_SIZE)
    return count_bigrams(ahead(map(pl.DataFrame, rows))).to_arrow()


def count_bigrams(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Columns content_id, split, ch1, ch2, count of batches with columns content_id, split, name, weight.

    The names of a batch are joined with '.', which is both start and end, so that every bigram is two adjacent code
    points of one array; a pair is a 42-bit key.
    """
    parts = [
        _count_keys(names).with_columns(content_id=pl.lit(content_id, pl.Int32), split=pl.lit(split))
        for batch in batches
        for (content_id, split), names in batch.group_by("content_id", "split")
    ]
    if not parts:
        text = pl.String
        return pl.DataFrame(schema={"content_id": pl.Int32, "split": text, "ch1": text, "ch2": text, "count": pl.Int64})
    counts = pl.concat(parts).group_by("content_id", "split", "key").agg(pl.col("count").sum())
    keys = counts["key"].to_numpy()
    ch1, ch2 = (pl.Series([chr(code) for code in codes.tolist()]) for codes in (keys >> 21, keys & ((1 << 21) - 1)))
    columns = counts.select("content_id", "split", ch1=ch1, ch2=ch2, count="count")
    return columns.sort("content_id", "split", "ch1", "ch2")


def _count_keys(batch: pl.DataFrame) -> pl.DataFrame:
    """Columns key (two code points of 21 bits each) and count."""
    names, weights = batch["name"], batch["weight"]
    codes = code_points(f"{END}{names.str.join(END).item()}{END}")
    present = np.flatnonzero(np.bincount(codes))
    if len(present) ** 2 <= MAX_TABLE_SIZE and (weights == weights[0]).all():
        keys, counts = _count_in_table(codes, present)
        return pl.DataFrame({"key": keys, "count": counts * weights[0]})
    # A name of n characters has n + 1 pairs, each with the weight of the name.
    repeated = np.repeat(weights.to_numpy(), names.str.len_chars().to_numpy() + 1)
    pairs = pl.DataFrame({"key": codes[:-1].astype(np.int64) << 21 | codes[1:], "count": repeated})
    return pairs.group_by("key").agg(pl.col("count").sum())


def _count_in_table(codes: npt.NDArray[np.uint32], present: Ints) -> tuple[Ints, Ints]:
    """Keys and counts of the pairs of `present` characters, from a dense table: faster than grouping."""
    size = len(present)
    ids, table = np.zeros(present[-1] + 1, dtype=np.int64), np.zeros(size * size, dtype=np.int64)
    ids[present] = np.arange(size)
    for start in range(0, len(codes) - 1, BLOCK_SIZE):
        row = ids[codes[start : start + BLOCK_SIZE + 1]]
        table += np.bincount(row[:-1] * size + row[1:], minlength=size * size)
    pairs = np.flatnonzero(table)
    return present[pairs // size] << 21 | present[pairs % size], table[pairs]
