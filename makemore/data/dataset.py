"""The dataset: xs and ys as the lecture builds them, and the distinct rows with their counts that training uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
from safetensors import safe_open
from safetensors.numpy import save_file

from makemore.vocab import Ids, Vocab

SPLITS = ("train", "dev", "test")
"""Splits by their id in a dataset."""


@dataclass(frozen=True)
class Rows:
    """The distinct (context, next) pairs of a split and how often each occurs.

    For a model that looks at no more than the context, a loss over all examples is this one, weighted by count.
    """

    context: npt.NDArray[np.int64]
    """Characters before, (R, 1)."""
    next: npt.NDArray[np.int64]
    """The character that follows, (R,)."""
    count: npt.NDArray[np.int64]
    """How often it does, (R,)."""

    def contexts(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The distinct contexts (C, 1), and for each row (R,) which of them is its own."""
        contexts, which = np.unique(self.context, axis=0, return_inverse=True)
        return contexts, which.reshape(-1)

    def matrix(self, vocab_size: int) -> npt.NDArray[np.int64]:
        """Counts as the lecture's N, (V, V)."""
        counts = np.zeros((vocab_size, vocab_size), dtype=np.int64)
        counts[self.context[:, 0], self.next] = self.count
        return counts


@dataclass(frozen=True)
class Names:
    """The distinct names of a split, in order, and how often each counts."""

    ids: Ids
    """Ids of all names in one row, '.' before, between and after them: (sum of lengths + n + 1,)."""
    length: npt.NDArray[np.int64]
    """Characters of each name, (n,)."""
    count: npt.NDArray[np.int64]
    """How often each counts, (n,)."""
    mean_weight: float
    """How often a line of the lists counts: 1 where each name stands on as many lines as it counts."""

    @property
    def start(self) -> npt.NDArray[np.int64]:
        """Where the '.' before each name lies in `ids`, (n,)."""
        return np.concatenate([[0], np.cumsum(self.length + 1)[:-1]])

    def __len__(self) -> int:
        return len(self.length)


def xs_ys(names: Sequence[str], vocab: Vocab) -> tuple[Ids, Ids]:
    """Inputs and targets (E,), one pair a bigram, in the smallest unsigned type: `emma` gives 0 5 13 13 1, 5 13 13 1 0.

    Raises:
        ValueError: a name holds a character that is not in the vocab.
    """
    stream = vocab.stream(names)
    return stream[:-1], stream[1:]


def read_vocab(con: duckdb.DuckDBPyConnection) -> Vocab:
    """The vocab of the relations."""
    return Vocab(tuple(row[0] for row in con.execute("select ch from vocab order by ix").fetchall()))


def train_names(con: duckdb.DuckDBPyConnection) -> pl.Series:
    """The distinct names of train."""
    names: pl.Series = con.sql("select name from split_names where split = 'train'").pl()["name"]
    return names


def write_dataset(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Write the dataset of the relations as safetensors; the number of bigrams in it.

    Names are in the order of their lists and lines. docs/reference/file-format.md says what each tensor is.
    """
    vocab = read_vocab(con)
    names = con.sql("select name, length, split, weight from names order by source_id, row").to_arrow_table()
    rows = con.sql(
        """
        select counts.split, first.ix as context, second.ix as next, counts.count
        from split_bigram_counts as counts
        inner join vocab as first on counts.ch1 = first.ch
        inner join vocab as second on counts.ch2 = second.ch
        order by counts.split, context, next
        """
    ).to_arrow_table()
    xs, ys = xs_ys(names["name"].to_pylist(), vocab)
    save_file(
        {
            "xs": np.ascontiguousarray(xs),
            "ys": np.ascontiguousarray(ys),
            "names.length": _smallest(names["length"].to_numpy()),
            "names.split": _split_ids(names["split"].to_pylist()),
            "names.weight": _smallest(names["weight"].to_numpy()),
            "rows.split": _split_ids(rows["split"].to_pylist()),
            "rows.context": rows["context"].to_numpy().astype(vocab.dtype)[:, None],
            "rows.next": rows["next"].to_numpy().astype(vocab.dtype),
            "rows.count": rows["count"].to_numpy().astype(np.int64),
        },
        path,
    )
    return len(xs)


def read_rows(path: Path) -> dict[str, Rows]:
    """The distinct rows of a dataset, by split; splits without a name are left out."""
    # xs and ys are most of the file, and not needed here.
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(f"rows.{name}") for name in ("split", "context", "next", "count")}
    return {
        split: Rows(
            tensors["context"][chosen].astype(np.int64),
            tensors["next"][chosen].astype(np.int64),
            tensors["count"][chosen],
        )
        for ix, split in enumerate(SPLITS)
        if (chosen := tensors["split"] == ix).any()
    }


def read_names(con: duckdb.DuckDBPyConnection, vocab: Vocab, split: str) -> Names:
    """The distinct names of a split of the relations, in order of the names."""
    found = con.sql(
        "select name, length, count, lines from split_names where split = ? order by name", params=[split]
    ).to_arrow_table()
    count = found["count"].to_numpy().astype(np.int64)
    return Names(
        vocab.stream(found["name"].to_pylist()),
        found["length"].to_numpy().astype(np.int64),
        count,
        float(count.sum() / max(1, found["lines"].to_numpy().sum())),
    )


def _smallest(values: npt.NDArray[np.integer]) -> npt.NDArray[np.unsignedinteger]:
    return values.astype(np.min_scalar_type(values.max(initial=0)))


def _split_ids(splits: Sequence[str]) -> npt.NDArray[np.uint8]:
    ids = {split: ix for ix, split in enumerate(SPLITS)}
    return np.fromiter((ids[split] for split in splits), dtype=np.uint8, count=len(splits))
