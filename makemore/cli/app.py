"""The app that all commands are of, and the options that several of them have."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from makemore import __version__

# torch, duckdb, polars and prefect are imported by the commands that need them: --help is quick without.

app = App(
    name="makemore",
    help="Takes lists of names and makes more names like them.",
    version=__version__,
    default_parameter=Parameter(negative=()),
)
app.register_install_completion_command(name="--install-completion")

HomeOption = Annotated[Path, Parameter(env_var="MAKEMORE_HOME", help="Folder of this body of names.")]
VersionOption = Annotated[str | None, Parameter(help="Published version; the champion if left out.")]
ModelOption = Annotated[str | None, Parameter(help="Model type; the one that the version serves with if left out.")]
OutputOption = Annotated[
    Path | None,
    Parameter(
        name=["--output", "-o"],
        help="File to write instead of stdout; its suffix is its format.",
        allow_leading_hyphen=True,
    ),
]
Flat = Parameter(name="*")
HOME = Path("artifacts")
KeepOption = Annotated[int, Parameter(help="Newest versions that stay; older ones are deleted.")]
NotifyOption = Annotated[
    str,
    Parameter(
        env_var="MAKEMORE_NOTIFY",
        help="Who is told when something wants a look: webhooks and blocks of Prefect's (block:TYPE/NAME), by commas.",
    ),
]
TimeoutOption = Annotated[
    float, Parameter(env_var="MAKEMORE_TIMEOUT", help="Hours after which a run is ended as failed.")
]


def tell_whom(notify: str) -> None:
    """Have the flows tell whom `--notify` names: not by a parameter of theirs, which a run's page would show.

    Raises:
        ValueError: an address is none.
    """
    from makemore.notifications import addresses

    addresses(notify)
    os.environ["MAKEMORE_NOTIFY"] = notify


def named(lists: tuple[str, ...]) -> list[str]:
    """The lists that a command names.

    Raises:
        ValueError: it names none.
    """
    if not lists:
        raise ValueError(
            "no list is named: name a file, a folder, a glob or a URL, such as examples/names/english.txt."
        )
    return list(lists)


@contextmanager
def prefect_needed() -> Iterator[None]:
    """A block that imports flows; if what they need is missing, the error says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is not installed: pip install 'makemore[flows]'.") from error
