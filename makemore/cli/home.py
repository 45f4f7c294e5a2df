"""Commands that keep a home healthy: verify, prune, back up, release and forget."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from makemore.cli.app import DEFAULT_HOME, HOME, ConfigOption, HomeOption, app, count
from makemore.errors import CorruptData, InvalidOption, NeedsAttention, QuarantinedList
from makemore.home import locked_home

if TYPE_CHECKING:
    from makemore.maintenance.backup import ExportSummary

ListArgument = Annotated[
    str | None, Parameter(name="list", help="URI of the list, or its last part, such as the file name.")
]


@app.command(group=HOME)
def status(
    *,
    home: HomeOption = DEFAULT_HOME,
    format: Annotated[Literal["text", "json"], Parameter(help="Format of the output.")] = "text",
) -> None:
    """Print the last run, the champion, the newest version, and what needs attention. Exit code 4 if anything does.

    Example: makemore status
    """
    from makemore.reporting.status import as_json, read_status
    from makemore.reporting.status_text import describe_status

    found = read_status(home)
    if format == "json":
        print(json.dumps(as_json(found), ensure_ascii=False, indent=2))
    else:
        print(describe_status(found, datetime.now(UTC)))
    if problems := found.needs_attention:
        raise NeedsAttention(f"{count(problems, 'problem')} need{'s' * (len(problems) == 1)} attention, listed above")


@app.command(group=HOME)
def verify(
    version: Annotated[str | None, Parameter(help="Published version; the whole home by default.")] = None,
    /,
    *,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check every byte of a home: the working database, the registry and the checksum of each file of each version.

    Example: makemore verify
    """
    from makemore.maintenance import checking

    for line in checking.verify(home, version):
        print(line)


@app.command(group=HOME)
def prune(
    *,
    keep: Annotated[int, Parameter(help="Number of newest versions to keep.")] = 30,
    dry_run: Annotated[bool, Parameter(help="Print what would be deleted, and delete nothing.")] = False,
    home: HomeOption = DEFAULT_HOME,
    config: ConfigOption = None,
) -> None:
    """Delete old versions and the leftovers of killed runs.

    Keeps the newest versions, the champion, the previous champion and pinned versions.

    Example: makemore prune --keep 30 --dry-run
    """
    from makemore.maintenance import retention

    with locked_home(home, "makemore prune", create=False):
        pruned = retention.prune(home, keep, dry_run=dry_run)
    for version, reason in pruned.kept.items():
        print(f"kept  {version}  {reason}")
    for freed in (*pruned.versions, *pruned.leftovers):
        print(f"{'would delete' if dry_run else 'deleted'}  {freed.path}  {_size(freed.bytes)}")
    counts = f"{count(pruned.versions, 'version')}, {count(pruned.leftovers, 'leftover')}"
    print(f"{'would free' if dry_run else 'freed'} {_size(pruned.bytes)}: {counts}")


@app.command(group=HOME)
def export_home(
    file: Annotated[Path, Parameter(help="File to write: .tar.zst, .tar.gz or .tar.")],
    /,
    *,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a home to one archive: the database with all names, `makemore.toml`, the versions and the registry.

    The archive is read back and checked.

    Example: makemore export-home names.tar.zst
    """
    from makemore.maintenance import backup

    with locked_home(home, "makemore export-home", create=False):
        summary = backup.export_home(home, file)
    print(f"{file}: {_contents(summary)}; read back and checked, {_size(file.stat().st_size)}")
    if summary.left_out:
        raise CorruptData(
            f"{file} lacks {count(summary.left_out, 'damaged version')}: {', '.join(summary.left_out)}",
            "restore the version from an earlier export, or delete its folder",
        )


@app.command(group=HOME)
def restore(
    file: Annotated[Path, Parameter(help="Archive of `makemore export-home`.")], /, *, home: HomeOption = DEFAULT_HOME
) -> None:
    """Restore a home from an archive, after checking the whole archive. The home must be a new or an empty folder.

    Example: makemore restore names.tar.zst --home artifacts/homes/names
    """
    from makemore.maintenance import backup

    summary = backup.restore(file, home)
    print(f"{home}: {_contents(summary)}; exported at {summary.created_at}")


@app.command(group=HOME)
def release(source: ListArgument = None, /, *, home: HomeOption = DEFAULT_HOME) -> None:
    """Ingest a quarantined or forgotten list; without a list, print the quarantined lists.

    Example: makemore release
    """
    from makemore.pipeline import ingest

    with locked_home(home, "makemore release"):
        if source is None:
            lines = [f"{row['uri']}: it {row['reason']}" for row in ingest.quarantined_lists(home)]
            print("\n".join(lines) or "no quarantined lists")
            return
        result = ingest.release(home, source)
    if result.quarantine_reason:
        raise QuarantinedList(f"{result.uri} has new bytes and is quarantined again: it {result.quarantine_reason}")
    print(f"{result.uri}: {result.names:,} names, {result.rejects:,} rejected; the next run trains on them")


@app.command(group=HOME)
def forget(
    source: ListArgument = None,
    /,
    *,
    name: Annotated[str | None, Parameter(help="Name to forget instead of a list; case is ignored.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Permanently delete a list or a name from the database and its counts, and mark the versions that contain it.

    Example: makemore forget --name zebedee
    """
    from makemore.maintenance import forgetting

    if (source is None) == (name is None):
        raise InvalidOption(
            "forget takes either a list or --name", "makemore forget LIST, or makemore forget --name NAME"
        )
    with locked_home(home, "makemore forget"):
        forgotten = forgetting.forget_source(home, source) if source else forgetting.forget_name(home, name or "")
    print(f"forgot {forgotten.lines:,} lines of {count(forgotten.lists, 'list')}")
    for version in forgotten.versions:
        print(f"{version}: marked as forgotten")
    if forgotten.versions:
        print("the next run publishes a version without it; marked versions are deleted by `makemore prune`")


def _contents(summary: ExportSummary) -> str:
    return f"{count(summary.versions, 'version')}, {summary.files} files, {_size(summary.bytes)}"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
