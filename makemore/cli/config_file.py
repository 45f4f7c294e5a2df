"""The file makemore.toml: lists and options of the commands that run the pipeline.

A key is an option of `makemore serve`, which has those of `run`, `ingest`, `build`, `train` and `prune`, without its
dashes. cyclopts reads the file after the flags and the environment. Commands without `--config` ignore it.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from pathlib import Path
from typing import Any, get_origin

from cyclopts import App, Argument, ArgumentCollection, Token

from makemore.errors import InvalidOption, NotFound
from makemore.home import Home

COMMAND = "serve"
"""The command that has all options of a run."""
FLAGS = "flags"
"""Its parameter that checks them."""
NOT_KEYS = {"home": "use --home, or MAKEMORE_HOME", "config": "use --config"}
KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "use true or false"),
    int: ((int,), "use a whole number, without quotes"),
    float: ((int, float), "use a number, without quotes"),
    str: ((str,), "use text in quotes"),
    tuple: ((str, list), 'use a list of texts: ["...", "..."]'),
}
"""Types of a TOML value for each type of an option, and a hint."""


class ConfigFile:
    """Source of values for cyclopts: the file of `--config`, or makemore.toml in the home."""

    def __init__(self, app: App, default_home: Path) -> None:
        self.app, self.default_home = app, default_home
        self.sources: dict[str, tuple[str, str]] = {}
        """Source of each given value of the last command: flag, environment or file, and its name."""

    def __call__(self, _: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Give the arguments without a value those of the file.

        Raises:
            InvalidOption: the file cannot be read, is not TOML, or has an unknown key or an invalid value.
            NotFound: the file of `--config` does not exist.
        """
        known = _by_key(arguments)
        if "config" not in known:
            return
        file = self._find(known)
        if os.path.lexists(file):
            values = _read(file)
            _check(file, values, self.app[COMMAND].assemble_argument_collection())
            _resolve(file, values)
            for key in known.keys() & values.keys():
                if not known[key].tokens and not _variable(known[key]):
                    _set(known[key], values[key], file)
        self.sources = {key: source for key, argument in known.items() if (source := _source(argument))}

    def _find(self, known: dict[str, Argument]) -> Path:
        if given := known["config"].tokens:
            file = Path(given[0].value)
            if not file.exists():
                raise NotFound(f"--config {file} does not exist", "check the path, or omit it to use that of the home")
            return file
        given = known["home"].tokens
        return Home(Path(given[0].value) if given else self.default_home).config


def _by_key(arguments: ArgumentCollection) -> dict[str, Argument]:
    return {argument.field_info.name.replace("_", "-"): argument for argument in arguments if not argument.children}


def _read(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        # Some editors write a byte order mark.
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        hint = "recreate or delete it" if file.is_symlink() else "use a readable TOML file"
        problem = "is a broken symlink" if not file.exists() else f"cannot be read ({error.strerror})"
        raise InvalidOption(f"{file} {problem}", hint) from error
    except ValueError as error:
        raise InvalidOption(f"{file} is not valid TOML: {error}") from error


def _resolve(file: Path, values: dict[str, Any]) -> None:
    """Start relative lists and files of valid values at the folder of the file."""
    from makemore.ingest.sources import is_url

    if lists := values.get("lists"):
        lists = [lists] if isinstance(lists, str) else lists
        values["lists"] = [name if is_url(name) else _path(file, name) for name in lists]
    if "metrics" in values:
        values["metrics"] = _path(file, values["metrics"])


def _path(file: Path, name: str) -> str:
    return os.path.normpath(file.absolute().parent / Path(name).expanduser())


def _check(file: Path, values: dict[str, Any], arguments: ArgumentCollection) -> None:
    """Raise InvalidOption unless all keys are known and all values valid, also those of other commands."""
    known = _by_key(arguments)
    for key, value in values.items():
        if key not in known or key in NOT_KEYS:
            close = difflib.get_close_matches(key, known.keys() - NOT_KEYS.keys(), n=1)
            unknown = "a key is an option of `makemore serve` without its dashes"
            hint = NOT_KEYS.get(key) or (f"did you mean {close[0]!r}?" if close else unknown)
            raise InvalidOption(f"{file}: unknown key {key!r}", hint)
        _check_value(file, key, value, known[key])
        _set(known[key], value, file)
    [flags] = (argument for argument in arguments if argument.field_info.name == FLAGS)
    try:
        flags.convert_and_validate()
    except InvalidOption as error:
        message, hint = (re.sub(r"--(?=[a-z])", "", text) for text in (error.message, error.hint))
        raise InvalidOption(f"{file}: {message}", hint) from error


def _check_value(file: Path, key: str, value: Any, argument: Argument) -> None:
    hint = get_origin(argument.hint) or argument.hint
    types, expected = KINDS.get(hint, KINDS[str])
    is_valid = type(value) in types
    if isinstance(value, list):
        is_valid &= all(isinstance(item, str) for item in value)
    if choices := argument.get_choices(force=True):
        is_valid, expected = value in choices, f"use one of {', '.join(choices)}"
    if (not value and isinstance(value, str | list)) or (isinstance(value, list) and "" in value):
        is_valid, expected = False, "delete the key for its default value"
    if not is_valid:
        # An address of `notify` can contain a secret.
        shown = "..." if key == "notify" else json.dumps(value, default=str)
        raise InvalidOption(f"{file}: {key} = {shown} is invalid", expected)


def _set(argument: Argument, value: Any, file: Path) -> None:
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        argument.append(Token(keyword=argument.name, value=str(item), source=str(file), index=index))


def _variable(argument: Argument) -> str | None:
    """Return the environment variable that is set for an argument; an empty one can have no token."""
    return next((name for name in argument.parameter.env_var or () if name in os.environ), None)


def _source(argument: Argument) -> tuple[str, str] | None:
    sources = [token.source for token in argument.tokens[:1]]
    if sources and sources[0] in ("cli", ""):
        return "flag", argument.name
    if variable := _variable(argument):
        return "environment", variable
    return ("file", sources[0]) if sources else None
