"""The commands that look after the disk: old versions go, a home is kept in one file, and made anew from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from makemore.cli.app import HOME, HomeOption, app
from makemore.home import locked_home

if TYPE_CHECKING:
    from makemore.maintenance.backup import Kept
    from makemore.maintenance.retention import Freed


@app.command
def prune(
    *,
    keep: Annotated[int, Parameter(help="Newest versions that stay.")] = 30,
    dry_run: Annotated[bool, Parameter(help="Say what would go, and delete nothing.")] = False,
    home: HomeOption = HOME,
) -> None:
    """Delete all but the newest versions, the champion, the previous one and pinned ones; and what killed runs left.

    Example: makemore prune --keep 30 --dry-run
    """
    from makemore.maintenance import retention

    _check_there(home)
    with locked_home(home, "makemore prune"):
        pruned = retention.prune(home, keep, dry_run=dry_run)
    for version, why in pruned.kept.items():
        print(f"stays  {version}  {why}")
    goes = "would go" if dry_run else "gone"
    print("".join(f"{goes}  {line}\n" for line in _lines((*pruned.versions, *pruned.leftovers))), end="")
    frees = "would free" if dry_run else "freed"
    print(f"{frees} {_size(pruned.bytes)}: {_many(pruned.versions, 'version')}, {_many(pruned.leftovers, 'leftover')}")


@app.command
def export_home(
    file: Annotated[Path, Parameter(help="File to write: .tar.zst, .tar.gz or .tar.")], /, *, home: HomeOption = HOME
) -> None:
    """Write all of a home to one file: lists, relations, versions and which of them serves, read back and checked.

    Example: makemore export-home names.tar.zst
    """
    from makemore.maintenance import backup

    _check_there(home)
    with locked_home(home, "makemore export-home"):
        kept = backup.export_home(home, file)
    print(f"{file}: {_told(kept)}; read back and checked, {_size(file.stat().st_size)}")
    if kept.left_out:
        raise ValueError(
            f"{file} is complete but for {_many(kept.left_out, 'damaged version')}: {', '.join(kept.left_out)}. "
            "Take it from an earlier export, or delete its folder."
        )


@app.command
def restore(
    file: Annotated[Path, Parameter(help="File that `makemore export-home` wrote.")], /, *, home: HomeOption = HOME
) -> None:
    """Make a home that does not exist yet from such a file, once every byte of it is checked.

    Example: makemore restore names.tar.zst --home artifacts/homes/names
    """
    from makemore.maintenance import backup

    kept = backup.restore(file, home)
    print(f"{home}: {_told(kept)}; as of {kept.created_at}")


def _told(kept: Kept) -> str:
    return f"{_many(kept.versions, 'version')}, {kept.files} files, {_size(kept.bytes)}"


def _lines(freed: tuple[Freed, ...]) -> Iterator[str]:
    for gone in freed:
        yield f"{gone.path}  {_size(gone.bytes)}"


def _many(things: Sequence[object], what: str) -> str:
    return f"{len(things)} {what}{'s' * (len(things) != 1)}"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _check_there(home: Path) -> None:
    """Nothing, if there is such a home: a mistyped one is not to be made."""
    if not home.is_dir():
        raise FileNotFoundError(f"{home} does not exist: which home is meant says --home, or MAKEMORE_HOME.")
