"""Differences between two versions: lists, options, models on the names that both held out, bigrams."""

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import polars as pl

from makemore.database import query, sql
from makemore.evaluation.paired import Difference, paired
from makemore.reporting.columns import with_interval
from makemore.reporting.text import aligned
from makemore.versions.version import Version


def describe_changes(before: Version, after: Version) -> str:
    """Return the terminal text of all differences, section by section."""
    sections = {
        "lists": (
            f"  {change:7}  {uri}: {' -> '.join(f'{n:,}' for n in names)} names"
            for uri, change, names in list_changes(before, after)
        ),
        "options": (f"  {name}  {old} -> {new}" for name, old, new in option_changes(before, after)),
        "models: nll on the names that both versions held out": _model_lines(before, after),
        "bigrams: largest changes of share": _bigram_lines(before, after),
    }
    texts = ("\n".join([section, *(list(lines) or ["  no change"])]) for section, lines in sections.items())
    return "\n\n".join([f"{before.name} -> {after.name}", *texts])


def list_changes(before: Version, after: Version) -> Iterator[tuple[str, str, list[int]]]:
    """Yield URI, change and number of names, before and after, of each list that differs in bytes or read options."""
    old, new = ({source["uri"]: source for source in version.sources} for version in (before, after))
    for uri in sorted(old.keys() | new.keys()):
        sources = [sources[uri] for sources in (old, new) if uri in sources]
        names = [source["names"] for source in sources]
        if len(sources) == 1:
            yield uri, "added" if uri in new else "removed", names
        elif any(old[uri].get(key) != new[uri].get(key) for key in ("sha256", "options", "names")):
            yield uri, "changed", names


def option_changes(before: Version, after: Version) -> list[tuple[str, Any, Any]]:
    """Return name, old and new value of each option, model setting and library that differs; None if unset."""
    old, new = (dict(_flat(version.made_from)) for version in (before, after))
    names = sorted((old.keys() | new.keys()) - {"sources"})
    return [(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def model_changes(before: Version, after: Version) -> Iterator[tuple[str, float, float, Difference]]:
    """Yield model type, nll before, nll after and difference, weighted by the name counts of the second version.

    Names that are in train of either version are left out.
    """
    for model_type in sorted({*before.model_types} & {*after.model_types}):
        both = _held_out(after, model_type).join(_held_out(before, model_type), on="name", suffix="_before")
        nats, nats_before, characters, counts = (
            both[column].to_numpy().astype(np.float64) for column in ("nats", "nats_before", "characters", "count")
        )
        if difference := paired(nats, nats_before, characters, counts):
            total = float((counts * characters).sum())
            old, new = (float((counts * values).sum() / total) for values in (nats_before, nats))
            yield model_type, old, new, difference


def bigram_changes(before: Version, after: Version) -> pl.DataFrame:
    """Return columns ch1, ch2, before, after, names: the largest changes of a bigram's share, with example names."""
    with duckdb.connect() as con:
        for version, side in ((before, "before"), (after, "after")):
            con.register(f"counts_{side}", version.read_counts().to_arrow())
            con.register(f"names_{side}", query(version.stats, "from name_counts").to_arrow())
        changes: pl.DataFrame = con.sql(sql("diff/bigram_changes")).pl()
    return changes


def _held_out(version: Version, model_type: str) -> pl.DataFrame:
    scores = version.read_scores(model_type).filter(~pl.col("seen")).sort("split", descending=True)
    return scores.unique("name", keep="first", maintain_order=True).select("name", "count", "characters", "nats")


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner


def _model_lines(before: Version, after: Version) -> Iterator[str]:
    rows = [
        [f"  {model_type}", f"{change.names:,}", f"{old:.4f}", f"{new:.4f}",
         with_interval(change.value, change.low, change.high)]
        for model_type, old, new, change in model_changes(before, after)
    ]  # fmt: skip
    if rows:
        yield from aligned([["  model", "names", "before", "after", "Δ nll"], *rows])
    for version, other, side in ((before, after, "before"), (after, before, "after")):
        if only := [model_type for model_type in version.model_types if model_type not in other.model_types]:
            yield f"  only {side}: {', '.join(only)}"
    if not rows:
        yield "  no comparison: the versions share no held-out name of a common model type"


def _bigram_lines(before: Version, after: Version) -> Iterator[str]:
    changed = bigram_changes(before, after)
    rows = [
        [f"  {ch1} {ch2}", f"{100 * old:.2f} %", f"{100 * new:.2f} %", f"{100 * (new - old):+.2f}", ", ".join(names)]
        for ch1, ch2, old, new, names in changed.iter_rows()
    ]
    if rows:
        yield from aligned([["  bigram", "before", "after", "change", "examples"], *rows], left=(0, 4))
