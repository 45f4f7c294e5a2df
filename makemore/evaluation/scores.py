"""Scores: what each distinct name costs under a model, and what that says of the model, split by split."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import numpy as np
import polars as pl

from makemore.evaluation.loss import Estimate, estimate, nll_of_names
from makemore.vocab import Vocab

MOST = 100_000
"""Distinct names of a split that are scored: the standard error is then 0.001, and a transformer takes 20 s."""


def names_to_score(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Columns split, name, count, seen of the relations' names; of a larger split, the first `MOST` by md5."""
    names: pl.DataFrame = con.sql(
        f"""
        select split, name, count, seen from split_names
        qualify row_number() over (partition by split order by md5(name)) <= {MOST} order by split, name
        """
    ).pl()
    return names


def score(model: Any, vocab: Vocab, names: pl.DataFrame) -> pl.DataFrame:
    """The same rows and columns, and for each name its characters, the end counted, and its nats in all.

    Raises:
        ValueError: a name holds a character that is not in the vocab.
    """
    characters = (names["name"].str.len_chars() + 1).cast(pl.Int32).alias("characters")
    nlls = nll_of_names(model, vocab, names["name"].to_list())
    return names.with_columns(characters, nats=pl.Series(nlls, dtype=pl.Float64) * characters)


def figures(scores: pl.DataFrame) -> dict[str, float]:
    """What scores of distinct names say: nll and its standard error, bits a name, and nll of names seen and unseen.

    What there is none of is left out.
    """
    whole = _estimate(scores)
    nats, counts = float((scores["nats"] * scores["count"]).sum()), float(scores["count"].sum())
    told = {
        "nll": whole.nll,
        "nll_se": whole.se,
        "bits_per_name": nats / counts / math.log(2),
        "names": len(scores),
        "names_seen": int(scores["seen"].sum()),
    }
    for word, part in (("seen", scores.filter("seen")), ("unseen", scores.filter(~pl.col("seen")))):
        told |= {f"nll_{word}": _estimate(part).nll} if len(part) else {}
    return told


def figures_by_split(scores: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Each of the figures, by split; train is not divided into seen and unseen."""
    by_split: dict[str, dict[str, float]] = {}
    for split in ("train", "dev", "test"):
        if len(part := scores.filter(pl.col("split") == split)):
            for figure, value in figures(part).items():
                if split != "train" or "seen" not in figure:
                    by_split.setdefault(figure, {})[split] = value
    return by_split


def _estimate(scores: pl.DataFrame) -> Estimate:
    nats, characters, counts = (
        scores[column].to_numpy().astype(np.float64) for column in ("nats", "characters", "count")
    )
    return estimate(nats, characters, counts)
