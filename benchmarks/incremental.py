"""A run that adds 1,000 names to 3.2 million, compared with the first run: counting and the snapshot."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure, Row, times
from benchmarks.inputs import MANY, Inputs
from benchmarks.measure import Contender, measure, python, report, run_once

ADDED = 1000
TARGET = 10


def figure(inputs: Inputs, repeats: int) -> Figure:
    listed, counted = inputs.folder / "listed", inputs.folder / "counted"
    run_once(Contender("prepare", python("incremental", "prepare", str(inputs.drawn(MANY)), str(listed), str(counted))))
    first, second, complete_first, complete_second = measured = measure(
        [
            Contender("first run, counting and snapshot", python("incremental", "count", str(listed))),
            Contender(f"{ADDED:,} more names, counting and snapshot", python("incremental", "count", str(counted))),
            Contender("first run, complete", python("incremental", "run", str(listed))),
            Contender(f"{ADDED:,} more names, complete run", python("incremental", "run", str(counted))),
        ],
        repeats,
    )
    return Figure(
        "incremental",
        repeats,
        [
            Row(
                f"counting and snapshot of a run that adds {ADDED:,} names to {MANY / 1e6:g} million",
                first,
                second,
                f"{times(first, second):.1f}",
                f"at least {TARGET} times less than a first run",
                times(first, second) >= TARGET,
            ),
            Row(
                "the complete run, models bigram and ngram, without Prefect",
                complete_first,
                complete_second,
                f"{times(complete_first, complete_second):.1f}",
                "-",
            ),
        ],
        measured,
        [
            "Timed: `build_relations` with its checks, and `draft`, from the lists in the database to the draft with "
            "the snapshot. Half of the added names are known, half are new. The complete run also writes "
            "counts.parquet, dataset.safetensors, two models, their samples, the decision and the report.",
        ],
    )


def _prepare(names: str, listed: str, counted: str) -> None:
    """Prepare a home with an uncounted list, and a home with a counted list and an uncounted second one."""
    from makemore.options import BuildOptions, IngestOptions
    from makemore.pipeline.build import build_relations
    from makemore.pipeline.ingest import ingest

    known = Path(names).read_text(encoding="utf-8").splitlines()[:ADDED]
    more = [name if i % 2 else f"{name}x{i}" for i, name in enumerate(known)]
    Path("more.txt").write_text("".join(f"{name}\n" for name in more), encoding="utf-8")
    Path(listed).mkdir()
    ingest(Path(listed), names, IngestOptions())
    shutil.copytree(listed, counted)
    build_relations(Path(counted), BuildOptions())
    ingest(Path(counted), str(Path("more.txt").resolve()), IngestOptions())


def _copy(prepared: str) -> Path:
    shutil.copytree(prepared, "home")
    return Path("home")


def _count(prepared: str) -> None:
    from makemore.options import BuildOptions, TrainOptions
    from makemore.pipeline.build import build_relations
    from makemore.pipeline.draft import draft

    home = _copy(prepared)

    def count() -> Path:
        build_relations(home, BuildOptions())
        return draft(home, TrainOptions(("bigram",)))

    report(count, lambda folder: {"bytes": (folder / "stats.duckdb").stat().st_size})


def _run(prepared: str) -> None:
    from makemore.options import BuildOptions, TrainOptions
    from makemore.pipeline.build import build_relations
    from makemore.pipeline.publish import make_version

    home = _copy(prepared)

    def run() -> Path:
        build_relations(home, BuildOptions())
        return make_version(home, TrainOptions(("bigram", "ngram")))

    report(run, lambda version: {"bytes": (version / "stats.duckdb").stat().st_size})


if __name__ == "__main__":
    contenders: dict[str, Callable[..., None]] = {"prepare": _prepare, "count": _count, "run": _run}
    contenders[sys.argv[1]](*sys.argv[2:])
