"""Names of the n-gram model in a Parquet file: beside the lecture's loop, by the million, and as someone wants them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row, megabytes
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, Measured, measure, python, report
from benchmarks.published import published

SPEED, TIMES = 1_000_000, 100
"""Names a second, and how many times the loop's."""
MEMORY = 1_000_000_000
SHARE = 1 / 5
"""Of the speed without wishes."""
LOOPED, MANY, MOST, SOME = 2_000, 1_000_000, 10_000_000, 100_000
WANTED = {"prefix": "m", "min_length": 4, "max_length": 9, "novel": True, "distinct": True}
NEAR = 0.01
"""Share by which nats a character may differ from what the model's own tables expect."""


def figure(inputs: Inputs, repeats: int) -> Figure:
    version = published(inputs, "ngram")

    def ours(n: int, options: dict[str, Any]) -> tuple[str, ...]:
        return python("sampling", str(version), str(n), json.dumps(options), str(inputs.names))

    loop, many, most, free, wanted = measured = measure(
        [
            Contender(f"the lecture's loop, {LOOPED:,} names", python("loop", str(version), str(LOOPED))),
            Contender(f"{MANY:,} names", ours(MANY, {})),
            Contender(f"{MOST:,} names", ours(MOST, {})),
            Contender(f"{SOME:,} names", ours(SOME, {})),
            Contender(f"{SOME:,} names as wanted", ours(SOME, WANTED)),
        ],
        repeats,
    )
    faster, share, nll = _speed(many) / _speed(loop), _speed(wanted) / _speed(free), loop.told["expected"]
    right = all(abs(made.told["nll"] / nll - 1) < NEAR for made in (many, most, free))
    return Figure(
        "sampling",
        repeats,
        [
            Row(
                f"{MANY:,} names of ngram with nll, to Parquet",
                loop,
                many,
                f"{_speed(many):,.0f} names/s, {faster:,.0f} times the loop's {_speed(loop):,.0f}",
                f"{SPEED:,} names/s, and {TIMES} times",
                _speed(many) >= SPEED and faster >= TIMES and right,
            ),
            Row(
                f"{MOST:,} names, the same",
                many,
                most,
                f"{_speed(most):,.0f} names/s",
                f"under {megabytes(MEMORY)}",
                most.peak < MEMORY and right,
            ),
            Row(
                f"{SOME:,} names, with a prefix, of some lengths, novel and distinct",
                free,
                wanted,
                f"{_speed(wanted):,.0f} names/s, {share:.2f} of {_speed(free):,.0f}",
                f"{SHARE:g} of the speed or more",
                share >= SHARE,
            ),
        ],
        measured,
        [
            f"Ours: `plan` and `assemble`, of ngram of order 6, trained on the train part of {inputs.names.name}; "
            "loading of the model is timed, imports are not.",
            "Loop: torch.multinomial, a character at a time, on the same model's probabilities, nll summed up; its "
            f"tables are made before. Its names/s are of {LOOPED:,} names.",
            f"Nats a character: expected by the model's tables {nll:.4f}; loop {loop.told['nll']:.4f}, "
            f"{MANY:,} names {many.told['nll']:.4f}.",
            f"As wanted: {' '.join(f'{name}={value}' for name, value in WANTED.items())}; each name was looked at. Of "
            f"as many drawn with repeats, {wanted.told['different']:,} differ.",
        ],
    )


def _speed(measured: Measured) -> float:
    return float(measured.told["names"] / measured.wall)


def _ours(version: str, n: str, options: str, listed: str) -> None:
    from makemore.options import SampleOptions
    from makemore.pipeline import sample
    from makemore.sampling.requests import Request

    request = Request(int(n), model="ngram", options=SampleOptions(**json.loads(options)))
    path = Path("names.parquet")
    report(
        lambda: sample.assemble(sample.plan(Path(version), [request], path)),
        lambda _: _summed(path) | (_looked_at(path, version, request, listed) if request.options.distinct else {}),
    )


def _summed(path: Path) -> dict[str, Any]:
    """What a file holds, read some rows at a time, for they would count as memory that was needed."""
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


def _looked_at(path: Path, version: str, request: Any, listed: str) -> dict[str, Any]:
    """How many different names as many draws have, of names that all are as wanted."""
    from dataclasses import replace

    import polars as pl

    from makemore.pipeline import sample

    names = {name for frame in _frames(path) for name in frame["name"]}
    wanted = request.options
    assert len(names) == request.n, f"{request.n - len(names):,} names are there twice"
    assert names.isdisjoint(Path(listed).read_text(encoding="utf-8").split()), "a name is not novel"
    assert all(name.startswith(wanted.prefix) for name in names), "a name has another prefix"
    assert all(wanted.min_length <= len(name) <= wanted.max_length for name in names), "a name has another length"
    drawn = pl.concat(sample.names(Path(version), replace(request, options=replace(wanted, distinct=False))))
    return {"different": drawn["name"].n_unique()}


if __name__ == "__main__":
    _ours(*sys.argv[1:])
