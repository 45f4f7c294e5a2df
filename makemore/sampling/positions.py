"""Positions of a pattern: its characters with repeats expanded, and the positions that can follow each."""

from collections.abc import Iterator
from typing import NamedTuple

from makemore.errors import InvalidOption

MAX_STATES = 10_000
"""Limit of the positions of a pattern and of the states of its automaton."""
MAX_VISITS = 1 << 20
"""Limit of the positions visited for one pattern: about a second."""


class Part(NamedTuple):
    """First and last positions of a part of a pattern as bits; bit 0 of `first` is set if it matches the empty text."""

    first: int
    last: int


EMPTY = Part(1, 0)


class Positions:
    """Position automaton (Glushkov 1961), built part by part; position 0 is the end of the text.

    A repeat copies the positions of its part. The copies are adjacent, so a bit shift maps one to the next.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern, self.visits = pattern, 0
        self.atoms = [""]  # text of the atom at each position
        self.follow = [0]  # set of the successors of each position
        self.first = 0  # set of the positions that a text can start with

    def following(self, positions: int) -> int:
        """Return the union of the successors."""
        union = 0
        for position in self._each(positions):
            union |= self.follow[position]
        return union

    def atom(self, text: str) -> Part:
        """Add the position of an atom."""
        self._reserve(1)
        self.atoms.append(text)
        self.follow.append(0)
        return Part(1 << len(self.follow) - 1, 1 << len(self.follow) - 1)

    def concatenate(self, part: Part, other: Part) -> Part:
        """Return the part that matches one part, then the other."""
        self.link(part.last, other.first & ~1)
        first = part.first & ~1 | other.first if part.first & 1 else part.first
        return Part(first, other.last | part.last if other.first & 1 else other.last)

    def repeat(self, part: Part, start: int, low: int, high: int | None) -> Part:
        """Repeat a part, whose positions begin at `start`, `low` to `high` times."""
        if high == 0:
            del self.atoms[start:], self.follow[start:]
        size = len(self.follow) - start
        if not size:
            return EMPTY
        # A part that matches the empty text needs no minimum.
        low = 0 if part.first & 1 else low
        first, last, count = part.first & ~1, part.last, max(low, 1) if high is None else high
        self._reserve(size * (count - 1))
        atoms, follow, lasts = self.atoms[start:], self.follow[start:], 0
        for copy in range(count):
            if copy:
                self.atoms += atoms
                self.follow += [positions << size * copy for positions in follow]
                self.link(last << size * (copy - 1), first << size * copy)
            if copy + 1 >= low:
                lasts |= last << size * copy
        if high is None:
            self.link(last << size * (count - 1), first << size * (count - 1))
        return Part(first | (low == 0), lasts)

    def link(self, lasts: int, firsts: int) -> None:
        """Let each of `firsts` follow each of `lasts`."""
        for position in self._each(lasts):
            self.follow[position] |= firsts

    def too_large(self) -> InvalidOption:
        """Return the error of a pattern that exceeds a limit."""
        hint = "use smaller numbers of repeats, or a simpler part after a *"
        return InvalidOption(f"--pattern {quoted(self.pattern)} has more than {MAX_STATES:,} states", hint)

    def _each(self, positions: int) -> Iterator[int]:
        self.visits += positions.bit_count()
        if self.visits > MAX_VISITS:
            raise self.too_large()
        while positions:
            lowest = positions & -positions
            positions ^= lowest
            yield lowest.bit_length() - 1

    def _reserve(self, positions: int) -> None:
        if len(self.follow) - 1 + positions > MAX_STATES:
            raise self.too_large()


def quoted(text: str) -> str:
    r"""Quote a text and shorten it to 60 characters; unlike `repr`, keep a \ as it is."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...").replace(r"\\", "\\")
