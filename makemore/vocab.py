"""The alphabet of a body of names: its characters and their ids, '.' being id 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

END = "."
"""Start and end of every name."""

Ids = npt.NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class Vocab:
    """Characters and their ids: `chars[ix]` is the character of `ix`; `chars[0]` is '.'."""

    chars: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.chars[:1] != (END,) or len(set(self.chars)) != len(self.chars):
            raise ValueError(f"a vocab starts with '.' and holds each character once, this one is {self.chars!r}")

    def __len__(self) -> int:
        return len(self.chars)

    @classmethod
    def of(cls, names: Iterable[str]) -> Vocab:
        """The vocab of these names: '.', then their characters in code-point order."""
        return cls((END, *sorted(set().union(*names))))

    @cached_property
    def itos(self) -> dict[int, str]:
        """Characters by id, as the lecture names it."""
        return dict(enumerate(self.chars))

    @cached_property
    def stoi(self) -> dict[str, int]:
        """Ids by character, as the lecture names it."""
        return {ch: ix for ix, ch in enumerate(self.chars)}

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest unsigned type that holds every id."""
        return np.min_scalar_type(len(self) - 1)

    def stream(self, names: Sequence[str]) -> Ids:
        """Ids of all names in one row, '.' before, between and after them: shape (sum of lengths + n + 1,).

        Since '.' is both start and end, neighbours in this row are the bigrams of the names, no more and
        no fewer: `xs = stream[:-1]`, `ys = stream[1:]`.

        Raises:
            ValueError: a name holds '.' or a character that is not in the vocab.
        """
        codes = code_points(f".{'.'.join(names)}." if names else "")
        ids = self._ids_by_code_point[np.minimum(codes, len(self._ids_by_code_point) - 1)]
        if (ids == len(self)).any() or np.count_nonzero(ids == 0) != len(names) + bool(names):
            self._refuse(names)
        return ids.astype(self.dtype)

    def encode(self, name: str) -> list[int]:
        """Ids of one name, without its ends.

        Raises:
            ValueError: the name holds '.' or a character that is not in the vocab.
        """
        if END in name or not self.stoi.keys() >= set(name):
            self._refuse([name])
        return [self.stoi[ch] for ch in name]

    def decode(self, ids: npt.NDArray[np.integer]) -> list[str]:
        """Names of the rows of `ids` (B, T): each row is read up to its first 0, or to its end."""
        ended = np.logical_or.accumulate(ids == 0, axis=1)
        codes = np.zeros((len(ids), ids.shape[1] + 1), dtype="<u4")
        codes[:, :-1] = np.where(ended, 0, self._code_points[ids])
        # A row of code points padded with NUL is how numpy lays out a string: no loop over names.
        return [str(name) for name in codes.view(f"<U{codes.shape[1]}")[:, 0].tolist()]

    @cached_property
    def _code_points(self) -> npt.NDArray[np.uint32]:
        return np.array([ord(ch) for ch in self.chars], dtype=np.uint32)

    @cached_property
    def _ids_by_code_point(self) -> npt.NDArray[np.uint32]:
        table = np.full(int(self._code_points.max()) + 2, len(self), dtype=np.uint32)
        table[self._code_points] = np.arange(len(self), dtype=np.uint32)
        return table

    def _refuse(self, names: Sequence[str]) -> None:
        for name in names:
            for ch in name:
                if ch == END:
                    raise ValueError(f"{name!r} holds '.', which marks the start and the end of a name. Take it out.")
                if ch not in self.stoi:
                    raise ValueError(
                        f"{name!r} has {ch!r}, which is not among the {len(self)} characters of this vocab. "
                        "Ingest the list that it comes from, then train again."
                    )


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Code points of a text, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
