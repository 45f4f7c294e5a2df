"""Scores of distinct names under a model, and the metrics that follow from them."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import polars as pl

from makemore.data.dataset import SPLITS
from makemore.database import sql
from makemore.evaluation.loss import Estimate, estimate, nll_of_names
from makemore.models import LanguageModel
from makemore.vocab import Vocab

MAX_NAMES = 100_000
"""Distinct names of a split to score: the standard error is then 0.001, and a transformer takes 20 s."""


def names_to_score(con: duckdb.DuckDBPyConnection, limit: int = MAX_NAMES) -> pl.DataFrame:
    """Columns split, name, count, seen of the relations' names: the first `limit` of each split by md5."""
    select = f"select * exclude (place) from ({sql('scores/names_to_score')}) where place <= ? order by split, name"
    names: pl.DataFrame = con.sql(select, params=[limit]).pl()
    return names


def score(model: LanguageModel, vocab: Vocab, names: pl.DataFrame) -> pl.DataFrame:
    """Add the columns characters (end included) and nats to a frame with the column name."""
    characters = (names["name"].str.len_chars() + 1).cast(pl.Int32).alias("characters")
    nlls = nll_of_names(model, vocab, names["name"].to_list())
    return names.with_columns(characters, nats=pl.Series(nlls, dtype=pl.Float64) * characters)


def metrics(scores: pl.DataFrame) -> dict[str, float]:
    """nll and its standard error, bits per name, number of names, and nll of seen and unseen names if there are any."""
    total = _estimate(scores)
    nats, counts = float((scores["nats"] * scores["count"]).sum()), float(scores["count"].sum())
    values = {"nll": total.nll, "nll_se": total.se, "bits_per_name": nats / counts / math.log(2)}
    values |= {"names": len(scores), "names_seen": int(scores["seen"].sum())}
    for word, part in (("seen", scores.filter("seen")), ("unseen", scores.filter(~pl.col("seen")))):
        values |= {f"nll_{word}": _estimate(part).nll} if len(part) else {}
    return values


def metrics_by_split(scores: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Each metric by split; train has no seen and unseen names."""
    by_split: dict[str, dict[str, float]] = {}
    for split in SPLITS:
        if len(part := scores.filter(pl.col("split") == split)):
            for metric, value in metrics(part).items():
                if split != "train" or "seen" not in metric:
                    by_split.setdefault(metric, {})[split] = value
    return by_split


def _estimate(scores: pl.DataFrame) -> Estimate:
    return estimate(*(scores[column].to_numpy().astype(np.float64) for column in ("nats", "characters", "count")))
