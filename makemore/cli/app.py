"""The cyclopts app, its groups and the options that several commands share.

Commands import torch, duckdb, polars and prefect when they run: `--help` needs none of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Group, Parameter

from makemore import __version__
from makemore.cli.config_file import ConfigFile
from makemore.errors import InvalidOption
from makemore.home import Home
from makemore.models import check_model_type, model_types
from makemore.options import BuildOptions, IngestOptions, TrainOptions, check_keep

if TYPE_CHECKING:
    from makemore.versions.version import Version

RUN, NAMES, INSPECT, VERSIONS, HOME, OTHER = (
    Group(name, sort_key=i) for i, name in enumerate(["Run", "Names", "Inspect", "Versions", "Home", "Other"])
)


def _default(value: object) -> str | None:
    """Return a default value as the help shows it; None for an empty value and for a flag."""
    if value is None or value is False or value in ("", ()):
        return None
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


app = App(
    name="makemore",
    help="Takes lists of names and makes more names like them.",
    version=__version__,
    group_commands=OTHER,
    # Markdown would be imported and parsed for a line of each command.
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=(), show_default=_default),
)
app.command(
    "makemore.cli.completion:install",
    name="--install-completion",
    help="Install completion of commands and options for the shell.",
)

DEFAULT_HOME = Path("artifacts")
config_file = ConfigFile(app, DEFAULT_HOME)
app.config = [config_file]

ListsArgument = Annotated[str, Parameter(help="Files, folders, globs or URLs.")]
HomeOption = Annotated[Path, Parameter(env_var="MAKEMORE_HOME", help="Folder of the home.")]
ConfigOption = Annotated[
    Path | None, Parameter(help="File with lists and options; by default makemore.toml of the home.")
]
VersionOption = Annotated[str | None, Parameter(help="Published version; the champion by default.")]
ModelOption = Annotated[
    str | None, Parameter(help="Model type; by default the one that the version was promoted with.")
]
OutputOption = Annotated[
    Path | None,
    Parameter(
        name=["--output", "-o"],
        help="File to write instead of stdout; the suffix selects the format.",
        allow_leading_hyphen=True,
    ),
]
Flat = Parameter(name="*")


@dataclass(frozen=True)
class TrainFlags(TrainOptions):
    """`TrainOptions` with the model types in the help."""

    models: Annotated[
        tuple[str, ...],
        Parameter(help=f"Model types to train, separated by commas; repeatable: {', '.join(model_types())}."),
    ] = TrainOptions.models

    def __post_init__(self) -> None:
        super().__post_init__()
        for model_type in self.models:
            check_model_type(model_type)


@dataclass(frozen=True)
class RunFlags:
    """Options of `run` and `serve`."""

    read: Annotated[IngestOptions, Flat] = IngestOptions()
    build: Annotated[BuildOptions, Flat] = BuildOptions()
    train: Annotated[TrainFlags, Flat] = TrainFlags()
    keep: int = 30
    """Number of newest versions to keep; older ones are deleted."""
    notify: Annotated[tuple[str, ...], Parameter(env_var="MAKEMORE_NOTIFY")] = ()
    """Where to send alerts: webhooks and Prefect blocks (block:TYPE/NAME), separated by commas; repeatable."""
    timeout: Annotated[float, Parameter(env_var="MAKEMORE_TIMEOUT")] = 6
    """Time limit of a run in hours."""
    metrics: Annotated[Path | None, Parameter(env_var="MAKEMORE_METRICS")] = None
    """File to write metrics for Prometheus to after each run; node_exporter needs the suffix .prom."""

    def __post_init__(self) -> None:
        check_keep(self.keep)
        if self.notify:
            from makemore.notifications import addresses

            object.__setattr__(self, "notify", addresses(",".join(self.notify)))
        if self.metrics == Path():
            # The variable is empty.
            object.__setattr__(self, "metrics", None)
        if not 0 < self.timeout < float("inf"):
            raise InvalidOption(f"--timeout {self.timeout:g} is out of range", "use more than 0 hours")


def find(home: Path, version: str | None) -> Version:
    """Return a published version of a home, the champion by default."""
    from makemore.versions.store import find_version

    return find_version(Home(home), version)


def pass_to_flows(flags: RunFlags) -> None:
    """Pass `--notify` and `--metrics` to the flows in the environment.

    Run pages show parameters, and a URL can contain a secret.
    """
    os.environ["MAKEMORE_NOTIFY"] = ",".join(flags.notify)
    os.environ["MAKEMORE_METRICS"] = str(flags.metrics.absolute()) if flags.metrics else ""


def count(things: Sequence[object], noun: str) -> str:
    """Return '1 version', '2 versions'."""
    return f"{len(things)} {noun}{'s' * (len(things) != 1)}"


@contextmanager
def list_file(names: str) -> Iterator[Path]:
    """Yield the path of a list; `-` is a copy of stdin."""
    if names != "-":
        yield Path(names)
        return
    import shutil
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "stdin.txt"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield path
