"""Test nll of each model type on the reference split and on the hash split."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row, seconds
from benchmarks.inputs import Inputs, reference_split
from benchmarks.measure import Contender, Measured, measure, python

PARTS = "ngram,gru,transformer"
TARGET = {
    "reference": {
        "mlp": ("2.037", 2.00),
        "rnn": ("2.039", 2.00),
        "gru": ("1.980", 1.95),
        "transformer": ("1.970", 1.91),
        "mixture": ("1.881", 1.865),
        "bow": ("2.151", None),
        "ngram": ("", None),
    },
    "hash": {"mixture": ("ngram alone 2.002", 1.93), "transformer": ("", None), "gru": ("", None), "ngram": ("", None)},
}
"""By split and model type: known nll, target nll."""


def figure(inputs: Inputs, repeats: int) -> Figure:
    names = str(inputs.names)
    measured = measure([Contender(split, python("models", split, names)) for split in TARGET], 1)
    rows = [row for split in measured for row in _rows(split, inputs.names.name)]
    return Figure(
        "models",
        1,
        rows,
        measured,
        [
            "Reference: the split of the reference program. The last 1,000 names of train are dev, for early stopping "
            "and the mixture weights, so all models train on 1,000 names less than the reference program. The figure "
            "`ngram` trains on all of train. Hash: our split, weighted by lines; no name of test is in train.",
            f"`makemore ingest --split`, `build`, `train --models ... --set mixture.of={PARTS}`; defaults otherwise.",
            "Differences from the model that is best on dev, on the same test names, with 95 % intervals:",
            *(f"{split.name}: {line}" for split in measured for line in _differences(split)),
        ],
    )


def _rows(split: Measured, names: str) -> list[Row]:
    results = {row["model_type"]: row for row in split.result["comparison"]}
    rows = []
    for model_type, (known, target) in TARGET[split.name].items():
        row = results[model_type]
        rows.append(
            Row(
                f"{model_type}, {split.name} split of {names}: {row['parameters']:,} parameters",
                f"known: {known}" if known else "",
                split,
                f"test nll {row['nll_test']:.4f} ± {row['nll_test_se']:.4f} (dev {row['nll_dev']:.4f}), "
                f"trained in {seconds(row['train_seconds'])}",
                f"{target}" if target else "",
                None if target is None else row["nll_test"] <= target,
            )
        )
    return rows


def _differences(split: Measured) -> list[str]:
    return [
        f"{row['model_type']} {row['difference']:+.4f} ({row['difference_low']:+.4f} to {row['difference_high']:+.4f})"
        for row in split.result["comparison"]
        if row["difference"]
    ]


def _train(split: str, path: str) -> None:
    from makemore.database import query
    from makemore.options import BuildOptions, IngestOptions, Split, TrainOptions
    from makemore.pipeline.build import build_relations
    from makemore.pipeline.ingest import ingest
    from makemore.pipeline.publish import make_version

    home = Path("home")
    home.mkdir()
    if split == "reference":
        train, dev, test = reference_split(Path(path))
        lists: dict[Split, list[str]] = {"train": train[:-1000], "dev": dev, "test": test}
        for part, lines in lists.items():
            Path(f"{part}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            ingest(home, str(Path(f"{part}.txt").resolve()), IngestOptions(split=part))
    else:
        ingest(home, path, IngestOptions())
    build_relations(home, BuildOptions())
    version = make_version(home, TrainOptions(tuple(TARGET[split]), set=(f"mixture.of={PARTS}",)))
    rows: list[dict[str, Any]] = query(version / "stats.duckdb", "select * from comparison").to_dicts()
    print(json.dumps({"comparison": rows}))


if __name__ == "__main__":
    _train(*sys.argv[1:])
