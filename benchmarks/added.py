"""A night that adds a thousand names to three million beside the first night: counting them, and the snapshot."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure, Row, times
from benchmarks.inputs import MANY, Inputs
from benchmarks.measure import Contender, measure, python, report, run_once

ADDED = 1000
REACH = 10


def figure(inputs: Inputs, repeats: int) -> Figure:
    listed, counted = inputs.folder / "listed", inputs.folder / "counted"
    run_once(Contender("prepare", python("added", "prepare", str(inputs.drawn(MANY)), str(listed), str(counted))))
    first, second, whole_first, whole_second = measured = measure(
        [
            Contender("first night, counting and snapshot", python("added", "count", str(listed))),
            Contender(f"{ADDED:,} names more, counting and snapshot", python("added", "count", str(counted))),
            Contender("first night, whole", python("added", "night", str(listed))),
            Contender(f"{ADDED:,} names more, whole night", python("added", "night", str(counted))),
        ],
        repeats,
    )
    return Figure(
        "added",
        repeats,
        [
            Row(
                f"counting and snapshot of a night that adds {ADDED:,} names to {MANY / 1e6:g} million",
                first,
                second,
                f"{times(first, second):.1f}",
                f"at least {REACH} times less than a first night",
                times(first, second) >= REACH,
            ),
            Row(
                "the whole of such a night, models bigram and ngram, without Prefect",
                whole_first,
                whole_second,
                f"{times(whole_first, whole_second):.1f}",
                "-",
            ),
        ],
        measured,
        [
            "From the lists in the database to the draft that holds the snapshot: `build_relations` with its laws, and "
            "`drafting.draft`. Half of the names that are added are known, half are new. The whole night is "
            "those, and counts.parquet, dataset.safetensors, two models, their samples, the gate and the report.",
        ],
    )


def _prepare(names: str, listed: str, counted: str) -> None:
    """A home with the list, not counted yet, and one that a night has been over, with a list more that it has not."""
    from makemore.options import BuildOptions, IngestOptions
    from makemore.pipeline import ingest
    from makemore.pipeline.build import build_relations

    known = Path(names).read_text(encoding="utf-8").splitlines()[:ADDED]
    more = [name if i % 2 else f"{name}x{i}" for i, name in enumerate(known)]
    Path("more.txt").write_text("".join(f"{name}\n" for name in more), encoding="utf-8")
    Path(listed).mkdir()
    ingest.ingest(Path(listed), names, IngestOptions())
    shutil.copytree(listed, counted)
    build_relations(Path(counted), BuildOptions())
    ingest.ingest(Path(counted), str(Path("more.txt").resolve()), IngestOptions())


def _copy(prepared: str) -> Path:
    shutil.copytree(prepared, "home")
    return Path("home")


def _count(prepared: str) -> None:
    from makemore.options import BuildOptions, TrainOptions
    from makemore.pipeline import draft as drafting
    from makemore.pipeline.build import build_relations

    home = _copy(prepared)

    def count() -> Path:
        build_relations(home, BuildOptions())
        return drafting.draft(home, TrainOptions(("bigram",)))

    report(count, lambda draft: {"bytes": (draft / "stats.duckdb").stat().st_size})


def _night(prepared: str) -> None:
    from makemore.options import BuildOptions, TrainOptions
    from makemore.pipeline import publish
    from makemore.pipeline.build import build_relations

    home = _copy(prepared)

    def night() -> Path:
        build_relations(home, BuildOptions())
        return publish.make_version(home, TrainOptions(("bigram", "ngram")))

    report(night, lambda version: {"bytes": (version / "stats.duckdb").stat().st_size})


if __name__ == "__main__":
    contenders: dict[str, Callable[..., None]] = {"prepare": _prepare, "count": _count, "night": _night}
    contenders[sys.argv[1]](*sys.argv[2:])
