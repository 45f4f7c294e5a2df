"""The alphabet of a body of names: its characters and their ids, '.' being id 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

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
        ids = self.ids(codes)
        if (ids == len(self)).any() or np.count_nonzero(ids == 0) != len(names) + bool(names):
            self._refuse(names)
        return ids.astype(self.dtype)

    def ids(self, codes: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.int64]:
        """Ids of code points (N,); V of those that are not in the vocab."""
        return np.asarray(self._ids_by_code_point[np.minimum(codes, len(self._ids_by_code_point) - 1)])

    def encode(self, name: str) -> list[int]:
        """Ids of one name, without its ends.

        Raises:
            ValueError: the name holds '.' or a character that is not in the vocab.
        """
        if END in name or not self.stoi.keys() >= set(name):
            self._refuse([name])
        return [self.stoi[ch] for ch in name]

    def reject_reasons(self, names: pl.Series) -> pl.Series:
        """Why each name cannot be spelled, by its first character that is not in the vocab; null where it can be."""
        text, ends = "".join(names), names.str.len_chars().cast(pl.Int64).cum_sum().to_numpy()
        strange = np.flatnonzero(self.ids(code_points(text)) == len(self))
        which, first = np.unique(np.searchsorted(ends, strange, side="right"), return_index=True)
        told: list[str | None] = [None] * len(names)
        for name, at in zip(which.tolist(), strange[first].tolist(), strict=True):
            told[name] = self.lacking(text[at])
        return pl.Series("reject_reason", told, dtype=pl.String)

    def decode(self, ids: npt.NDArray[np.integer]) -> pl.Series:
        """Names of the rows of `ids` (B, T), each padded with 0."""
        named = ids != 0
        flat = ids[named]
        # UTF-8 in one piece and where each name ends in it is how Arrow lays out text: no loop over names.
        text = self._code_points[flat].tobytes().decode("utf-32-le").encode()
        offsets = np.concatenate([[0], named.sum(axis=1).cumsum()])
        if len(text) > len(flat):
            offsets = np.concatenate([[0], self._utf8_sizes[flat].cumsum()])[offsets]
        buffers = pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(text)
        return pl.Series("name", pa.LargeStringArray.from_buffers(len(ids), *buffers))

    @cached_property
    def _code_points(self) -> npt.NDArray[np.uint32]:
        return np.array([ord(ch) for ch in self.chars], dtype=np.uint32)

    @cached_property
    def _utf8_sizes(self) -> npt.NDArray[np.int64]:
        return np.array([len(ch.encode()) for ch in self.chars])

    @cached_property
    def _ids_by_code_point(self) -> npt.NDArray[np.int64]:
        table = np.full(int(self._code_points.max()) + 2, len(self))
        table[self._code_points] = np.arange(len(self))
        return table

    def _refuse(self, names: Sequence[str]) -> None:
        for name in names:
            for ch in name:
                if ch == END:
                    raise ValueError(f"{name!r} holds '.', which marks the start and the end of a name. Take it out.")
                if ch not in self.stoi:
                    raise ValueError(
                        f"{name!r} {self.lacking(ch)}. Ingest the list that it comes from, then train again."
                    )

    def lacking(self, ch: str) -> str:
        """What is wrong with a text that has a character which is not in the vocab."""
        return f"has {ch!r}, which is not among the {len(self)} characters of this vocab"


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Code points of a text, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
