"""How name-like names are: what each costs under a model, character by character, and beside held-out names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from makemore.evaluation.loss import Numbers, nats_of_names
from makemore.vocab import Vocab

SAME = 1e-6
"""Share by which two nlls may differ and be the same: a net rounds the same name differently in another batch."""


def described(
    model: Any, vocab: Vocab, names: Sequence[str] | pl.Series, *, held_out: pl.DataFrame, train: pl.Series
) -> pl.DataFrame:
    """A row for each of the names, in their order.

    Columns: name; nll (nats a character, end counted); bits of the whole name, end counted; percentile, the percent of
    held-out names that are less name-like; seen, whether train has the name; surprisal, the bits of each character, the
    end last. `held_out` is as `scores.score` gives it: columns name, count, nats, characters. `train` has names.

    Raises:
        ValueError: a name holds '.' or a character that is not in the vocab.
    """
    names = pl.Series("name", names, dtype=pl.String)
    characters = names.str.len_chars().cast(pl.Int64).to_numpy() + 1
    # No cost is below zero; log_softmax rounds some of the surest characters to a little less, or to minus zero.
    nats = np.maximum(nats_of_names(model, vocab, names.to_list()), 0) + 0.0
    starts = characters.cumsum() - characters
    whole = np.add.reduceat(nats, starts)
    nlls = whole / characters
    return pl.DataFrame(
        {
            "name": names,
            "nll": nlls,
            "bits": whole / math.log(2),
            "percentile": percentiles(nlls, held_out),
            "seen": names.is_in(train.implode()),
            "surprisal": _lists(nats / math.log(2), starts),
        }
    )


def percentiles(nlls: Numbers, held_out: pl.DataFrame) -> pl.Series:
    """Percent of held-out names, each as often as it counts, whose nll is higher; the same nll counts half.

    Null where nothing is held out.
    """
    if not len(held_out):
        return pl.Series("percentile", [None] * len(nlls), dtype=pl.Float64)
    ordered = held_out.select("count", nll=pl.col("nats") / pl.col("characters")).sort("nll")
    upto = np.concatenate([[0], ordered["count"].cast(pl.Int64).to_numpy().cumsum()])
    lower = upto[np.searchsorted(ordered["nll"].to_numpy(), nlls * (1 - SAME), side="left")]
    not_higher = upto[np.searchsorted(ordered["nll"].to_numpy(), nlls * (1 + SAME), side="right")]
    return pl.Series("percentile", 50 * (2 * upto[-1] - lower - not_higher) / upto[-1])


def _lists(flat: Numbers, starts: npt.NDArray[np.int64]) -> pl.Series:
    """A list for each of the starts, which lasts until the next one."""
    lists = pl.from_arrow(pa.LargeListArray.from_arrays(np.append(starts, len(flat)), pa.array(flat)))
    assert isinstance(lists, pl.Series)
    return lists
