"""Divide the rows of a list into entries and rejects."""

import polars as pl

from makemore.options import ReadOptions

MAX_RAW_LENGTH = 1000
"""Characters kept of the text of a rejected row."""
JOINERS = "\u200c\u200d\u180e"
"""Invisible characters in Persian, Indic and Mongolian names."""
FORMAT_CHARACTERS = rf"[\p{{Cc}}\p{{Zl}}\p{{Zp}}[\p{{Cf}}--[{JOINERS}]]]"
"""Control, line-breaking and invisible characters, without the joiners."""

PLAIN = r"^[!-\-/-~¡-¬®-˿]+(?: [!-\-/-~¡-¬®-˿]+)*$"
"""A trimmed name of valid characters below U+0300, which NFC does not change."""


def divide(batch: pl.DataFrame, options: ReadOptions) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries (row, name, weight) and rejects (row, raw, reason) of a batch; each row is in one of them.

    A name is trimmed and in Unicode NFC. raw is the original name, with its count after a comma if the list has counts.
    """
    raw = _folded(options)
    plain = (
        raw.str.contains(PLAIN) & (raw.str.len_chars() <= options.max_length)
        & pl.col("count").is_null() & pl.col("reject_reason").is_null()
    )  # fmt: skip
    marked = batch.with_columns(plain=plain)
    names = marked.filter("plain").select("row", name=raw, weight=pl.lit(1, pl.Int64))
    entries, rejects = _validate(marked.filter(~pl.col("plain")), options)
    return pl.concat([names, entries]), rejects


def _validate(rows: pl.DataFrame, options: ReadOptions) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries and rejects of rows that are not plain; it takes five times as long as the check for plain ones."""
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
        .when(~weight.str.contains(r"^[1-9][0-9]{0,11}$")).then(pl.lit("has an invalid count"))
    )  # fmt: skip
    validated = rows.lazy().with_columns(name=name).with_columns(reason=reason).collect()
    entries = validated.filter(pl.col("reason").is_null())
    rejects = validated.filter(pl.col("reason").is_not_null())
    raw = pl.concat_str("raw", "count", separator=",", ignore_nulls=True).str.slice(0, MAX_RAW_LENGTH)
    weights = weight.cast(pl.Int64).fill_null(1)
    return entries.select("row", "name", weight=weights), rejects.select("row", raw, "reason")


def _folded(options: ReadOptions) -> pl.Expr:
    return pl.col("raw").str.to_lowercase() if options.lower else pl.col("raw")
