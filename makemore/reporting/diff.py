"""How two versions differ: their lists, options, models on the names that both held out, and bigrams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from makemore.database import connect
from makemore.evaluation.paired import Difference, paired
from makemore.versions.version import Version

BIGRAMS = 10
"""Bigrams that are told, those that moved most."""
EXAMPLES = 3
"""Names that are told of each."""


@dataclass(frozen=True)
class ListChange:
    """A list that only one of two versions has, or that is another one in the second; names where it has it."""

    uri: str
    change: Literal["added", "removed", "changed"]
    before: int | None
    after: int | None


@dataclass(frozen=True)
class ModelChange:
    """A model type of both versions: its nll in each on the names that both held out, and how far they differ."""

    model_type: str
    before: float
    after: float
    difference: Difference


def of_lists(before: Version, after: Version) -> list[ListChange]:
    """Lists that differ, by their addresses: other bytes, or read with other options, is another list."""
    old, new = ({source["uri"]: source for source in version.sources} for version in (before, after))
    changes = []
    for uri in sorted(old.keys() | new.keys()):
        had, has = old.get(uri), new.get(uri)
        names = [source.get("names") if source else None for source in (had, has)]
        if had is None or has is None:
            changes.append(ListChange(uri, "added" if has else "removed", *names))
        elif any(had.get(key) != has.get(key) for key in ("sha256", "options", "names")):
            changes.append(ListChange(uri, "changed", *names))
    return changes


def of_options(before: Version, after: Version) -> list[tuple[str, Any, Any]]:
    """Each option, setting and library that differs, with its value in both versions; None where there is none."""
    old, new = (dict(_flat(version.made_from)) for version in (before, after))
    names = sorted((old.keys() | new.keys()) - {"sources"})
    return [(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def of_models(before: Version, after: Version) -> list[ModelChange]:
    """Each model type of both versions on the names that both held out; none where there is no such name.

    Names that either has in train are left out. A name counts as it does in the second version.
    """
    changes = []
    for model_type in before.model_types:
        if model_type not in after.model_types:
            continue
        both = _held_out(after, model_type).join(_held_out(before, model_type), on="name", suffix="_before")
        nats, others, characters, counts = (
            both[column].to_numpy().astype(np.float64) for column in ("nats", "nats_before", "characters", "count")
        )
        if difference := paired(nats, others, characters, counts):
            total = float((counts * characters).sum())
            was, is_now = (float((counts * found).sum() / total) for found in (others, nats))
            changes.append(ModelChange(model_type, was, is_now, difference))
    return changes


def of_bigrams(before: Version, after: Version) -> pl.DataFrame:
    """Columns ch1, ch2, before, after, names: bigrams whose share of all moved most, names where it shows most."""
    old, new = (_shares(version) for version in (before, after))
    moved = (
        old.join(new, on=["ch1", "ch2"], how="full", coalesce=True, suffix="_after")
        .select("ch1", "ch2", before=pl.col("share").fill_null(0.0), after=pl.col("share_after").fill_null(0.0))
        .filter(pl.col("before") != pl.col("after"))
        .sort((pl.col("after") - pl.col("before")).abs(), "ch1", "ch2", descending=[True, False, False])
        .head(BIGRAMS)
    )
    names = _name_shares(before).join(_name_shares(after), on="name", how="full", coalesce=True, suffix="_after")
    names = names.select(
        "name",
        word="." + pl.col("name") + ".",
        more=pl.col("share_after").fill_null(0.0) - pl.col("share").fill_null(0.0),
    )
    examples = [_examples(names, f"{ch1}{ch2}", grew=new > old) for ch1, ch2, old, new in moved.iter_rows()]
    return moved.with_columns(names=pl.Series(examples, dtype=pl.List(pl.String)))


def _examples(names: pl.DataFrame, bigram: str, *, grew: bool) -> list[str]:
    """Names with a bigram that became more in their share, or less."""
    found = names.filter(pl.col("word").str.contains(bigram, literal=True), (pl.col("more") > 0) == grew)
    return found.sort(pl.col("more").abs(), "name", descending=[True, False]).head(EXAMPLES)["name"].to_list()


def _held_out(version: Version, model_type: str) -> pl.DataFrame:
    scores = version.read_scores(model_type).filter(~pl.col("seen")).sort("split", descending=True)
    return scores.unique("name", keep="first", maintain_order=True).select("name", "count", "characters", "nats")


def _shares(version: Version) -> pl.DataFrame:
    counts = version.read_counts()
    return counts.filter(pl.col("count") > 0).select("ch1", "ch2", share=pl.col("count") / pl.col("count").sum())


def _name_shares(version: Version) -> pl.DataFrame:
    with connect(version.stats, read_only=True) as con:
        names: pl.DataFrame = con.sql("select name, count / sum(count) over () as share from name_counts").pl()
    return names


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner
