"""Requests for names, and CSV files with one request per row."""

import csv
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_type_hints

from makemore.errors import InvalidInput, InvalidOption, MakemoreError, NotFound
from makemore.options import SEED, Device, SampleOptions, check_seed

MAX_NAMES = 10**10
"""Limit of the names of a request."""


@dataclass(frozen=True)
class Request:
    """A number of names of a model under constraints."""

    n: int
    id: str = ""  # name of the request in files and messages
    model: str | None = None  # model type; that of the champion by default
    seed: int = SEED
    best: bool = False  # return the most probable names in order, instead of random names
    device: Device = "auto"  # device of nets
    options: SampleOptions = field(default_factory=SampleOptions)

    def __post_init__(self) -> None:
        if not 1 <= self.n <= MAX_NAMES:
            raise InvalidOption(f"-n {self.n} is out of range", f"use 1 to {MAX_NAMES:,}")
        check_seed(self.seed)

    def describe(self) -> str:
        """Return the request as options of `makemore sample`."""
        words = ["-n", str(self.n), *["--best"] * self.best]
        for name, value in vars(self.options).items():
            if value != getattr(SampleOptions, name):
                values = value if isinstance(value, tuple) else [] if value is True else [value]
                words += [f"--{name.replace('_', '-')}", *map(str, values)]
        return shlex.join(words)


_OWN = {name: kind for name, kind in get_type_hints(Request).items() if name != "options"}
_TYPES = _OWN | get_type_hints(SampleOptions)
COLUMNS = tuple(_TYPES)
"""Columns of a request file, in any order: the fields of `Request` and of `SampleOptions`."""
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read_requests(path: Path) -> list[Request]:
    """Read a CSV with a header and one request per row; an empty cell stands for the default.

    `not_in` and `ban` name files relative to the CSV, separated by ';'. The default id is the row's number, from 1.
    Raise NotFound if the file does not exist, InvalidInput if it is not a CSV, or a column, value or id is invalid.
    """
    if not path.exists():
        raise NotFound(f"{path} does not exist")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            requests = list(_requests(path, csv.DictReader(file, strict=True)))
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as error:
        raise InvalidInput(f"{path} is not a valid CSV: {error}") from error
    if not requests:
        raise InvalidInput(f"{path} contains no request", "add one row per request below the header")
    if repeated := _repeated(request.id for request in requests):
        raise InvalidInput(f"{path} has two requests with id {repeated!r}", "use distinct ids")
    return requests


def _requests(path: Path, rows: "csv.DictReader[str]") -> Iterator[Request]:
    columns = [_column(name) for name in rows.fieldnames or ()]
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise InvalidInput(f"{path} has an unknown column {unknown[0]!r}", f"use {', '.join(COLUMNS)}")
    if repeated := _repeated(columns):
        raise InvalidInput(f"{path} has two columns {repeated!r}", "delete one")
    if "n" not in columns:
        raise InvalidInput(f"{path} has no column 'n', the number of names")
    for number, row in enumerate(rows, start=1):
        try:
            if None in row:
                raise InvalidInput("more fields than the header", "quote a value that contains a comma")
            cells = {_column(name): value.strip() for name, value in row.items() if value}
            values = {name: _value(path, name, cell) for name, cell in cells.items() if cell}
            if "n" not in values:
                raise InvalidInput("n is empty", "give the number of names")
            options = SampleOptions(**{name: values.pop(name) for name in [*values] if name not in _OWN})
            yield Request(**{"id": str(number)} | values, options=options)
        except MakemoreError as error:
            raise InvalidInput(f"{path}, request {number}: {error}") from error


def _repeated(values: Iterator[str] | list[str]) -> str | None:
    return next((value for value, count in Counter(values).items() if count > 1), None)


def _column(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _value(path: Path, name: str, cell: str) -> Any:
    kind = _TYPES[name]
    types = get_args(kind) or (kind,)
    try:
        if kind == Device:
            return {device: device for device in types}[cell]
        if kind == tuple[str, ...]:
            return tuple(str(path.parent / part.strip()) for part in cell.split(";") if part.strip())
        if bool in types:
            return _BOOLEANS[cell.lower()]
        return next((convert for convert in (int, float) if convert in types), str)(cell)
    except (ValueError, KeyError) as error:
        kinds = {int: "a whole number", float: "a number", bool: "true or false"}
        raise InvalidInput(f"{name} is {cell!r}", f"use {kinds.get(types[0]) or ', '.join(types)}") from error
