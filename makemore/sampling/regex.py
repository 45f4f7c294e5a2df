r"""Parser of a subset of Python's regular expressions.

Python's own `re` checks the syntax and evaluates the classes. No library fits: greenery, interegular and automata-lib
read another syntax (`\w` in ASCII, `+?` as `+`, no `[]a]`), and neither they nor automaton-lib limit the memory that
(a|b)*a(a|b){30} takes.
"""

import re
import warnings
from typing import NoReturn

from makemore.errors import InvalidOption
from makemore.sampling.positions import EMPTY, Part, Positions, quoted

SYNTAX = r"characters, \. and the like, ., [a-z], [^a-z], \d, \w, \s, (...), (?:...), |, *, +, ?, {m} and {m,n}"

_ESCAPE = r"\\(?:[^0-9A-Za-z]|[dDsSwW])"
_ATOM = re.compile(rf"{_ESCAPE}|\[\^?(?:{_ESCAPE}|[^\\])+?\]|[^\\^$*+?{{\[()|]", re.DOTALL)
_GROUP = re.compile(r"\((?:\?:|(?!\?))")
_REPEAT = re.compile(r"[*+?]|\{(?!\})(?P<low>[0-9]*)(?P<comma>,?)(?P<high>[0-9]*)\}")
_END = re.compile(r"\$(?=\||\Z)")
_CONSTRUCT = re.compile(r"\(\?(?:P?[<=!>#(])?|\\.|.", re.DOTALL)


def parse(pattern: str) -> Positions:
    """Return the positions of a pattern; raise InvalidOption if it is invalid, unsupported or too large."""
    parser = _Parser(pattern)
    try:
        _check_syntax(parser.positions)
        part = parser.alternatives(depth=0)
    except RecursionError as error:
        raise InvalidOption(f"--pattern {quoted(pattern)}: groups are nested too deep") from error
    parser.positions.link(part.last, 1)
    parser.positions.first = part.first
    return parser.positions


class _Parser:
    """Recursive descent over a pattern that Python accepts; `at` is the index of the next character."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at, self.positions = pattern, 0, Positions(pattern)

    def alternatives(self, depth: int) -> Part:
        part = self._sequence(depth)
        while self.pattern.startswith("|", self.at):
            self.at += 1
            other = self._sequence(depth)
            part = Part(part.first | other.first, part.last | other.last)
        return part

    def _sequence(self, depth: int) -> Part:
        part = EMPTY
        if depth == 0 and self.pattern.startswith("^", self.at):
            self.at += 1
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            if depth == 0 and _END.match(self.pattern, self.at):
                self.at += 1
                continue
            part = self.positions.concatenate(part, self._repeated(depth))
        return part

    def _repeated(self, depth: int) -> Part:
        start, part = len(self.positions.follow), self._atom_or_group(depth)
        repeat = _REPEAT.match(self.pattern, self.at)
        if not repeat:
            return part
        self.at = repeat.end()
        if self.pattern.startswith(("?", "+"), self.at):
            self._reject(repeat.start(), repeat[0] + self.pattern[self.at])
        if repeat[0] in "*+?":
            return self.positions.repeat(part, start, int(repeat[0] == "+"), 1 if repeat[0] == "?" else None)
        low, high = int(repeat["low"] or 0), int(repeat["high"]) if repeat["high"] else None
        return self.positions.repeat(part, start, low, high if repeat["comma"] else low)

    def _atom_or_group(self, depth: int) -> Part:
        if group := _GROUP.match(self.pattern, self.at):
            self.at = group.end()
            part = self.alternatives(depth + 1)
            self.at += 1
            return part
        atom = _ATOM.match(self.pattern, self.at)
        if not atom:
            self._reject(self.at, next(_CONSTRUCT.finditer(self.pattern, self.at))[0])
        self.at = atom.end()
        return self.positions.atom(atom[0])

    def _reject(self, at: int, construct: str) -> NoReturn:
        message = f"--pattern {quoted(self.pattern)}: {quoted(construct)} at character {at + 1} is not supported"
        raise InvalidOption(message, f"use {SYNTAX}")


def _check_syntax(positions: Positions) -> None:
    pattern = positions.pattern
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern)
    except re.error as error:
        at = "" if error.pos is None else f" at character {error.pos + 1}"
        raise InvalidOption(f"--pattern {quoted(pattern)}: {error.msg}{at}", f"use {SYNTAX}") from error
    except FutureWarning as error:
        message = str(error).partition(" at position")[0].lower()
        raise InvalidOption(f"--pattern {quoted(pattern)}: {message}", "escape it with a backslash") from error
    except (OverflowError, ValueError) as error:  # Python rejects the number of repeats.
        raise positions.too_large() from error
