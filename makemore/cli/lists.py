"""The commands that look after what came in: lists that are held back are let in, lists and names are forgotten."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from makemore.cli.app import HOME, HomeOption, app
from makemore.home import Home, locked_home


@app.command
def release(source: str | None = None, /, *, home: HomeOption = HOME) -> None:
    """Let in a list that is held back, or was forgotten; or print which are held back, and why.

    Example: makemore release
    """
    from makemore.pipeline import ingest

    with locked_home(home, "makemore release"):
        if source is None:
            held = ingest.held(home)
            print("\n".join(f"{row['uri']}: it {row['reason']}" for row in held) or "no list is held back")
            return
        result = ingest.release(home, source)
    if result.held:
        raise ValueError(
            f"{result.uri} is not what was held back: it {result.held}. Release it again, if it may come in."
        )
    print(f"{result.uri}: {result.names:,} names, {result.rejects:,} rejected; the next run makes a version with them")


@app.command
def forget(
    source: str | None = None,
    /,
    *,
    name: Annotated[str | None, Parameter(help="Name to forget, in place of a list; in capitals or not.")] = None,
    home: HomeOption = HOME,
) -> None:
    """Remove a list or a name from the database and its counts, for ever, and mark the versions that were made of it.

    Example: makemore forget --name zebedee
    """
    from makemore.maintenance import forgetting

    if (source is None) == (name is None):
        raise ValueError("say either which list to forget, as in `makemore forget list.txt`, or which --name.")
    with locked_home(home, "makemore forget"):
        gone = forgetting.forget_source(home, source) if source else forgetting.forget_name(home, name or "")
    print(f"forgot {gone.lines:,} lines of {len(gone.lists)} list{'s' * (len(gone.lists) != 1)}")
    for version in gone.versions:
        print(f"{version}: was made of it, and is marked")
    if gone.versions:
        print(f"The next run makes a version without it; these are there until {Home(home).versions} is pruned.")
