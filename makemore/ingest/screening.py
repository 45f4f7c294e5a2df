"""Whether a list looks as its home expects: if not, it is held back until somebody lets it in."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from makemore.ingest.scripts import OTHER

LEAST = 0.5
"""Share of its names that a home must keep when a list replaces what its address gave before."""
MORE_REJECTS = 3.0
"""How many times its usual share of rejected lines a list may have."""
USUAL_REJECTS = 0.01
"""Share of rejected lines that is usual at least, however clean all lists were until now."""
FEW = 3
"""Rejected lines that are too few to say anything."""


@dataclass(frozen=True)
class Lines:
    """What lists gave: lines with a name and without, and the scripts of the names."""

    names: int = 0
    rejects: int = 0
    scripts: frozenset[str] = frozenset()

    @property
    def rejected(self) -> float:
        """Share of the lines that gave no name."""
        return self.rejects / max(1, self.names + self.rejects)


def lines(con: duckdb.DuckDBPyConnection, uri: str | None = None) -> Lines:
    """What all lists gave, or the one of this address."""
    names, rejects, scripts = con.execute(
        "select sum(names)::bigint, sum(rejects)::bigint, flatten(list(scripts)) from sources "
        "where uri = ? or ? is null",
        [uri, uri],
    ).fetchall()[0]
    return Lines(names or 0, rejects or 0, frozenset(scripts or ()))


def reason_to_hold(
    con: duckdb.DuckDBPyConnection, source_id: int, home: Lines, replaced: Lines, new: Lines
) -> str | None:
    """Why a list is to be held back, as the end of a sentence with an example of it; None if it is not.

    `home` is what all lists gave before, `replaced` among it what the address of the new one did. What the others give
    now is asked of the database: an address that has the same bytes has taken over the names that were replaced.
    """
    if not home.names:
        return None
    left = lines(con).names + new.names
    if left < LEAST * home.names:
        return f"would leave {left:,} of {home.names:,} names: it has {new.names:,}, and had {replaced.names:,}"
    usual = max(USUAL_REJECTS, (replaced if replaced.names else home).rejected)
    if new.rejects >= FEW and new.rejected > MORE_REJECTS * usual:
        return (
            f"has {new.rejects:,} rejected lines of {new.names + new.rejects:,}, {new.rejected:.1%} where "
            f"{usual:.1%} are usual; the first is line {first_reject(con, source_id)}"
        )
    if home.scripts and (unknown := sorted(new.scripts - home.scripts)):
        named = " and ".join(f"{script} ({_example(con, source_id, script)})" for script in unknown)
        return f"brings {named} to names in {' and '.join(sorted(home.scripts))}"
    return None


def first_reject(con: duckdb.DuckDBPyConnection, source_id: int) -> str:
    """Number of the first line of a list that was rejected, and why."""
    row, reason = con.execute(
        "select row, reason from rejects where source_id = ? order by row limit 1", [source_id]
    ).fetchall()[0]
    return f"{row}, because it {reason}"


def _example(con: duckdb.DuckDBPyConnection, source_id: int, script: str) -> str:
    """The first name of a list in a script, in quotes, and its line."""
    row, name = con.execute(
        "select row, name from entries where source_id = ? and regexp_matches(name, ?) order by row limit 1",
        [source_id, r"\pL" if script == OTHER else rf"\p{{{script}}}"],
    ).fetchall()[0]
    return f"{name!r}, line {row}"
