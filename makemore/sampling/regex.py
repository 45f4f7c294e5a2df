r"""A stated subset of Python's regular expressions: the positions of a pattern, and which can follow which.

Python's own `re` checks the syntax and says what a class holds; the rest is our own, as no library fits: greenery,
interegular and automata-lib read another syntax than Python's (`\w` in ASCII, `+?` as `+`, no `[]a]`), and
neither they nor automaton-lib can be kept from filling the memory with (a|b)*a(a|b){30}.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

LARGEST = 10_000
"""Positions of a pattern, and states of its automaton."""
SUBSET = r"characters, \. and the like, ., [a-z], [^a-z], \d, \w, \s, (...), (?:...), |, *, +, ?, {m} and {m,n}"
"""What a pattern is made of."""

_MOST_WORK = 2**20  # Positions that are looked at: about a second.
_ESCAPE = r"\\(?:[^0-9A-Za-z]|[dDsSwW])"
_ATOM = re.compile(rf"{_ESCAPE}|\[\^?(?:{_ESCAPE}|[^\\])+?\]|[^\\^$*+?{{\[()|]", re.DOTALL)
_GROUP = re.compile(r"\((?:\?:|(?!\?))")
_REPEAT = re.compile(r"[*+?]|\{(?!\})(?P<low>[0-9]*)(?P<comma>,?)(?P<high>[0-9]*)\}")
_END = re.compile(r"\$(?=\||\Z)")
_CONSTRUCT = re.compile(r"\(\?(?:P?[<=!>#(])?|\\.|.", re.DOTALL)
_NAMES = {
    "(?=": "a look-ahead",
    "(?!": "a look-ahead",
    "(?<": "a look-behind",
    "(?P<": "a named group",
    "(?P=": "a reference to a group",
    "(?>": "an atomic group",
    "(?#": "a comment",
    "(?(": "a condition",
    "(?": "a flag",
    "^": "an anchor elsewhere than at the start",
    "$": "an anchor elsewhere than at the end",
    "{": r"no number of repeats (the character itself is \{)",
    "[": "a class with an escape of another kind",
}


class Part(NamedTuple):
    """Part of a pattern by the positions that it begins and ends with, each set of them the bits of a number."""

    first: int
    """Bit 0 says that the part may be empty."""
    last: int


class Positions:
    """The characters of a pattern, repeats written out, and which can follow which (Glushkov 1961).

    Position 0 is the end of the text. A repeat is written out by copies of its positions, which lie side by side: a
    shift of their bits makes a copy.

    Raises:
        ValueError: it is no pattern, not one of the subset, or too large.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at, self.work = pattern, 0, 0
        self.atoms = [""]
        """How the characters of each position are written."""
        self.follow = [0]
        """Positions that can follow each position."""
        try:
            _check_syntax(pattern)
            whole = self._alternatives(depth=0)
        except RecursionError as error:
            raise ValueError(f"--pattern {_quoted(pattern)}: its groups are nested too deep.") from error
        self._link(whole.last, 1)
        self.first = whole.first
        """Positions that a text can begin with."""

    def following(self, positions: int) -> int:
        """Positions that can follow one of these.

        Raises:
            ValueError: there was too much to look at.
        """
        union = 0
        for position in self._each(positions):
            union |= self.follow[position]
        return union

    def too_large(self) -> ValueError:
        """The error that says so."""
        return _too_large(self.pattern)

    def _each(self, positions: int) -> Iterator[int]:
        self.work += positions.bit_count()
        if self.work > _MOST_WORK:
            raise self.too_large()
        while positions:
            lowest = positions & -positions
            positions ^= lowest
            yield lowest.bit_length() - 1

    def _link(self, lasts: int, firsts: int) -> None:
        for position in self._each(lasts):
            self.follow[position] |= firsts

    def _alternatives(self, depth: int) -> Part:
        part = self._sequence(depth)
        while self.pattern.startswith("|", self.at):
            self.at += 1
            other = self._sequence(depth)
            part = Part(part.first | other.first, part.last | other.last)
        return part

    def _sequence(self, depth: int) -> Part:
        part = Part(1, 0)
        if depth == 0 and self.pattern.startswith("^", self.at):
            self.at += 1
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            if depth == 0 and _END.match(self.pattern, self.at):
                self.at += 1
                continue
            other = self._repeated(depth)
            self._link(part.last, other.first & ~1)
            first = part.first & ~1 | other.first if part.first & 1 else part.first
            part = Part(first, other.last | part.last if other.first & 1 else other.last)
        return part

    def _repeated(self, depth: int) -> Part:
        start, part = len(self.follow), self._group(depth)
        repeat = _REPEAT.match(self.pattern, self.at)
        if not repeat:
            return part
        self.at = repeat.end()
        if self.pattern.startswith(("?", "+"), self.at):
            kind = "a lazy repeat" if self.pattern[self.at] == "?" else "a possessive repeat"
            self._refuse(repeat.start(), repeat[0] + self.pattern[self.at], kind)
        if repeat[0] in "*+?":
            return self._copies(part, start, int(repeat[0] == "+"), 1 if repeat[0] == "?" else None)
        low, high = int(repeat["low"] or 0), int(repeat["high"]) if repeat["high"] else None
        return self._copies(part, start, low, high if repeat["comma"] else low)

    def _group(self, depth: int) -> Part:
        group = _GROUP.match(self.pattern, self.at)
        if not group:
            return self._atom()
        self.at = group.end()
        part = self._alternatives(depth + 1)
        self.at += 1
        return part

    def _atom(self) -> Part:
        atom = _ATOM.match(self.pattern, self.at)
        if not atom:
            construct = next(_CONSTRUCT.finditer(self.pattern, self.at))[0]
            self._refuse(self.at, construct, _NAMES.get(construct, "an escape of another kind"))
        self.at = atom.end()
        self._make_room(1)
        self.atoms.append(atom[0])
        self.follow.append(0)
        return Part(1 << len(self.follow) - 1, 1 << len(self.follow) - 1)

    def _copies(self, part: Part, start: int, low: int, high: int | None) -> Part:
        """The part, which has the positions from `start` on, `low` to `high` times."""
        if high == 0:
            del self.atoms[start:], self.follow[start:]
        size = len(self.follow) - start
        if not size:
            return Part(1, 0)
        # Of a part that may be empty, fewer copies that are not will do.
        low = 0 if part.first & 1 else low
        first, last, count = part.first & ~1, part.last, max(low, 1) if high is None else high
        self._make_room(size * (count - 1))
        atoms, follow, lasts = self.atoms[start:], self.follow[start:], 0
        for copy in range(count):
            if copy:
                self.atoms += atoms
                self.follow += [positions << size * copy for positions in follow]
                self._link(last << size * (copy - 1), first << size * copy)
            if copy + 1 >= low:
                lasts |= last << size * copy
        if high is None:
            self._link(last << size * (count - 1), first << size * (count - 1))
        return Part(first | (low == 0), lasts)

    def _make_room(self, positions: int) -> None:
        if len(self.follow) - 1 + positions > LARGEST:
            raise self.too_large()

    def _refuse(self, at: int, construct: str, name: str) -> NoReturn:
        raise ValueError(
            f"--pattern {_quoted(self.pattern)}: {_quoted(construct)} at character {at + 1} is {name}. "
            f"A pattern is made of {SUBSET}."
        )


def _check_syntax(pattern: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern)
    except re.error as error:
        at = "" if error.pos is None else f" at character {error.pos + 1}"
        raise ValueError(f"--pattern {_quoted(pattern)}: {error.msg}{at}. A pattern is made of {SUBSET}.") from error
    except FutureWarning as error:
        said = str(error).partition(" at position")[0].lower()
        raise ValueError(rf"--pattern {_quoted(pattern)}: {said}; write \ before what is a character.") from error
    except (OverflowError, ValueError) as error:  # A number of repeats that is no number for Python.
        raise _too_large(pattern) from error


def _too_large(pattern: str) -> ValueError:
    return ValueError(
        f"--pattern {_quoted(pattern)} comes to more than {LARGEST:,} states: repeat less often, or put less between "
        "a * and what must come after it."
    )


def _quoted(text: str) -> str:
    r"""The text in quotes, shortened; unlike repr's, a \ in it stays one."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...").replace(r"\\", "\\")
