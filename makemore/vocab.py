"""The vocab of a list of names: its characters and their ids, '.' being id 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from makemore.errors import InvalidInput

END = "."
"""Start and end of every name."""

Ids = npt.NDArray[np.unsignedinteger]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Vocab:
    """Characters by id: `chars[0]` is '.'."""

    chars: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.chars[:1] != (END,) or len(set(self.chars)) != len(self.chars):
            raise InvalidInput(f"a vocab starts with '.' and contains each character once, not {self.chars!r}")

    def __len__(self) -> int:
        return len(self.chars)

    @classmethod
    def of(cls, names: Iterable[str]) -> Vocab:
        """Build the vocab of these names: '.', then their characters in code-point order."""
        return cls((END, *sorted(set().union(*names))))

    @cached_property
    def itos(self) -> dict[int, str]:
        """Characters by id, named as in the lecture."""
        return dict(enumerate(self.chars))

    @cached_property
    def stoi(self) -> dict[str, int]:
        """Ids by character, named as in the lecture."""
        return {ch: ix for ix, ch in enumerate(self.chars)}

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest unsigned type for every id."""
        return np.min_scalar_type(len(self) - 1)

    def stream(self, names: Sequence[str]) -> Ids:
        """Ids of all names in one array, '.' before, between and after them: (sum of lengths + n + 1,).

        Neighbours in the stream are the bigrams of the names: `xs = stream[:-1]`, `ys = stream[1:]`.

        Raises:
            InvalidInput: a name contains '.' or a character that is not in the vocab.
        """
        codes = code_points(f".{'.'.join(names)}." if names else "")
        ids = self.ids(codes)
        if (ids == len(self)).any() or np.count_nonzero(ids == 0) != len(names) + bool(names):
            self._check(names)
        return ids.astype(self.dtype)

    def ids(self, codes: npt.NDArray[np.unsignedinteger]) -> Ints:
        """Ids of code points (N,); V for those that are not in the vocab."""
        return np.asarray(self._ids_by_code_point[np.minimum(codes, len(self._ids_by_code_point) - 1)])

    def encode(self, name: str) -> list[int]:
        """Ids of one name, without '.'.

        Raises:
            InvalidInput: the name contains '.' or a character that is not in the vocab.
        """
        self._check([name])
        return [self.stoi[ch] for ch in name]

    def reject_reasons(self, names: pl.Series) -> pl.Series:
        """Reject reason of each name, with its first character outside the vocab; null for valid names."""
        text, ends = "".join(names), names.str.len_chars().cast(pl.Int64).cum_sum().to_numpy()
        unknown = np.flatnonzero(self.ids(code_points(text)) == len(self))
        which, first = np.unique(np.searchsorted(ends, unknown, side="right"), return_index=True)
        reasons: list[str | None] = [None] * len(names)
        for name, at in zip(which.tolist(), unknown[first].tolist(), strict=True):
            reasons[name] = self.reject_reason(text[at])
        return pl.Series("reject_reason", reasons, dtype=pl.String)

    def decode(self, ids: npt.NDArray[np.integer]) -> pl.Series:
        """Names of the rows of `ids` (B, T), each padded with 0."""
        # One text with '.' before each name: no loop over names.
        padded = np.pad(ids, ((0, 0), (1, 0)))
        is_kept = padded != 0
        is_kept[:, 0] = True
        text = self._code_points[padded[is_kept]].tobytes().decode("utf-32-le")
        return pl.Series("name", text.split(END)[1:], dtype=pl.String)

    def reject_reason(self, ch: str) -> str:
        """Reject reason of a text with a character that is not in the vocab."""
        return f"contains {ch!r}, which is not in this vocab of {len(self)} characters"

    @cached_property
    def _code_points(self) -> npt.NDArray[np.uint32]:
        return np.array([ord(ch) for ch in self.chars], dtype=np.uint32)

    @cached_property
    def _ids_by_code_point(self) -> Ints:
        table = np.full(int(self._code_points.max()) + 2, len(self))
        table[self._code_points] = np.arange(len(self))
        return table

    def _check(self, names: Iterable[str]) -> None:
        for name in names:
            for ch in name:
                if ch == END:
                    raise InvalidInput(f"{name!r} contains '.', which marks the start and the end of a name")
                if ch not in self.stoi:
                    message = f"{name!r} {self.reject_reason(ch)}"
                    raise InvalidInput(message, "ingest a list that contains it, then train")


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Code points of a text (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
