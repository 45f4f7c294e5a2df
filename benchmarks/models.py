"""Every model's test nll by the reference program's split and by our own, as a user's commands give it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row, seconds
from benchmarks.inputs import Inputs, reference_split
from benchmarks.measure import Contender, Measured, measure, python

PARTS = "ngram,gru,transformer"
REACH = {
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
"""By split and model type: nll that is known from elsewhere, and the one to reach."""


def figure(inputs: Inputs, repeats: int) -> Figure:
    names = str(inputs.names)
    measured = measure([Contender(split, python("models", split, names)) for split in REACH], 1)
    rows = [row for made in measured for row in _rows(made, inputs.names.name)]
    return Figure(
        "models",
        1,
        rows,
        measured,
        [
            "Reference: the reference program's split; its last 1,000 names of train are dev, where nets stop and the "
            "mixture's weights are fitted, so all models train on 1,000 names less than it. `ngram` on all of train "
            "is the figure ngram. Hash: our own split, lines weighted; no name of test is in train.",
            f"`makemore ingest --split`, `build`, `train --models ... --set mixture.of={PARTS}`; all else by default.",
            "Differences on test, name by name, with their 95 % interval, from the model that is best on dev:",
            *(f"{made.name}: {line}" for made in measured for line in _differences(made)),
        ],
    )


def _rows(made: Measured, names: str) -> list[Row]:
    told = {row["model_type"]: row for row in made.told["comparison"]}
    rows = []
    for model_type, (known, reach) in REACH[made.name].items():
        row = told[model_type]
        rows.append(
            Row(
                f"{model_type}, {made.name} split of {names}: {row['parameters']:,} numbers",
                f"known: {known}" if known else "",
                made,
                f"test nll {row['nll_test']:.4f} ± {row['nll_test_se']:.4f} (dev {row['nll_dev']:.4f}), "
                f"trained in {seconds(row['train_seconds'])}",
                f"{reach}" if reach else "",
                None if reach is None else row["nll_test"] <= reach,
            )
        )
    return rows


def _differences(made: Measured) -> list[str]:
    return [
        f"{row['model_type']} {row['difference']:+.4f} ({row['difference_low']:+.4f} to {row['difference_high']:+.4f})"
        for row in made.told["comparison"]
        if row["difference"]
    ]


def _made(split: str, path: str) -> None:
    from makemore.database import query
    from makemore.options import BuildOptions, IngestOptions, Split, TrainOptions
    from makemore.pipeline import ingest, publish
    from makemore.pipeline.build import build_relations

    home = Path("home")
    home.mkdir()
    if split == "reference":
        train, dev, test = reference_split(Path(path))
        lists: dict[Split, list[str]] = {"train": train[:-1000], "dev": dev, "test": test}
        for part, lines in lists.items():
            Path(f"{part}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            ingest.ingest(home, str(Path(f"{part}.txt").resolve()), IngestOptions(split=part))
    else:
        ingest.ingest(home, path, IngestOptions())
    build_relations(home, BuildOptions())
    version = publish.make_version(home, TrainOptions(tuple(REACH[split]), set=(f"mixture.of={PARTS}",)))
    rows: list[dict[str, Any]] = query(version / "stats.duckdb", "select * from comparison").to_dicts()
    print(json.dumps({"comparison": rows}))


if __name__ == "__main__":
    _made(*sys.argv[1:])
