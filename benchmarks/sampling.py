"""Names of the n-gram model in a Parquet file: compared with the lecture's loop, by the million, with constraints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row, megabytes
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, Measured, measure, python, report
from benchmarks.trained_version import trained_version

SPEED, TIMES = 1_000_000, 100
"""Names per second, and speed-up over the loop."""
MEMORY = 1_000_000_000
SHARE = 1 / 5
"""Share of the speed without constraints."""
LOOP, MILLION, TEN_MILLION, CONSTRAINED = 2_000, 1_000_000, 10_000_000, 100_000
CONSTRAINTS = {"prefix": "m", "min_length": 4, "max_length": 9, "novel": True, "distinct": True}
TOLERANCE = 0.01
"""Relative difference of nats per character from the expectation of the model."""


def figure(inputs: Inputs, repeats: int) -> Figure:
    version = trained_version(inputs, "ngram")

    def ours(n: int, options: dict[str, Any]) -> tuple[str, ...]:
        return python("sampling", str(version), str(n), json.dumps(options), str(inputs.names))

    loop, million, ten_million, free, constrained = measured = measure(
        [
            Contender(f"the lecture's loop, {LOOP:,} names", python("lecture_loop", str(version), str(LOOP))),
            Contender(f"{MILLION:,} names", ours(MILLION, {})),
            Contender(f"{TEN_MILLION:,} names", ours(TEN_MILLION, {})),
            Contender(f"{CONSTRAINED:,} names", ours(CONSTRAINED, {})),
            Contender(f"{CONSTRAINED:,} names with constraints", ours(CONSTRAINED, CONSTRAINTS)),
        ],
        repeats,
    )
    faster, share, nll = _speed(million) / _speed(loop), _speed(constrained) / _speed(free), loop.result["expected"]
    right = all(abs(drawn.result["nll"] / nll - 1) < TOLERANCE for drawn in (million, ten_million, free))
    return Figure(
        "sampling",
        repeats,
        [
            Row(
                f"{MILLION:,} names of ngram with nll, to Parquet",
                loop,
                million,
                f"{_speed(million):,.0f} names/s, {faster:,.0f} times the loop's {_speed(loop):,.0f}",
                f"{SPEED:,} names/s, and {TIMES} times",
                _speed(million) >= SPEED and faster >= TIMES and right,
            ),
            Row(
                f"{TEN_MILLION:,} names, the same",
                million,
                ten_million,
                f"{_speed(ten_million):,.0f} names/s",
                f"under {megabytes(MEMORY)}",
                ten_million.peak < MEMORY and right,
            ),
            Row(
                f"{CONSTRAINED:,} names, with a prefix, of some lengths, novel and distinct",
                free,
                constrained,
                f"{_speed(constrained):,.0f} names/s, {share:.2f} of {_speed(free):,.0f}",
                f"{SHARE:g} of the speed or more",
                share >= SHARE,
            ),
        ],
        measured,
        [
            f"Ours: `plan` and `assemble`, ngram of order 6, trained on the train part of {inputs.names.name}; "
            "the time includes loading of the model, not imports.",
            "Loop: torch.multinomial, one character at a time, on the same probabilities, with nll; its tables are "
            f"created before. It draws {LOOP:,} names.",
            f"Nats per character: expected {nll:.4f}; loop {loop.result['nll']:.4f}, "
            f"{MILLION:,} names {million.result['nll']:.4f}.",
            f"Constraints: {' '.join(f'{name}={value}' for name, value in CONSTRAINTS.items())}; each name is "
            f"checked. Of as many names drawn with repeats, {constrained.result['different']:,} differ.",
        ],
    )


def _speed(measured: Measured) -> float:
    return float(measured.result["names"] / measured.wall)


def _ours(version: str, n: str, options: str, listed: str) -> None:
    from makemore.options import SampleOptions
    from makemore.pipeline import sample
    from makemore.sampling.requests import Request

    request = Request(int(n), model="ngram", options=SampleOptions(**json.loads(options)))
    path = Path("names.parquet")
    report(
        lambda: sample.assemble(sample.plan(Path(version), [request], path)),
        lambda _: _summary(path) | (_check(path, version, request, listed) if request.options.distinct else {}),
    )


def _summary(path: Path) -> dict[str, Any]:
    """Return names and nll of a file, read in batches so that peak memory stays that of sampling."""
    names, nats, characters = 0, 0.0, 0
    for frame in _frames(path):
        lengths = frame["name"].str.len_chars() + 1
        names, nats = names + len(frame), nats + float((frame["nll"] * lengths).sum())
        characters += int(lengths.sum())
    return {"names": names, "nll": nats / characters}


def _frames(path: Path) -> Iterator[Any]:
    import polars as pl
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches():
        yield pl.DataFrame(batch)


def _check(path: Path, version: str, request: Any, listed: str) -> dict[str, Any]:
    """Check the constraints of each name, and return the number of different names among as many unrestricted draws."""
    from dataclasses import replace

    import polars as pl

    from makemore.pipeline import sample

    names = {name for frame in _frames(path) for name in frame["name"]}
    options = request.options
    assert len(names) == request.n, f"{request.n - len(names):,} names are repeated"
    assert names.isdisjoint(Path(listed).read_text(encoding="utf-8").split()), "a name is not novel"
    assert all(name.startswith(options.prefix) for name in names), "a name has another prefix"
    assert all(options.min_length <= len(name) <= options.max_length for name in names), "a name has another length"
    drawn = pl.concat(sample.names(Path(version), replace(request, options=replace(options, distinct=False))))
    return {"different": drawn["name"].n_unique()}


if __name__ == "__main__":
    _ours(*sys.argv[1:])
