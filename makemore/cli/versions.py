"""The commands that look after the published versions: which there are, which serves, whether they are whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from makemore.cli.app import HOME, HomeOption, VersionOption, app
from makemore.home import Home, locked_home

if TYPE_CHECKING:
    from makemore.versions.version import Version

Named = Annotated[str, Parameter(help="Published version.")]


@app.command
def versions(*, home: HomeOption = HOME) -> None:
    """Print the published versions, oldest first, with their names, each model's nll, and which of them serves.

    Example: makemore versions
    """
    from makemore.reporting import text
    from makemore.versions import registry
    from makemore.versions.store import list_versions

    known = registry.read(Home(home))
    for version in list_versions(Home(home)):
        print(text.version_line(version, known.marks(version.name)))


@app.command
def show(version: VersionOption = None, /, *, home: HomeOption = HOME) -> None:
    """Print what a version is made of, its models and their figures, and whether it serves and why.

    Example: makemore show
    """
    from makemore.reporting.show import describe_version
    from makemore.versions import registry
    from makemore.versions.store import find_version

    print(describe_version(find_version(Home(home), version), registry.read(Home(home))))


@app.command
def diff(
    a: Annotated[str, Parameter(help="Published version, the earlier one.")],
    b: Annotated[str, Parameter(help="Published version that it is compared with.")],
    /,
    *,
    home: HomeOption = HOME,
) -> None:
    """Print how two versions differ: lists, options, each model on the names that both held out, and bigrams.

    Example: makemore diff 20261121-020000-5b1e07 20261122-020000-3f2a9c
    """
    from makemore.reporting.diff import describe_changes
    from makemore.versions.store import find_version

    print(describe_changes(find_version(Home(home), a), find_version(Home(home), b)))


@app.command
def promote(
    version: Named,
    /,
    *,
    home: HomeOption = HOME,
    model: Annotated[str | None, Parameter(help="Model type to serve with; its best if left out.")] = None,
) -> None:
    """Let a version serve from now on, whatever was decided before.

    Example: makemore promote 20261122-020000-3f2a9c --model ngram
    """
    from makemore.promotion import decide

    with locked_home(home, "makemore promote") as held:
        promotion = decide.promote(held, version, model)
    print(f"{promotion.version} serves from now on, with {promotion.model_type}.")


@app.command
def rollback(*, home: HomeOption = HOME) -> None:
    """Let the champion before this one serve again; once more undoes it.

    Example: makemore rollback
    """
    from makemore.promotion import decide

    with locked_home(home, "makemore rollback") as held:
        promotion = decide.roll_back(held)
    print(f"{promotion.version} serves again, with {promotion.model_type}, in place of {promotion.against}.")


@app.command
def pin(version: Named, /, *, home: HomeOption = HOME) -> None:
    """Keep a version whatever its age: nothing deletes it until it is unpinned.

    Example: makemore pin 20261122-020000-3f2a9c
    """
    from makemore.versions import registry
    from makemore.versions.store import find_version

    with locked_home(home, "makemore pin") as held:
        pinned = registry.pin(held, find_version(held, version).name).pinned
    print(f"pinned: {', '.join(pinned)}")


@app.command
def unpin(version: Named, /, *, home: HomeOption = HOME) -> None:
    """Let a pinned version be deleted when its time comes.

    Example: makemore unpin 20261122-020000-3f2a9c
    """
    from makemore.versions import registry

    with locked_home(home, "makemore unpin") as held:
        pinned = registry.unpin(held, version).pinned
    print(f"pinned: {', '.join(pinned) or 'none'}")


@app.command
def verify(
    version: Annotated[str | None, Parameter(help="Version to check; all if left out.")] = None,
    /,
    *,
    home: HomeOption = HOME,
) -> None:
    """Check every byte of a home: its working database, its registry, and each file of its versions against its hash.

    Example: makemore verify
    """
    from makemore.versions.store import find_version, list_versions

    place, damaged = Home(home), []
    found = list_versions(place)
    if version is not None or not (found or place.db.exists()):
        found = [find_version(place, version)]
    else:
        damaged = _damaged_files(place)
    not_as_published = [each.name for each in found if not _is_as_published(each)]
    if not_as_published:
        damaged.append(
            f"{len(not_as_published)} of {len(found)} versions are not as they were published: "
            f"do not use {not_as_published[0]}."
        )
    if damaged:
        raise ValueError(" ".join(damaged))


def _damaged_files(home: Home) -> list[str]:
    """What to do about the working database and the registry, where they are damaged."""
    from makemore.maintenance import checking
    from makemore.versions import registry

    told = []
    try:
        with locked_home(home.path, "makemore verify", wait=0):
            if not _is_whole(home.db.name, "as written", checking.database_problems(home)):
                told.append(
                    f"{home.db.name} is damaged: take it from an export, `makemore restore FILE --home NEW`. Without "
                    "one delete it, and ingest the lists again: the versions stay."
                )
    except ValueError as error:
        print(f"{home.db.name}: not checked, as {error}")
    if not _is_whole(registry.REGISTRY, "as written", checking.registry_problems(home)):
        told.append(
            f"{registry.REGISTRY} is damaged, or names what is gone: take that from an export, or say anew what serves "
            "and is pinned, `makemore promote VERSION`, `makemore unpin VERSION`."
        )
    return told


def _is_as_published(version: Version) -> bool:
    try:
        problems = list(version.verify())
    except FileNotFoundError as error:
        problems = [str(error)]
    if not version.path.exists():
        print(f"{version.name}: deleted meanwhile")
        return True
    return _is_whole(version.name, "as published", problems)


def _is_whole(what: str, whole: str, problems: Iterable[str]) -> bool:
    told = [f"{what}: {problem}" for problem in problems]
    print("\n".join(told) or f"{what}: {whole}")
    return not told
