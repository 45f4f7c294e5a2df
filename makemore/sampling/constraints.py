"""What a wanted name must look like: its start, its end, what it holds and what not, as one finite automaton."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from makemore.errors import UnsatisfiableRequest
from makemore.sampling import dfa
from makemore.sampling.regex import Positions
from makemore.vocab import END, Vocab

LARGEST_TABLE = 2**26
"""States by characters of a vocab: 256 MB."""


@dataclass(frozen=True)
class Dfa:
    """K states, as few as can be: each can be reached and leads to an end. State 0 is the start; of no text K is 0."""

    next: npt.NDArray[np.int32]
    """State after each character id, (K, V); -1 where nothing can follow any more, as after id 0, the end."""
    accepts: npt.NDArray[np.bool_]
    """Whether a name may end in each state, (K,)."""


def constraint(
    vocab: Vocab,
    *,
    prefix: str = "",
    suffix: str = "",
    contains: str = "",
    pattern: str | None = None,
    ban: Sequence[str] = (),
) -> Dfa:
    """The texts that start with `prefix`, end with `suffix`, hold `contains`, match `pattern` and hold none of `ban`.

    These may overlap: 'anna' starts with 'an' and holds 'nn'. A pattern matches as a whole, as `re.fullmatch` has it;
    `sampling.regex.SUBSET` says what it is made of. Characters of it that the vocab does not have match nothing.

    Raises:
        UnsatisfiableRequest: `prefix`, `suffix` or `contains` has a character that is not in the vocab.
        ValueError: `pattern` is not of the subset, something of `ban` is empty, or the automaton would be too large.
    """
    first, *others = map(dfa.smallest, _parts(vocab, prefix, suffix, contains, pattern, ban))
    table = reduce(lambda one, other: dfa.smallest(dfa.both(one, other)), others, first)
    if len(table.next) * len(vocab) > LARGEST_TABLE:
        raise ValueError(
            f"what is asked of names comes to {len(table.next):,} states of {len(vocab):,} characters, which are more "
            f"than {LARGEST_TABLE:,} numbers: ask for less at once."
        )
    return Dfa(table.next[:, table.classes], table.accepts)


def _parts(
    vocab: Vocab, prefix: str, suffix: str, contains: str, pattern: str | None, ban: Sequence[str]
) -> list[dfa.Table]:
    """The automaton of each part that is asked for, the largest ones last; where nothing is, that of any text."""
    parts = []
    if prefix:
        parts.append(dfa.starting(_ids(vocab, "--prefix", prefix), len(vocab)))
    if suffix:
        parts.append(dfa.ending([_ids(vocab, "--suffix", suffix)], len(vocab)))
    if contains:
        parts.append(dfa.containing(_ids(vocab, "--contains", contains), len(vocab)))
    if pattern is not None:
        parts.append(dfa.matching(Positions(pattern), vocab))
    if "" in ban:
        raise ValueError("--ban '' is in every name: use a character or more.")
    banned = [vocab.encode(text) for text in ban if END not in text and vocab.stoi.keys() >= set(text)]
    if banned or not parts:
        parts.append(dfa.without(banned, len(vocab)))
    return parts


def _ids(vocab: Vocab, option: str, text: str) -> list[int]:
    for ch in text:
        if ch == END:
            raise UnsatisfiableRequest(
                f"{option} {text!r} has '.', which marks the end of a name: no such name exists."
            )
        if ch not in vocab.stoi:
            raise UnsatisfiableRequest(f"{option} {text!r} {vocab.lacking(ch)}: no such name exists.")
    return vocab.encode(text)
