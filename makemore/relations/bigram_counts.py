"""Bigram counts in Polars and numpy: the same table as sql/counts/content_bigram_counts.sql, several times faster."""

from collections.abc import Iterable

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from makemore.prefetch import ahead
from makemore.vocab import END, code_points

Numbers = npt.NDArray[np.int64]

CHUNK_SIZE = 1 << 18
"""Names counted at a time, so that memory does not grow with the list."""
BLOCK_SIZE = 1 << 18
"""Characters counted at a time, so that intermediate arrays fit a processor cache."""
MAX_TABLE_SIZE = 1 << 20
"""Pairs of characters up to which a dense table is counted; of a larger alphabet only the pairs that occur are."""


def content_bigram_counts(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The relation content_bigram_counts, computed from `content_names`."""
    rows = con.sql("select content_id, split, name, weight from content_names").to_arrow_reader(CHUNK_SIZE)
    return count_bigrams(ahead(_frame(batch) for batch in rows)).to_arrow()


def count_bigrams(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Columns content_id, split, ch1, ch2, count of batches with columns content_id, split, name, weight.

    The names of a batch are joined with '.', which is both start and end, so that every bigram is two adjacent code
    points of one array; a pair is a 42-bit key.
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
    """Keys (two code points of 21 bits each) and their counts."""
    codes = code_points(f"{END}{names.str.join(END).item()}{END}")
    present = np.flatnonzero(np.bincount(codes))
    if len(present) ** 2 <= MAX_TABLE_SIZE and (weights == weights[0]).all():
        keys, counts = _count_in_table(codes, present)
        return keys, counts * weights[0]
    # A name of n characters has n + 1 pairs, each with the weight of the name.
    repeated = np.repeat(weights.to_numpy(), names.str.len_chars().to_numpy() + 1)
    pairs = pl.DataFrame({"key": codes[:-1].astype(np.int64) << 21 | codes[1:], "count": repeated})
    counted = pairs.lazy().group_by("key").agg(pl.col("count").sum()).collect()
    return counted["key"].to_numpy(), counted["count"].to_numpy()


def _count_in_table(codes: npt.NDArray[np.uint32], present: Numbers) -> tuple[Numbers, Numbers]:
    """Keys and counts of the pairs of `present` characters, from a dense table: faster than grouping."""
    size = len(present)
    ids, table = np.zeros(present[-1] + 1, dtype=np.int64), np.zeros(size * size, dtype=np.int64)
    ids[present] = np.arange(size)
    for start in range(0, len(codes) - 1, BLOCK_SIZE):
        row = ids[codes[start : start + BLOCK_SIZE + 1]]
        table += np.bincount(row[:-1] * size + row[1:], minlength=size * size)
    pairs = np.flatnonzero(table)
    return present[pairs // size] << 21 | present[pairs % size], table[pairs]


def _characters(codes: Numbers) -> list[str]:
    return [chr(code) for code in codes.tolist()]


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame
