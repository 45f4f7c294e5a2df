"""Lists that a home does not ingest: quarantined lists, and lists and names to forget."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from makemore.errors import NotFound


def add(con: duckdb.DuckDBPyConnection, uri: str, sha256: str, *, options: str, reason: str, now: datetime) -> None:
    """Quarantine the bytes of a list, in place of earlier quarantined bytes of its URI."""
    con.execute("delete from quarantined_lists where uri = ?", [uri])
    con.execute(
        "insert into quarantined_lists values (?, ?, ?::json, ?, ?, false)",
        [uri, sha256, options, reason, now.replace(tzinfo=None)],
    )


def quarantined_lists(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows of the quarantined lists that are not released, oldest first."""
    select = "select * exclude (is_released) from quarantined_lists where not is_released order by quarantined_at, uri"
    rows = con.execute(select)
    columns = [column for column, *_ in rows.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in rows.fetchall()]


def message(uri: str, reason: str, home: Path) -> str:
    """The reason of a quarantine, with the command that releases the list."""
    hint = shlex.join(["makemore", "release", uri, "--home", str(home)])
    return f"{uri} is quarantined: it {reason}. hint: {hint}"


def find_reason(con: duckdb.DuckDBPyConnection, uri: str, sha256: str, options: str) -> tuple[str | None, bool]:
    """The reason not to ingest these bytes, a text to follow the list's name; and whether they were released."""
    forgotten = con.execute(
        "select forgotten_at::date from forgotten where uri = ? or sha256 = ? order by all limit 1", [uri, sha256]
    ).fetchall()
    if forgotten:
        return f"was forgotten on {forgotten[0][0]}", False
    rows = con.execute(
        "select case when not is_released then reason end, is_released from quarantined_lists "
        "where uri = ? and sha256 = ? and options = ?::json",
        [uri, sha256, options],
    ).fetchall()
    return rows[0] if rows else (None, False)


def release(con: duckdb.DuckDBPyConnection, source: str) -> tuple[str, str | None]:
    """Release a quarantined or forgotten list; return its URI, and its options as JSON if it was quarantined.

    `source` is its URI, or an unambiguous end of it.

    Raises:
        NotFound: no such list, or several.
    """
    rows = con.execute(
        "select uri, options::varchar from quarantined_lists where not is_released "
        "union all select uri, null from forgotten where uri is not null"
    ).fetchall()
    uri = match_uri([uri for uri, _ in rows], source, "quarantined or forgotten list")
    con.execute("update quarantined_lists set is_released = true where uri = ?", [uri])
    # The same bytes can be forgotten under other URIs too.
    con.execute(
        "delete from forgotten where uri = ? or sha256 in (select sha256 from forgotten where uri = ?)", [uri, uri]
    )
    return uri, next(options for row_uri, options in rows if row_uri == uri)


def match_uri(uris: list[str], source: str, kind: str) -> str:
    """The URI that `source` equals, or is an end of.

    Raises:
        NotFound: none matches, or several.
    """
    matches = {uri for uri in uris if uri == source} or {uri for uri in uris if uri.endswith(f"/{source.lstrip('./')}")}
    if len(matches) == 1:
        return matches.pop()
    known = ", ".join(sorted(matches or uris)[:10])
    hint = f"use one of {known}" if known else f"this home has no {kind}"
    raise NotFound(f"{len(matches) or 'no'} {kind}{'s' * bool(matches)} {source!r}", hint)


def forgotten_lists(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The uri and sha256 of the forgotten lists."""
    rows: list[dict[str, Any]] = con.sql("select uri, sha256 from forgotten where uri is not null").pl().to_dicts()
    return rows


def forget_source(con: duckdb.DuckDBPyConnection, uri: str, sha256: str, now: datetime) -> None:
    """Mark a list as forgotten: neither its URI nor its bytes are ingested again."""
    con.execute("delete from quarantined_lists where uri = ? or sha256 = ?", [uri, sha256])
    con.execute("delete from forgotten where uri = ? and sha256 = ?", [uri, sha256])
    con.execute("insert into forgotten values (?, ?, null, ?)", [uri, sha256, now.replace(tzinfo=None)])


def name_sha256(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """The hash of a name in lower case: a forgotten name is stored as its hash alone."""
    return str(con.execute("select sha256(lower(nfc_normalize(?)))", [name]).fetchall()[0][0])


def forget_name(con: duckdb.DuckDBPyConnection, name: str, now: datetime) -> None:
    """Mark a name as forgotten."""
    con.execute("insert into forgotten values (null, null, ?, ?)", [name_sha256(con, name), now.replace(tzinfo=None)])
    con.execute("update quarantined_lists set reason = regexp_replace(reason, regexp_escape(?), '...', 'gi')", [name])


def reject_forgotten(con: duckdb.DuckDBPyConnection, content_id: int) -> int:
    """Reject the entries of a content whose names are forgotten, without their text; return their number."""
    if not con.execute("select 1 from forgotten where name_sha256 is not null limit 1").fetchall():
        return 0
    forgotten = "(select name_sha256 from forgotten where name_sha256 is not null)"
    con.execute(
        "update rejects set raw = '' where content_id = ? and ("
        f"sha256(lower(nfc_normalize(trim(raw)))) in {forgotten} or "
        f"sha256(lower(nfc_normalize(trim(regexp_replace(raw, ',[^,]*$', ''))))) in {forgotten})",
        [content_id],
    )
    forgotten_entries = f"entries where content_id = ? and sha256(lower(name)) in {forgotten}"
    [(lines,)] = con.execute(
        f"insert into rejects select content_id, row, '', 'is to be forgotten' from {forgotten_entries}", [content_id]
    ).fetchall()
    con.execute(f"delete from {forgotten_entries}", [content_id])
    return int(lines)
