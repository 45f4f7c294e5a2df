"""The contents of lists: which list has which, and which entries the counts do not include or exclude yet."""

from __future__ import annotations

from datetime import datetime

import duckdb

from makemore.ingest import quarantine


def set_content(con: duckdb.DuckDBPyConnection, uri: str, content_id: int, now: datetime) -> int:
    """Point the URI of a list to a content; return the id of the list, which stays the same for a URI."""
    known = con.execute("delete from lists where uri = ? returning source_id", [uri]).fetchall()
    [(source_id,)] = known or con.execute("select nextval('source_ids')").fetchall()
    con.execute("insert into lists values (?, ?, ?, ?)", [source_id, uri, content_id, now.replace(tzinfo=None)])
    _remove_unlisted(con)
    return int(source_id)


def forget(con: duckdb.DuckDBPyConnection, uris: list[str]) -> None:
    """Remove lists, with the contents that no other list has."""
    con.execute("delete from lists where uri in ?", [uris])
    _remove_unlisted(con)


def reject_forgotten(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Reject the entries whose names are to be forgotten; return their number by the URI of the list."""
    contents = con.execute(
        "select contents.content_id, uri, contents.content_id in (select content_id from entries "
        "where sha256(lower(name)) in (select name_sha256 from forgotten)) "
        "from contents join lists using (source_id) order by source_id"
    ).fetchall()
    rejected = {}
    for content_id, uri, has_forgotten in contents:
        if has_forgotten:
            # The whole content is counted again: bigrams are counted by content.
            _uncount(con, content_id)
            con.execute("insert into uncounted values (?)", [content_id])
        lines = quarantine.reject_forgotten(con, content_id)
        con.execute(
            "update contents set names = names - ?, rejects = rejects + ? where content_id = ?",
            [lines, lines, content_id],
        )
        if lines:
            rejected[uri] = lines
    return rejected


def _remove_unlisted(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the contents that no list has, and show each other one under a list that has it."""
    stale = con.execute(
        "select content_id, (select min(source_id) from lists where lists.content_id = contents.content_id) "
        "from contents anti join lists using (source_id, content_id)"
    ).fetchall()
    for content_id, source_id in stale:
        if source_id is None:
            _uncount(con, content_id)
            for table in ("contents", "entries", "rejects"):
                con.execute(f"delete from {table} where content_id = ?", [content_id])
        else:
            con.execute("update contents set source_id = ? where content_id = ?", [source_id, content_id])


def _uncount(con: duckdb.DuckDBPyConnection, content_id: int) -> None:
    """Note the entries of a content that the next build subtracts from the counts, if it was counted."""
    if con.execute("delete from uncounted where content_id = ? returning 1", [content_id]).fetchall():
        return
    con.execute(
        "insert into uncounted_removals select content_id, row, name, weight, options "
        "from entries join contents using (content_id) where content_id = ?",
        [content_id],
    )
