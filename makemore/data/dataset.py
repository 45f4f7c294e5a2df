"""The dataset: xs and ys as in the lecture, and the distinct rows and names with their counts, for training."""

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

from makemore.database import sql
from makemore.vocab import Ids, Ints, Vocab

SPLITS = ("train", "dev", "test")
"""The id of a split in a dataset is its index."""


@dataclass(frozen=True)
class Rows:
    """The R distinct (context, next) pairs of a split with their counts.

    They are sufficient statistics: for a model of one character of context, the loss over all examples is the loss
    over these rows, weighted by count.
    """

    context: Ints  # character before (R, 1)
    next: Ints  # character after it (R,)
    count: Ints  # occurrences of the pair (R,)

    def contexts(self) -> tuple[Ints, Ints]:
        """Distinct contexts (C, 1), and the index of each row's context (R,)."""
        contexts, which = np.unique(self.context, axis=0, return_inverse=True)
        return contexts, which.reshape(-1)

    def matrix(self, vocab_size: int) -> Ints:
        """Counts as the lecture's matrix N (V, V)."""
        counts = np.zeros((vocab_size, vocab_size), dtype=np.int64)
        counts[self.context[:, 0], self.next] = self.count
        return counts


@dataclass(frozen=True)
class Names:
    """The n distinct names of a split, sorted, with their counts."""

    ids: Ids  # their `Vocab.stream`
    length: Ints  # characters of each name (n,)
    count: Ints  # count of each name (n,), over all lines
    mean_weight: float  # mean count of a line of the lists; 1 for lists without counts

    @property
    def start(self) -> Ints:
        """Index in `ids` of the '.' before each name (n,)."""
        return np.concatenate([[0], np.cumsum(self.length + 1)[:-1]])

    def __len__(self) -> int:
        return len(self.length)


def xs_ys(names: Sequence[str], vocab: Vocab) -> tuple[Ids, Ids]:
    """Inputs and targets (E,), one pair per bigram: `emma` gives 0 5 13 13 1 and 5 13 13 1 0. Raise as `stream`."""
    stream = vocab.stream(names)
    return stream[:-1], stream[1:]


def read_vocab(con: duckdb.DuckDBPyConnection) -> Vocab:
    """Vocab of the relations."""
    return Vocab(tuple(row[0] for row in con.execute("select ch from vocab order by ix").fetchall()))


def train_names(con: duckdb.DuckDBPyConnection) -> pl.Series:
    """Distinct names of train."""
    names: pl.Series = con.sql("select name from split_names where split = 'train'").pl()["name"]
    return names


def write_dataset(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Write the dataset of the relations as safetensors and return its number of bigrams.

    Names are in the order of sources and lines. docs/reference/file-format.md describes each tensor.
    """
    vocab = read_vocab(con)
    names = con.sql("select name, length, split, weight from names order by source_id, row").to_arrow_table()
    rows = con.sql(sql("dataset/rows")).to_arrow_table()
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
    """Distinct rows of a dataset by split, without empty splits."""
    # Skips xs and ys, which are most of the file.
    with safe_open(path, framework="numpy") as file:
        splits, *columns = (file.get_tensor(f"rows.{name}") for name in ("split", "context", "next", "count"))
    return {
        split: Rows(*(column[chosen].astype(np.int64) for column in columns))
        for ix, split in enumerate(SPLITS)
        if (chosen := splits == ix).any()
    }


def read_names(con: duckdb.DuckDBPyConnection, vocab: Vocab, split: str) -> Names:
    """Distinct names of a split of the relations, sorted."""
    table = con.sql(
        "select name, length, count, lines from split_names where split = ? order by name", params=[split]
    ).to_arrow_table()
    count = table["count"].to_numpy().astype(np.int64)
    return Names(
        vocab.stream(table["name"].to_pylist()),
        table["length"].to_numpy().astype(np.int64),
        count,
        float(count.sum() / max(1, table["lines"].to_numpy().sum())),
    )


def _smallest(values: npt.NDArray[np.integer]) -> npt.NDArray[np.unsignedinteger]:
    return values.astype(np.min_scalar_type(values.max(initial=0)))


def _split_ids(splits: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.array([SPLITS.index(split) for split in splits], dtype=np.uint8)
