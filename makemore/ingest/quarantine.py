"""What a home does not take in: lists that are held back, and what is to be forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

TABLES = """
create table if not exists held (
    uri varchar, sha256 varchar, options json, reason varchar, held_at timestamp, is_released boolean
);
create table if not exists forgotten (uri varchar, sha256 varchar, name_sha256 varchar, forgotten_at timestamp);
"""


def hold(con: duckdb.DuckDBPyConnection, uri: str, sha256: str, *, options: str, reason: str, now: datetime) -> None:
    """Note why the bytes of a list are held back, in place of what was held of its address before."""
    con.execute("delete from held where uri = ?", [uri])
    con.execute(
        "insert into held values (?, ?, ?::json, ?, ?, false)", [uri, sha256, options, reason, now.replace(tzinfo=None)]
    )


def held(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The lists that are held back, in the order in which they came."""
    rows: list[dict[str, Any]] = (
        con.sql("select uri, sha256, options, reason, held_at from held where not is_released order by held_at, uri")
        .pl()
        .to_dicts()
    )
    return rows


def state(con: duckdb.DuckDBPyConnection, uri: str, sha256: str, options: str) -> tuple[str | None, bool]:
    """Why these bytes are not to be taken in, as the end of a sentence, and whether somebody let them in."""
    forgotten = con.execute(
        "select forgotten_at::date from forgotten where uri = ? or sha256 = ? order by all limit 1", [uri, sha256]
    ).fetchall()
    if forgotten:
        return f"was to be forgotten on {forgotten[0][0]}", False
    found = con.execute(
        "select reason, is_released from held where uri = ? and sha256 = ? and options = ?::json",
        [uri, sha256, options],
    ).fetchall()
    if not found:
        return None, False
    reason, is_released = found[0]
    return (None, True) if is_released else (reason, False)


def release(con: duckdb.DuckDBPyConnection, source: str) -> tuple[str, str | None]:
    """Address of a list that is let in from now on, and the options that it was held with, None if it was forgotten.

    `source` is its address, or the end of it where only one has that end.

    Raises:
        FileNotFoundError: no list of that address is held back or forgotten, or several are.
    """
    rows = con.execute(
        "select uri, options::varchar from held where not is_released "
        "union all select uri, null from forgotten where uri is not null"
    ).fetchall()
    uri = one_of([uri for uri, _ in rows], source, "is held back or forgotten")
    con.execute("update held set is_released = true where uri = ?", [uri])
    # Under whatever other address the same bytes were forgotten, too.
    con.execute(
        "delete from forgotten where uri = ? or sha256 in (select sha256 from forgotten where uri = ?)", [uri, uri]
    )
    return uri, next(options for found, options in rows if found == uri)


def one_of(uris: list[str], source: str, what: str) -> str:
    """The address that `source` is, or is the end of.

    Raises:
        FileNotFoundError: there is none, or there are several.
    """
    found = [uri for uri in uris if uri == source] or [uri for uri in uris if uri.endswith(f"/{source.lstrip('./')}")]
    if len(set(found)) != 1:
        told = "several are" if found else "these are"
        raise FileNotFoundError(
            f"no single list {source!r} {what}: "
            + (f"{told}: {', '.join(sorted(set(found or uris))[:10])}." if uris else "none is.")
        )
    return found[0]


def forgotten(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The lists that are to be forgotten: their uri and sha256."""
    rows: list[dict[str, Any]] = con.sql("select uri, sha256 from forgotten where uri is not null").pl().to_dicts()
    return rows


def forget_source(con: duckdb.DuckDBPyConnection, uri: str, sha256: str, now: datetime) -> None:
    """Note that a list is to be forgotten: neither its address nor its bytes are taken in again."""
    con.execute("delete from held where uri = ? or sha256 = ?", [uri, sha256])
    con.execute("delete from forgotten where uri = ? and sha256 = ?", [uri, sha256])
    con.execute("insert into forgotten values (?, ?, null, ?)", [uri, sha256, now.replace(tzinfo=None)])


def digest_of(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """The hash of a name, in capitals or not: all that is kept of one that is to be forgotten."""
    return str(con.execute("select sha256(lower(nfc_normalize(?)))", [name]).fetchall()[0][0])


def forget_name(con: duckdb.DuckDBPyConnection, name: str, now: datetime) -> None:
    """Note that a name is to be forgotten."""
    con.execute("insert into forgotten values (null, null, ?, ?)", [digest_of(con, name), now.replace(tzinfo=None)])
    con.execute("update held set reason = regexp_replace(reason, regexp_escape(?), '...', 'gi')", [name])


def reject_forgotten(con: duckdb.DuckDBPyConnection, source_id: int) -> int:
    """Number of entries of a list that are rejected, because their names are to be forgotten, and not kept."""
    if not con.execute("select 1 from forgotten where name_sha256 is not null limit 1").fetchall():
        return 0
    forgotten = "(select name_sha256 from forgotten where name_sha256 is not null)"
    con.execute(
        "update rejects set raw = '' where source_id = ? and ("
        f"sha256(lower(nfc_normalize(trim(raw)))) in {forgotten} or "
        f"sha256(lower(nfc_normalize(trim(regexp_replace(raw, ',[^,]*$', ''))))) in {forgotten})",
        [source_id],
    )
    con.execute(
        "create or replace temp table gone as "
        f"select source_id, row from entries where source_id = ? and sha256(lower(name)) in {forgotten}",
        [source_id],
    )
    con.execute("insert into rejects select source_id, row, '', 'is to be forgotten' from gone")
    con.execute("delete from entries where source_id = ? and row in (select row from gone)", [source_id])
    return int(con.execute("select count(*) from gone").fetchall()[0][0])
