"""Kneser-Ney of order 6: time to build its relations, and test nll, on the reference split and the hash split."""

from __future__ import annotations

import sys
from math import sqrt
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row, seconds
from benchmarks.inputs import Inputs, reference_split
from benchmarks.measure import Contender, Measured, measure, python, report

TARGET = {"R": 1.935, "H": 2.00}
"""Test nll on the reference split (R) and on the hash split (H)."""
SECONDS = 2
FITTED = ("ngram_parts", "ngram_counts", "ngram_adjusted", "ngram_discounts", "ngram_backoffs", "ngram_probs")
HOLDOUT, ORDER = 10, 6


def figure(inputs: Inputs, repeats: int) -> Figure:
    measured = measure(
        [
            Contender(f"{what}, {split}", python("ngram", split, what, str(inputs.names)))
            for split in TARGET
            for what in ("lines", "names")
        ],
        repeats,
    )
    pairs = dict(zip(TARGET, zip(measured[::2], measured[1::2], strict=True), strict=True))
    return Figure(
        "ngram",
        repeats,
        [_row(split, lines, ours) for split, (lines, ours) in pairs.items()],
        measured,
        [
            f"Timed: the relations {', '.join(FITTED)}, from the relation content_names, orders 1 to {ORDER}.",
            "R: the last 1,000 lines of a permutation with seed 3407 are test, all others train, ingested with "
            f"--split. H: by hash, --holdout {HOLDOUT}: 80 % are train; no test name is in train. V covers all names.",
            "Ours counts distinct names; the baseline counts lines and is otherwise the same.",
            *(f"{split}: {_compared(lines, ours)}" for split, (lines, ours) in pairs.items()),
        ],
    )


def _row(split: str, lines: Measured, ours: Measured) -> Row:
    return Row(
        f"ngram of order {ORDER}, {split}: relations built",
        lines,
        ours,
        f"test nll {_nll(ours):.4f}, by lines {_nll(lines):.4f}",
        f"nll {TARGET[split]} or less, in {seconds(SECONDS)}",
        _nll(ours) <= TARGET[split] and ours.wall < SECONDS,
    )


def _nll(measured: Measured) -> float:
    return float(sum(measured.result["nats"]) / sum(measured.result["characters"]))


def _compared(lines: Measured, ours: Measured) -> str:
    """Return nll of both and their difference, with standard errors over distinct test names."""
    characters = ours.result["characters"]
    gains = [a - b for a, b in zip(ours.result["nats"], lines.result["nats"], strict=True)]
    gain, error = sum(gains) / sum(characters), _error(gains, characters)
    return (
        f"test nll {_nll(ours):.4f} (standard error {_error(ours.result['nats'], characters):.4f}), by lines "
        f"{_nll(lines):.4f}; paired over {len(gains):,} distinct names, the difference is {gain:.4f} ({error:.4f})."
    )


def _error(nats: list[float], characters: list[int]) -> float:
    """Return the standard error of a ratio of sums (Cochran, Sampling Techniques, 1977, section 6.3)."""
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
                    for name in (
                        "content_names",
                        "split_names",
                        "content_bigram_counts",
                        "split_bigram_counts",
                        "vocab",
                    )
                },
            )
        )
        fitted = {name: selects[name] for name in FITTED}
        report(lambda: dict(catalog.build(con, fitted)), lambda rows: {"rows": rows} | _result(con))


def _ingest(home: Path, split: str, path: str) -> None:
    """Ingest the list, or two lists in the reference split."""
    from makemore.options import IngestOptions
    from makemore.pipeline.ingest import ingest

    lists = {path: IngestOptions()}
    if split == "R":
        train, _, test = reference_split(Path(path))
        Path("train.txt").write_text("\n".join(train), encoding="utf-8")
        Path("test.txt").write_text("\n".join(test), encoding="utf-8")
        lists = {"train.txt": IngestOptions(split="train"), "test.txt": IngestOptions(split="test")}
    for uri, options in lists.items():
        ingest(home, uri, options)


def _result(con: Any) -> dict[str, list[float]]:
    """Return nats and characters of each distinct test name, times its lines, sorted by name."""
    from makemore.data.dataset import read_vocab
    from makemore.evaluation.loss import nll_of_names
    from makemore.models.ngram import Config, Model
    from makemore.relations import ngrams

    rows = con.execute(
        "select name, count(*) from content_names where split = 'test' group by all order by all"
    ).fetchall()
    vocab = read_vocab(con)
    nlls = nll_of_names(
        Model.from_ngrams(ngrams.read_ngrams(con, vocab), Config(ORDER)), vocab, [name for name, _ in rows]
    )
    characters = [(len(name) + 1) * lines for name, lines in rows]
    return {"nats": [float(nll) * n for nll, n in zip(nlls, characters, strict=True)], "characters": characters}


if __name__ == "__main__":
    _fit(*sys.argv[1:])
