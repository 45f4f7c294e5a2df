"""Requests for names: how many, of which model, as asked; and a CSV of them, one a row."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from makemore.options import SEED, Device, SampleOptions, check_seed

MOST = 10**10
"""Names of a request."""


@dataclass(frozen=True)
class Request:
    """Names that someone wants."""

    n: int
    """How many."""
    id: str = ""
    """What the producer calls it."""
    model: str | None = None
    """Model type; the one that the version serves with if left out."""
    seed: int = SEED
    """The same names for the same seed."""
    best: bool = False
    """The most probable names in their order, in place of names drawn at random."""
    device: Device = "auto"
    """Where nets make names: on a GPU if there is one, unless you say otherwise."""
    options: SampleOptions = field(default_factory=SampleOptions)
    """What they look like, and how they are drawn."""

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"-n {self.n}: use 1 or more.")
        if self.n > MOST:
            raise ValueError(f"-n {self.n}: use {MOST:,} or less.")
        check_seed(self.seed)


COLUMNS = tuple(f.name for f in (*fields(Request), *fields(SampleOptions)) if f.name != "options")
"""What a CSV of requests may say: one column each, in any order."""


def read_requests(path: Path) -> list[Request]:
    """The requests of a CSV with a header, one a row; what a cell leaves out is as if its column were not there.

    `not_in` and `ban` name files beside the CSV, ';' between them. A request without an id gets its row's number, the
    first below the header being 1.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read, has no request, an unknown column, two requests of one id, or a bad value.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            requests = list(_requests(path, csv.DictReader(file, strict=True)))
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as error:
        raise ValueError(f"{path} cannot be read as a CSV of requests: {error}.") from error
    if not requests:
        raise ValueError(f"{path} has no request: write a row below its header for each.")
    ids = [request.id for request in requests]
    if repeated := [id for id, times in Counter(ids).items() if times > 1]:
        raise ValueError(f"{path} has two requests of the id {repeated[0]!r}: give each its own.")
    return requests


def _requests(path: Path, rows: csv.DictReader[str]) -> Iterator[Request]:
    columns = [_column(name) for name in rows.fieldnames or ()]
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise ValueError(f"{path} has a column {unknown[0]!r}: use {', '.join(COLUMNS)}.")
    if repeated := [name for name, times in Counter(columns).items() if times > 1]:
        raise ValueError(f"{path} has two columns {repeated[0]!r}: leave one out.")
    if "n" not in columns:
        raise ValueError(f"{path} has no column 'n', which says how many names a request is for.")
    for number, row in enumerate(rows, start=1):
        try:
            if None in row:
                raise ValueError("it has more fields than the header: put text with a comma in quotes.")
            told = {_column(name): value.strip() for name, value in row.items() if value}
            yield _request(path, number, {name: value for name, value in told.items() if value})
        except ValueError as error:
            raise ValueError(f"{path}, request {number}: {error}") from error


def _column(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _request(path: Path, number: int, cells: dict[str, str]) -> Request:
    values = {name: _value(path, name, cell) for name, cell in cells.items()}
    own = {f.name for f in fields(Request)}
    options = SampleOptions(**{name: value for name, value in values.items() if name not in own})
    given = {name: value for name, value in values.items() if name in own}
    if "n" not in given:
        raise ValueError("its n is empty: say how many names.")
    return Request(**{"id": str(number)} | given, options=options)


def _value(path: Path, name: str, cell: str) -> Any:
    """A cell as its column's type."""
    kind = next(str(f.type) for f in (*fields(Request), *fields(SampleOptions)) if f.name == name)
    if kind.startswith("tuple"):
        return tuple(str(path.parent / part.strip()) for part in cell.split(";") if part.strip())
    try:
        if kind.startswith(("int", "float")):
            return (int if kind.startswith("int") else float)(cell)
        if kind == "bool":
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[cell.strip().lower()]
    except (ValueError, KeyError) as error:
        what = {"i": "a whole number", "f": "a number", "b": "true or false"}[kind[0]]
        raise ValueError(f"its {name} is {cell!r}: use {what}.") from error
    if name == "device" and cell not in ("auto", "cpu", "cuda"):
        raise ValueError(f"its device is {cell!r}: use auto, cpu or cuda.")
    return cell
