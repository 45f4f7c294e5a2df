"""Commands that list the published versions and choose the champion."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from makemore.cli.app import DEFAULT_HOME, VERSIONS, HomeOption, app
from makemore.home import Home, locked_home

VersionArgument = Annotated[str, Parameter(help="Published version.")]


@app.command(group=VERSIONS)
def versions(*, home: HomeOption = DEFAULT_HOME) -> None:
    """Print the published versions, oldest first: number of names, nll of each model, champion, pins.

    Example: makemore versions
    """
    from makemore.reporting import text
    from makemore.versions import registry
    from makemore.versions.store import list_versions

    known = registry.read(Home(home))
    for version in list_versions(Home(home)):
        print(text.version_line(version, known.marks(version.name)))


@app.command(group=VERSIONS)
def promote(
    version: VersionArgument,
    /,
    *,
    home: HomeOption = DEFAULT_HOME,
    model: Annotated[str | None, Parameter(help="Model type; the best of the version by default.")] = None,
) -> None:
    """Make a version the champion, regardless of the promotion rules.

    Example: makemore promote 20261122-020000-3f2a9c --model ngram
    """
    from makemore.promotion import decide

    with locked_home(home, "makemore promote") as locked:
        promotion = decide.promote(locked, version, model)
    print(f"promoted {promotion.version} to champion (model: {promotion.model_type})")


@app.command(group=VERSIONS)
def rollback(*, home: HomeOption = DEFAULT_HOME) -> None:
    """Make the previous champion the champion again; a second rollback reverts the first.

    Example: makemore rollback
    """
    from makemore.promotion import decide

    with locked_home(home, "makemore rollback") as locked:
        promotion = decide.roll_back(locked)
    print(f"rolled back from {promotion.against} to {promotion.version} (model: {promotion.model_type})")


@app.command(group=VERSIONS)
def pin(version: VersionArgument, /, *, home: HomeOption = DEFAULT_HOME) -> None:
    """Pin a version: it is not pruned until it is unpinned.

    Example: makemore pin 20261122-020000-3f2a9c
    """
    from makemore.versions import registry
    from makemore.versions.store import find_version

    with locked_home(home, "makemore pin") as locked:
        pinned = registry.pin(locked, find_version(locked, version).name).pinned
    print(f"pinned: {', '.join(pinned)}")


@app.command(group=VERSIONS)
def unpin(version: VersionArgument, /, *, home: HomeOption = DEFAULT_HOME) -> None:
    """Unpin a version: it can be pruned again.

    Example: makemore unpin 20261122-020000-3f2a9c
    """
    from makemore.versions import registry

    with locked_home(home, "makemore unpin") as locked:
        pinned = registry.unpin(locked, version).pinned
    print(f"pinned: {', '.join(pinned) or 'none'}")
