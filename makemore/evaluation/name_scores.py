"""Scores of single names: surprisal of each character, and percentile among held-out names."""

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from makemore.evaluation.loss import nats_of_names
from makemore.models import LanguageModel
from makemore.vocab import Floats, Vocab

TOLERANCE = 1e-6
"""Relative difference of equal nlls: a net rounds the same name differently in another batch."""


def score_names(
    model: LanguageModel, vocab: Vocab, names: Sequence[str] | pl.Series, *, held_out: pl.DataFrame, train: pl.Series
) -> pl.DataFrame:
    """Score names, one row each, in their order.

    Columns: name; nll (nats per character, end included); bits of the whole name, end included; percentile, the percent
    of held-out names with a higher nll; seen, whether train contains the name; surprisal, the bits of each character,
    the end last. `held_out` has the columns name, count, nats, characters; `train` is names.
    """
    names = pl.Series("name", names, dtype=pl.String)
    characters = names.str.len_chars().cast(pl.Int64).to_numpy() + 1
    # log_softmax rounds a probability near 1 to slightly less than 0 nats, or to -0.
    nats = np.maximum(nats_of_names(model, vocab, names.to_list()), 0) + 0.0
    starts = characters.cumsum() - characters
    totals = np.add.reduceat(nats, starts)
    nlls = totals / characters
    surprisal = pa.LargeListArray.from_arrays(np.append(starts, len(nats)), pa.array(nats / math.log(2)))
    return pl.DataFrame(
        {
            "name": names,
            "nll": nlls,
            "bits": totals / math.log(2),
            "percentile": percentiles(nlls, held_out),
            "seen": names.is_in(train.implode()),
            "surprisal": pl.Series(surprisal),
        }
    )


def percentiles(nlls: Floats, held_out: pl.DataFrame) -> pl.Series:
    """Percent of held-out names, weighted by count, with a higher nll; ties count half. Null if none are held out."""
    if not len(held_out):
        return pl.Series("percentile", [None] * len(nlls), dtype=pl.Float64)
    ordered = held_out.select("count", nll=pl.col("nats") / pl.col("characters")).sort("nll")
    cumulative = np.concatenate([[0], ordered["count"].cast(pl.Int64).to_numpy().cumsum()])
    lower = cumulative[np.searchsorted(ordered["nll"].to_numpy(), nlls * (1 - TOLERANCE), side="left")]
    not_higher = cumulative[np.searchsorted(ordered["nll"].to_numpy(), nlls * (1 + TOLERANCE), side="right")]
    return pl.Series("percentile", 50 * (2 * cumulative[-1] - lower - not_higher) / cumulative[-1])
