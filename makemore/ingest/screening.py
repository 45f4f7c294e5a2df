"""The checks that put a list into quarantine when it differs from what its home expects."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from makemore.ingest.scripts import OTHER

MIN_KEPT = 0.5
"""Share of its names that a home must keep when a list replaces an earlier one."""
MAX_REJECT_RATIO = 3.0
"""Highest reject rate of a list, as a multiple of the usual rate."""
MIN_REJECT_RATE = 0.01
"""Lowest usual reject rate, however clean the earlier lists were."""
MIN_REJECTS = 3
"""Number of rejected rows below which the reject rate is not checked."""


@dataclass(frozen=True)
class Lines:
    """Sizes of lists: their valid and rejected rows, and the scripts of the names."""

    names: int = 0
    rejects: int = 0
    scripts: frozenset[str] = frozenset()

    @property
    def reject_rate(self) -> float:
        """Share of the rows that were rejected."""
        return self.rejects / max(1, self.names + self.rejects)


def count_lines(con: duckdb.DuckDBPyConnection, uri: str | None = None) -> Lines:
    """The sizes of all lists together, or of the list with this URI."""
    of_list = "where source_id in (select source_id from lists where uri = ?)"
    names, rejects, scripts = con.execute(
        "select sum(names)::bigint, sum(rejects)::bigint, flatten(list(scripts)) from contents "
        + (of_list if uri else ""),
        [uri] if uri else [],
    ).fetchall()[0]
    return Lines(names or 0, rejects or 0, frozenset(scripts or ()))


def quarantine_reason(
    con: duckdb.DuckDBPyConnection, content_id: int, before: Lines, replaced: Lines, new: Lines
) -> str | None:
    """The first failed check, a text such as 'has 40 rejected rows', to follow the list's name; None if all pass.

    `before` are all lists before it, `replaced` the earlier list of its URI. The remaining names are counted in the
    database: a replaced content stays there if another list has the same content.
    """
    if not before.names:
        return None
    left = count_lines(con).names + new.names
    if left < MIN_KEPT * before.names:
        return f"would leave {left:,} of {before.names:,} names: it has {new.names:,}, and had {replaced.names:,}"
    usual = max(MIN_REJECT_RATE, (replaced if replaced.names else before).reject_rate)
    if new.rejects >= MIN_REJECTS and new.reject_rate > MAX_REJECT_RATIO * usual:
        return (
            f"has {new.rejects:,} rejected rows of {new.names + new.rejects:,}, {new.reject_rate:.1%} where "
            f"{usual:.1%} is usual; the first is line {first_reject(con, content_id)}"
        )
    if before.scripts and (unknown := sorted(new.scripts - before.scripts)):
        examples = " and ".join(f"{script} ({_example(con, content_id, script)})" for script in unknown)
        known = " and ".join(sorted(before.scripts))
        return f"contains names in {examples}, and the home has only names in {known}"
    return None


def first_reject(con: duckdb.DuckDBPyConnection, content_id: int) -> str:
    """The line number of the first rejected row of a content, with its reason."""
    row, reason = con.execute(
        "select row, reason from rejects where content_id = ? order by row limit 1", [content_id]
    ).fetchall()[0]
    return f"{row}, because it {reason}"


def _example(con: duckdb.DuckDBPyConnection, content_id: int, script: str) -> str:
    """The first name of a content in a script, in quotes, and its line number."""
    row, name = con.execute(
        "select row, name from entries where content_id = ? and regexp_matches(name, ?) order by row limit 1",
        [content_id, r"\pL" if script == OTHER else rf"\p{{{script}}}"],
    ).fetchall()[0]
    return f"{name!r}, line {row}"
