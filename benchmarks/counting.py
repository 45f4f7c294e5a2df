"""Counting bigrams in SQL and in Polars, compared with the lecture's dict loop, at two sizes."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import indent
from typing import Any

from benchmarks.figure import Figure, Row, megabytes, times
from benchmarks.inputs import FEWER, MANY, Inputs
from benchmarks.measure import Contender, Measured, measure, python, report, run_once

TARGET_SQL, TARGET_POLARS = 7, 20
PEAK = 600_000_000
FLAT = 1.5
"""Memory is flat if four times the names take at most this many times the memory."""
LECTURE = """\
for w in words:
    chs = ['.'] + list(w) + ['.']
    for ch1, ch2 in zip(chs, chs[1:]):
        bigram = (ch1, ch2)
        b[bigram] = b.get(bigram, 0) + 1
"""


def figure(inputs: Inputs, repeats: int) -> Figure:
    lecture, sql, polars, function = most = _at(inputs, MANY, repeats)
    _, fewer_sql, fewer_polars, _ = fewer = _at(inputs, FEWER, repeats)
    growth = sql.peak / fewer_sql.peak
    return Figure(
        "counting",
        repeats,
        [
            Row(
                f"counting {MANY / 1e6:g} million names, SQL",
                lecture,
                sql,
                f"{times(lecture, sql):.1f} times faster",
                f"{TARGET_SQL} times; peak under {megabytes(PEAK)}, flat",
                times(lecture, sql) >= TARGET_SQL and sql.peak < PEAK and growth < FLAT,
            ),
            Row(
                f"counting {MANY / 1e6:g} million names, Polars",
                lecture,
                polars,
                f"{times(lecture, polars):.1f} times faster",
                f"{TARGET_POLARS} times",
                times(lecture, polars) >= TARGET_POLARS,
            ),
        ],
        [*most, *fewer],
        [
            "SQL is the select of sql/counts/content_bigram_counts.sql, Polars is the function of that name. Both "
            "read the relation `content_names` of a DuckDB file (holdout 10). Timed: from an open connection to the "
            "last row, with reading.",
            "The lecture's loop has the names in memory; reading them is not timed. It runs at the top level of a "
            "module, as in the lecture's notebook; inside a function, which Python runs faster, SQL is "
            f"{times(function, sql):.1f} and Polars {times(function, polars):.1f} times faster than it.",
            f"All give the same counts, {lecture.result['total']:,} bigrams at {MANY:,} names (asserted).",
            f"From {FEWER:,} names to {MANY:,}, {MANY / FEWER:g} times as many, SQL's peak grows by {growth:.2f}, "
            f"from {megabytes(fewer_sql.peak)}; Polars' by {polars.peak / fewer_polars.peak:.2f}, "
            f"from {megabytes(fewer_polars.peak)}.",
        ],
    )


def _at(inputs: Inputs, n: int, repeats: int) -> list[Measured]:
    names, home = inputs.drawn(n), inputs.folder / f"home-{n}"
    if not home.exists():
        run_once(Contender("prepare", python("counting", "prepare", str(names), str(home))))
    contenders = [
        Contender(f"lecture, dict, {n:,} names", python("counting", "lecture", str(names))),
        Contender(f"SQL, {n:,} names", python("counting", "sql", str(home))),
        Contender(f"Polars, {n:,} names", python("counting", "polars", str(home))),
        Contender(f"lecture, dict in a function, {n:,} names", python("counting", "function", str(names))),
    ]
    measured = measure(contenders, repeats)
    if len({one.result["counts"] for one in measured}) > 1:
        raise AssertionError(f"the counts differ: {[(one.name, one.result) for one in measured]}")
    return measured


def _prepare(names: str, folder: str) -> None:
    from makemore.database import connect
    from makemore.home import Home
    from makemore.options import BuildOptions, ReadOptions
    from makemore.pipeline.ingest import ingest
    from makemore.relations import catalog

    home = Home(Path(folder))
    home.path.mkdir()
    ingest(home.path, names, ReadOptions(max_length=1000))
    with connect(home.db) as con:
        con.execute("create table settings as select ?::integer as holdout", [BuildOptions().holdout])
        list(catalog.build(con, {"content_names": catalog.selects()["content_names"]}))


def _lecture(names: str) -> None:
    scope: dict[str, Any] = {"words": Path(names).read_text(encoding="utf-8").splitlines(), "b": {}}
    loop = compile(LECTURE, "lecture", "exec")
    report(lambda: exec(loop, scope), lambda _: _result((*bigram, count) for bigram, count in scope["b"].items()))


def _function(names: str) -> None:
    words = Path(names).read_text(encoding="utf-8").splitlines()
    b: dict[tuple[str, str], int] = {}
    scope: dict[str, Any] = {}
    exec(f"def count(words, b):\n{indent(LECTURE, '    ')}", scope)
    report(lambda: scope["count"](words, b), lambda _: _result((*bigram, count) for bigram, count in b.items()))


def _sql(home: str) -> None:
    from makemore.database import connect
    from makemore.home import Home
    from makemore.relations.catalog import selects

    with connect(Home(Path(home)).db, read_only=True) as con:
        select = selects()["content_bigram_counts"]
        report(lambda: con.execute(select).fetchall(), lambda rows: _result(row[2:] for row in rows))


def _polars(home: str) -> None:
    from makemore.database import connect
    from makemore.home import Home
    from makemore.relations.bigram_counts import content_bigram_counts

    with connect(Home(Path(home)).db, read_only=True) as con:
        report(
            lambda: content_bigram_counts(con),
            lambda table: _result((row["ch1"], row["ch2"], row["count"]) for row in table.to_pylist()),
        )


def _result(rows: Iterable[tuple[str, str, int]]) -> dict[str, Any]:
    """The sum of the counts over all splits, and a hash of them that is equal for equal counts."""
    counts: Counter[str] = Counter()
    for ch1, ch2, count in rows:
        counts[ch1 + ch2] += count
    text = json.dumps(sorted(counts.items()))
    return {"total": counts.total(), "counts": hashlib.sha256(text.encode()).hexdigest()}


if __name__ == "__main__":
    found: list[Callable[..., None]] = [_prepare, _lecture, _function, _sql, _polars]
    {contender.__name__: contender for contender in found}[f"_{sys.argv[1]}"](*sys.argv[2:])
