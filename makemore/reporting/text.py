"""Terminal text of versions, tables, scores and names."""

import unicodedata
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from typing import Any

import polars as pl

from makemore.errors import CorruptVersion
from makemore.reporting import columns
from makemore.versions.registry import Promotion
from makemore.versions.version import Version

ROWS = 50
"""Rows of a table that are printed."""
NAME_WIDTH = 32
"""Characters of a name column. Longer rejected rows are cut."""


def version_line(version: Version, marks: Sequence[str] = ()) -> str:
    """Return one line: version, number of names, test nll of each model, failed models and registry marks."""
    try:
        parts = [f"{sum(source.get('names', 0) for source in version.sources):,} names"]
        parts += [f"{model_type} {_nll(version, model_type)}" for model_type in version.model_types]
        parts += [f"{model_type} failed" for model_type in version.failed]
    except CorruptVersion as error:
        parts = [f"corrupt: {error}"]
    return "  ".join([version.name, *parts, *([", ".join(marks)] if marks else [])])


def announcement(version: Version, command: str, option: str) -> str:
    """Return the text after a run: new names from the best model, nlls, the decision and commands to try next."""
    best, promotion = version.best_model(), version.read_promotion()
    samples = pl.read_parquet(version.samples(best), glob=False)
    names = samples.filter("is_new")["name"].unique(maintain_order=True).head(20).to_list()
    nlls = "\n".join(_nlls(version, model_type) for model_type in version.model_types)
    option_of_version = option if promotion.is_promoted else f"{option} --version {version.name}"
    return f"""{len(names)} new names from {best}:

{in_columns(names)}

{nlls}

Published {version.path}. Open report.html in that folder in a browser.
{decision(promotion)}

Next steps:

  {command} compare{option_of_version}
  {command} sample -n 50 --seed 1{option_of_version}
  {command} query "select * from bigram_counts order by count desc limit 5"{option_of_version}
  {command} verify{option}"""


def decision(promotion: Promotion) -> str:
    """Return whether a version is promoted or refused, with the reasons."""
    text = f"Promoted to champion (model: {promotion.model_type})."
    if not promotion.is_promoted:
        text = f"Refused (model: {promotion.model_type}); champion stays {promotion.against}."
        text += f" To promote it anyway: `makemore promote {promotion.version}`."
    if len(promotion.reasons) == 1:
        return f"{text} Reason: {promotion.reasons[0]}"
    return "\n".join([f"{text} Reasons:", *(f"  {reason}" for reason in promotion.reasons)])


def comparison(version: Version) -> str:
    """Return a table of the models, the failed models and a table of the sample quality."""
    failed = [f"{model_type} failed: {reason}" for model_type, reason in version.failed.items()]
    models, samples = columns.comparison(version), columns.sample_quality(version)
    return "\n".join([*_table_lines(models), *failed, "", *_table_lines(samples)])


def evaluation_line(model_type: str, figures: dict[str, float]) -> str:
    """Return one line with the `scores.metrics` of a model, split by seen and unseen names if there are both."""
    line = f"{model_type:12} nll {figures['nll']:.4f} ± {figures['nll_se']:.4f}  "
    line += f"bits per name {figures['bits_per_name']:.2f}  names {figures['names']:,}"
    if not {"nll_seen", "nll_unseen"} <= figures.keys():
        return line
    seen = f"{figures['nll_seen']:.4f} on {figures['names_seen']:,} seen in train"
    return f"{line}: {seen}, {figures['nll_unseen']:.4f} on the others"


def score_lines(scores: pl.DataFrame) -> Iterator[str]:
    """Yield a line for each row of `pipeline.score`: percentile, and the surprisal of each character in bits."""
    rows = list(scores.iter_rows(named=True))
    shown = [row["name"] if row["reject_reason"] is None else _cut(repr(row["name"])[1:-1]) for row in rows]
    width = min(NAME_WIDTH, max(map(len, shown), default=0))
    for name, row in zip(shown, rows, strict=True):
        yield f"{name:{width}}  " + (f"not scored: it {row['reject_reason']}" if row["reject_reason"] else _score(row))


def table(frame: pl.DataFrame) -> str:
    """Return a table; of a long one the first and last rows, with a hint."""
    with pl.Config(
        tbl_rows=ROWS, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, fmt_str_lengths=60,
        tbl_formatting="UTF8_FULL_CONDENSED", tbl_width_chars=160,
    ):  # fmt: skip
        text = str(frame)
    hint = f"\nThe first and last of {len(frame):,} rows. hint: use --format csv or --output FILE"
    return text + (hint if len(frame) > ROWS else "")


def in_columns(names: list[str]) -> str:
    """Return names side by side, as many per line as fit in the terminal."""
    width = max(map(len, names), default=0) + 2
    per_line = max(1, min(100, get_terminal_size().columns) // width)
    lines = (names[i : i + per_line] for i in range(0, len(names), per_line))
    return "\n".join("".join(name.ljust(width) for name in line).rstrip() for line in lines)


def aligned(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Return the lines of a table. Cells are right-aligned, except in the columns of `left`."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    specs = [f"{'<' if i in left else '>'}{width}" for i, width in enumerate(widths)]
    return ["  ".join(map(format, row, specs)).rstrip() for row in rows]


def _table_lines(table: columns.Table) -> list[str]:
    left = [i for i, column in enumerate(table.columns) if column.align == "left"]
    return aligned([[column.heading for column in table.columns], *table.rows], left)


def _nlls(version: Version, model_type: str) -> str:
    nlls = version.read_metrics(model_type)["nll"]
    return f"{model_type:12} nll " + "  ".join(f"{split} {nll:.7f}" for split, nll in nlls.items())


def _nll(version: Version, model_type: str) -> str:
    nlls = version.read_metrics(model_type)["nll"]
    split = "test" if "test" in nlls else "train"
    return f"{nlls[split]:.4f} ({split})"


def _score(row: dict[str, Any]) -> str:
    likeness = "no held-out names to compare with"
    if row["percentile"] is not None:
        likeness = f"more name-like than {_percent(row['percentile']):>3} % of held-out names"
    seen = "seen in train" if row["seen"] else "not in train"
    bits = (f"{_visible(ch)} {bits:.1f}" for ch, bits in zip(f"{row['name']}.", row["surprisal"], strict=True))
    return f"nll {row['nll']:6.4f}  bits {row['bits']:5.2f}  {likeness}  {seen:13}  {'  '.join(bits)}"


def _percent(percent: float) -> str:
    """Return rounded percent; 0 and 100 only for exact values."""
    return "<1" if 0 < percent < 1 else ">99" if 99 < percent < 100 else f"{percent:.0f}"


def _visible(ch: str) -> str:
    """Return a visible form of a character that has none by itself: a space, a combining mark or a joiner."""
    forms = {"Zs": "␣", "Mn": f"◌{ch}", "Mc": f"◌{ch}", "Me": f"◌{ch}", "Cf": f"U+{ord(ch):04X}"}
    return forms.get(unicodedata.category(ch), ch)


def _cut(text: str) -> str:
    return text if len(text) <= NAME_WIDTH else f"{text[: NAME_WIDTH - 1]}…"
