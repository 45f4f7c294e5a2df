"""The commands that look after the published versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from makemore.cli.app import HOME, HomeOption, app
from makemore.home import Home


@app.command
def versions(*, home: HomeOption = HOME) -> None:
    """Print the published versions, oldest first, with their names and each model's nll.

    Example: makemore versions
    """
    from makemore import artifacts, summary

    for version in artifacts.versions(Home(home)):
        print(summary.describe(Home(home).versions / version))


@app.command
def verify(
    version: Annotated[str | None, Parameter(help="Version to check; all if left out.")] = None,
    /,
    *,
    home: HomeOption = HOME,
) -> None:
    """Check every file of the published versions against its hash, and say which differ.

    Example: makemore verify
    """
    from makemore import artifacts

    newest = artifacts.find_version(Home(home), version)
    folders = [newest] if version else [newest.with_name(name) for name in artifacts.versions(Home(home))]
    damaged = [folder.name for folder in folders if not _is_as_published(folder)]
    if damaged:
        raise ValueError(
            f"{len(damaged)} of {len(folders)} versions are not as they were published: do not use {damaged[0]}."
        )


def _is_as_published(folder: Path) -> bool:
    from makemore import artifacts

    problems = list(artifacts.verify(folder))
    print("\n".join(f"{folder.name}: {problem}" for problem in problems) or f"{folder.name}: as published")
    return not problems
