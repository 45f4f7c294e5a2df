"""What a version says of itself in a terminal, in a few lines of text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from typing import Any

import polars as pl

from makemore.database import query
from makemore.errors import CorruptVersion
from makemore.versions.registry import Promotion
from makemore.versions.version import Version

ROWS = 50
"""Rows of a table that are shown."""
NAME = 32
"""Characters of a name to which others are aligned; what is no name is cut there."""


def describe(version: Version, marks: Sequence[str] = ()) -> str:
    """One line: the version, its lists' names, the test nll of each model, which failed, and what the registry says."""
    told = f"{version.name}  {_described(version)}"
    return f"{told}  {', '.join(marks)}" if marks else told


def _described(version: Version) -> str:
    try:
        sources = version.sources
        told = [f"{model_type} {_headline(version, model_type)}" for model_type in version.model_types]
    except CorruptVersion as error:
        return f"damaged: {error}"
    names = sum(source.get("names", 0) for source in sources)
    failed = [f"{model_type} failed" for model_type in version.failed]
    return f"{names:,} names  " + "  ".join(told + failed)


def nlls(version: Version) -> str:
    """A line a model: its nll on each split."""
    lines = []
    for model_type in version.model_types:
        found = version.read_metrics(model_type)["nll"]
        lines.append(f"{model_type:12} nll " + "  ".join(f"{split} {nll:.7f}" for split, nll in found.items()))
    return "\n".join(lines)


def evaluated(model_type: str, figures: dict[str, float]) -> str:
    """One line: what `scores.figures` tells of a model, names that train has apart where there are both kinds."""
    line = f"{model_type:12} nll {_plus_minus(figures['nll'], figures['nll_se'])}  "
    line += f"bits a name {figures['bits_per_name']:.2f}  names {figures['names']:,}"
    if "nll_seen" in figures and "nll_unseen" in figures:
        line += f": {figures['nll_seen']:.4f} on {figures['names_seen']:,} seen in train, "
        line += f"{figures['nll_unseen']:.4f} on the others"
    return line


def scored(scores: pl.DataFrame) -> Iterator[str]:
    """A line for each row that `steps.scoring` gives: how name-like a name is, and the bits of each character."""
    shown = [
        name if reject_reason is None else repr(name)[1:-1]
        for name, reject_reason in scores.select("name", "reject_reason").rows()
    ]
    width = min(NAME, max(map(len, shown), default=0))
    for name, row in zip(shown, scores.iter_rows(named=True), strict=True):
        if row["reject_reason"] is None:
            yield f"{name:{width}}  {_scored(row)}"
        else:
            yield f"{_cut(name):{width}}  no score: it {row['reject_reason']}"


def announce(version: Version, command: str, option: str) -> str:
    """New names from the best model of a version, all nlls, where it lies, whether it serves and what to try next."""
    best, promotion = version.best_model(), version.read_promotion()
    names = new_names(version, best, 20)
    of_it = option if promotion.serves else f"{option} --version {version.name}"
    return f"""{len(names)} new names from {best}:

{in_columns(names)}

{nlls(version)}

Published {version.path}: open report.html there in a browser.
{serving(promotion)}

Next:

  {command} compare{of_it}
  {command} sample -n 50 --seed 1{of_it}
  {command} query "select * from bigram_counts order by count desc limit 5"{of_it}
  {command} verify{option}"""


def serving(promotion: Promotion) -> str:
    """Whether a version serves by a decision, with which model or in place of which, and a line for each reason."""
    told = f"It serves from now on, with {promotion.model_type}"
    if not promotion.serves:
        told = f"It does not serve, {promotion.against} does, unless you `makemore promote {promotion.version}`"
    return "\n".join([f"{told}:", *(f"  {reason}" for reason in promotion.reasons)])


def comparison(version: Version) -> str:
    """A table of a version's models, best first, and one of their samples beside train, resampled."""
    models = query(version.stats, "from comparison").to_dicts()
    quality = query(version.stats, "from sample_quality").to_dicts()
    held_out = [split for split in ("dev", "test") if any(model[f"nll_{split}"] is not None for model in models)]
    header = ["model_type", *(f"nll {split}" for split in held_out or ["train"]), "worse on test by", "parameters"]
    lines = [[*header, "seconds", "names/s"], *(_compared(model, held_out) for model in models)]
    samples = [["samples of", "unique", "in train", "held-out hits", "length TV", "trigram JSD"]] + [
        [row["model_type"], f"{row['unique_rate']:.3f}", f"{row['copy_rate']:.3f}", f"{row['held_out_hits']:,}",
         f"{row['length_tv']:.3f}", f"{row['trigram_jsd']:.4f}"] for row in quality
    ]  # fmt: skip
    told = [f"{model_type} failed: {reason}" for model_type, reason in version.failed.items()]
    return "\n".join([*aligned(lines), *told, "", *aligned(samples)])


def table(frame: pl.DataFrame) -> str:
    """A table to look at: the first and last rows of a long one, with a line that says so."""
    with pl.Config(
        tbl_rows=ROWS, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, fmt_str_lengths=60,
        tbl_formatting="UTF8_FULL_CONDENSED", tbl_width_chars=160,
    ):  # fmt: skip
        shown = str(frame)
    if len(frame) <= ROWS:
        return shown
    return f"{shown}\nThe first and last of {len(frame):,} rows: all of them with --format csv or -o FILE."


def new_names(version: Version, model_type: str, n: int) -> list[str]:
    """The first names of a version's samples that stand in none of its lists, each once."""
    samples = pl.read_parquet(version.samples(model_type), glob=False)
    return samples.filter("is_new")["name"].unique(maintain_order=True).head(n).to_list()


def in_columns(names: list[str]) -> str:
    """Names side by side, as many as a terminal of this width holds."""
    width = max(map(len, names), default=0) + 2
    per_line = max(1, min(100, get_terminal_size().columns) // width)
    return "\n".join(
        "".join(name.ljust(width) for name in names[i : i + per_line]).rstrip() for i in range(0, len(names), per_line)
    )


def aligned(rows: list[list[str]]) -> list[str]:
    """Lines of a table, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]


def _compared(model: dict[str, Any], held_out: list[str]) -> list[str]:
    """The cells of a model: its nll on the splits that are held out, and how it differs from the best one on test."""
    nlls = [_plus_minus(model[f"nll_{split}"], model[f"nll_{split}_se"]) for split in held_out]
    return [
        model["model_type"],
        *(nlls or [f"{model['nll_train']:.4f}"]),
        _difference(model["difference"], model["difference_low"], model["difference_high"]),
        f"{model['parameters']:,}",
        f"{model['train_seconds']:,.2f}",
        f"{model['names_per_second']:,.0f}",
    ]


def _scored(row: dict[str, Any]) -> str:
    likeness = "nothing is held out to compare it with"
    if row["percentile"] is not None:
        likeness = f"more name-like than {_percent(row['percentile']):>3} % of held-out names"
    seen = "seen in train" if row["seen"] else "not in train"
    bits = (f"{_visible(ch)} {bits:.1f}" for ch, bits in zip(f"{row['name']}.", row["surprisal"], strict=True))
    return f"nll {row['nll']:6.4f}  bits {row['bits']:5.2f}  {likeness}  {seen:13}  {'  '.join(bits)}"


def _percent(percent: float) -> str:
    """A whole number of percent; all and none are said of all and none alone."""
    return "<1" if 0 < percent < 1 else ">99" if 99 < percent < 100 else f"{percent:.0f}"


def _visible(ch: str) -> str:
    """A character as it can be seen when it stands alone: a space, a mark or a joiner cannot."""
    match unicodedata.category(ch):
        case "Zs":
            return "␣"
        case "Mn" | "Mc" | "Me":
            return f"◌{ch}"
        case "Cf":
            return f"U+{ord(ch):04X}"
    return ch


def _cut(text: str) -> str:
    return text if len(text) <= NAME else f"{text[: NAME - 1]}…"


def _plus_minus(value: float, se: float) -> str:
    return f"{value:.4f} ± {se:.4f}"


def _difference(difference: float | None, low: float, high: float) -> str:
    """A difference and its interval, and whether chance may have made it; '-' for the best model, or if unknown."""
    if not difference and not high:
        return "-"
    return f"{difference:.4f} ({low:.4f} to {high:.4f})" + (", or not at all" if low <= 0 <= high else "")


def _headline(version: Version, model_type: str) -> str:
    nlls = version.read_metrics(model_type)["nll"]
    split = "test" if "test" in nlls else "train"
    return f"{nlls[split]:.4f} ({split})"
