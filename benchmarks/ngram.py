"""Kneser-Ney of order 6: the time that its relations take and its test nll, on the reference split and on ours."""

from __future__ import annotations

import sys
from math import sqrt
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row, seconds
from benchmarks.inputs import Inputs, reference_split
from benchmarks.measure import Contender, Measured, measure, python, report

REACH = {"R": 1.935, "H": 2.00}
"""Test nll: on the split of the reference program, and on that by a hash of the name."""
SECONDS = 2
FITTED = ("ngram_parts", "ngram_counts", "ngram_adjusted", "ngram_discounts", "ngram_backoffs", "ngram_probs")
HOLDOUT, ORDER = 10, 6


def figure(inputs: Inputs, repeats: int) -> Figure:
    measured = measure(
        [
            Contender(f"{what}, {split}", python("ngram", split, what, str(inputs.names)))
            for split in REACH
            for what in ("lines", "names")
        ],
        repeats,
    )
    pairs = dict(zip(REACH, zip(measured[::2], measured[1::2], strict=True), strict=True))
    return Figure(
        "ngram",
        repeats,
        [_row(split, lines, ours) for split, (lines, ours) in pairs.items()],
        measured,
        [
            f"Timed: the relations {', '.join(FITTED)}, from the relation names on, order {ORDER} and all lower, in "
            "a DuckDB file.",
            "R: the last 1,000 lines of a permutation seeded 3407 are test, all others train, ingested with --split. "
            f"H: by hash, --holdout {HOLDOUT}: 80 percent are train; no test name is in train. V is of all names.",
            "Ours counts distinct names; the baseline, known from before, counts lines, all else being the same.",
            *(f"{split}: {_compared(lines, ours)}" for split, (lines, ours) in pairs.items()),
        ],
    )


def _row(split: str, lines: Measured, ours: Measured) -> Row:
    return Row(
        f"ngram of order {ORDER}, {split}: relations built",
        lines,
        ours,
        f"test nll {_nll(ours):.4f}, by lines {_nll(lines):.4f}",
        f"nll {REACH[split]} or less, in {seconds(SECONDS)}",
        _nll(ours) <= REACH[split] and ours.wall < SECONDS,
    )


def _nll(measured: Measured) -> float:
    return float(sum(measured.told["nats"]) / sum(measured.told["characters"]))


def _compared(lines: Measured, ours: Measured) -> str:
    """nll of both and their difference, with standard errors over distinct test names."""
    characters = ours.told["characters"]
    gains = [a - b for a, b in zip(ours.told["nats"], lines.told["nats"], strict=True)]
    gain, error = sum(gains) / sum(characters), _error(gains, characters)
    return (
        f"test nll {_nll(ours):.4f} (standard error {_error(ours.told['nats'], characters):.4f}), by lines "
        f"{_nll(lines):.4f}; paired over {len(gains):,} distinct names, the difference is {gain:.4f} ({error:.4f})."
    )


def _error(nats: list[float], characters: list[int]) -> float:
    """Standard error of a ratio of sums (Cochran, Sampling Techniques, 1977, section 6.3)."""
    mean = sum(nats) / sum(characters)
    return sqrt(sum((a - mean * n) ** 2 for a, n in zip(nats, characters, strict=True))) / sum(characters)


def _fit(split: str, what: str, path: str) -> None:
    from makemore.database import connect
    from makemore.home import Home
    from makemore.relations import catalog

    home = Home(Path("home"))
    home.path.mkdir()
    _ingest(home.path, split, path)
    selects = catalog.selects()
    if what == "lines":
        by_types = selects["ngram_adjusted"]
        selects = selects | {"ngram_adjusted": by_types.replace("ngram_counts.types", "ngram_counts.count")}
    with connect(home.db) as con:
        con.execute(
            "create table settings as "
            "select ?::integer as holdout, ?::integer as ngram_order, 1::bigint as ngram_min_count",
            [HOLDOUT, ORDER],
        )
        list(
            catalog.build(
                con,
                {
                    name: selects[name]
                    for name in ("names", "split_names", "source_bigram_counts", "split_bigram_counts", "vocab")
                },
            )
        )
        fitted = {name: selects[name] for name in FITTED}
        report(lambda: dict(catalog.build(con, fitted)), lambda rows: {"rows": rows} | _told(con))


def _ingest(home: Path, split: str, path: str) -> None:
    """Take the list in, or as two lists in the split of the reference program."""
    from makemore.options import IngestOptions
    from makemore.pipeline import ingest

    lists = {path: IngestOptions()}
    if split == "R":
        train, _, test = reference_split(Path(path))
        Path("train.txt").write_text("\n".join(train), encoding="utf-8")
        Path("test.txt").write_text("\n".join(test), encoding="utf-8")
        lists = {"train.txt": IngestOptions(split="train"), "test.txt": IngestOptions(split="test")}
    for uri, options in lists.items():
        ingest.ingest(home, uri, options)


def _told(con: Any) -> dict[str, list[float]]:
    """Nats and characters of each distinct test name, times its lines, in the order of the names."""
    from makemore.data.dataset import read_vocab
    from makemore.evaluation.loss import nll_of_names
    from makemore.models.ngram import Config, Model
    from makemore.relations import ngrams

    rows = con.execute("select name, count(*) from names where split = 'test' group by all order by all").fetchall()
    vocab = read_vocab(con)
    nlls = nll_of_names(
        Model.from_ngrams(ngrams.read_ngrams(con, vocab), Config(ORDER)), vocab, [name for name, _ in rows]
    )
    characters = [(len(name) + 1) * lines for name, lines in rows]
    return {"nats": [float(nll) * n for nll, n in zip(nlls, characters, strict=True)], "characters": characters}


if __name__ == "__main__":
    _fit(*sys.argv[1:])
