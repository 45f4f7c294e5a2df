"""The app that all commands are of, and the options that several of them have."""

from __future__ import annotations

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
ModelOption = Annotated[str | None, Parameter(help="Model type; the one with the lowest dev nll if left out.")]
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
