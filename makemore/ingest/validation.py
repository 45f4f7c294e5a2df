"""Which rows of a list are names, and why the others are not."""

from __future__ import annotations

import polars as pl

from makemore.options import ReadOptions

RAW_LENGTH = 1000
"""Characters that are kept of a rejected row's text."""
JOINERS = "\u200c\u200d\u180e"
"""Invisible characters that Persian, Indic and Mongolian names need."""
FORMAT_CHARACTERS = rf"[\p{{Cc}}\p{{Zl}}\p{{Zp}}[\p{{Cf}}--[{JOINERS}]]]"
"""Control, line-breaking and invisible characters, but for the joiners."""

PLAIN = r"^[!-\-/-~¡-¬®-˿]+(?: [!-\-/-~¡-¬®-˿]+)*$"
"""A name that needs no closer look: trimmed, nothing in it to refuse, and below U+0300 nothing to normalise."""


def divide(batch: pl.DataFrame, options: ReadOptions) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries (row, name, weight) and rejects (row, raw, reason) of a batch of `formats.read`.

    A name is trimmed and in Unicode NFC. A row is in one of the two, never in both and never in none. raw is the name
    as it stood there, and its count after a comma where the list has counts.
    """
    raw = _folded(options)
    plain = (
        raw.str.contains(PLAIN) & (raw.str.len_chars() <= options.max_length)
        & pl.col("count").is_null() & pl.col("reject_reason").is_null()
    )  # fmt: skip
    marked = batch.with_columns(plain=plain)
    names = marked.filter("plain").select("row", name=raw, weight=pl.lit(1, pl.Int64))
    entries, rejects = _judge(marked.filter(~pl.col("plain")), options)
    return pl.concat([names, entries]), rejects


def _judge(rows: pl.DataFrame, options: ReadOptions) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries and rejects of rows that need a closer look, which takes five times as long as seeing that they do."""
    name = _folded(options).str.normalize("NFC").str.strip_chars()
    weight = pl.col("count").str.strip_chars().str.replace(r"\.0+$", "")
    reason = (
        pl.when(pl.col("reject_reason").is_not_null()).then(pl.col("reject_reason"))
        .when(pl.col("name").str.strip_chars(JOINERS) == "").then(pl.lit("is empty"))
        .when(pl.col("name").str.contains(".", literal=True)).then(pl.lit("holds '.', which marks start and end"))
        .when(pl.col("name").str.contains("\ufffd", literal=True)).then(pl.lit("holds an undecodable character"))
        .when(pl.col("name").str.contains(FORMAT_CHARACTERS)).then(pl.lit("holds a control character"))
        .when(pl.col("name").str.len_chars() > options.max_length)
        .then(pl.lit(f"is longer than {options.max_length} characters"))
        .when(~weight.str.contains(r"^[1-9][0-9]{0,11}$")).then(pl.lit("has a count that is no whole number from 1"))
    )  # fmt: skip
    judged = rows.lazy().with_columns(name=name).with_columns(reason=reason).collect()
    entries = judged.filter(pl.col("reason").is_null())
    rejects = judged.filter(pl.col("reason").is_not_null())
    return (
        entries.select("row", "name", weight=weight.cast(pl.Int64).fill_null(1)),
        rejects.select(
            "row", pl.concat_str("raw", "count", separator=",", ignore_nulls=True).str.slice(0, RAW_LENGTH), "reason"
        ),
    )


def _folded(options: ReadOptions) -> pl.Expr:
    return pl.col("raw").str.to_lowercase() if options.lower else pl.col("raw")
