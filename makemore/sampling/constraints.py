"""Constraints on names: a finite automaton of their text, a range of lengths and excluded names."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from makemore.errors import InvalidOption, UnsatisfiableRequest
from makemore.sampling.dfa import Dfa, check_size, excludes, intersect, matches
from makemore.sampling.minimisation import minimise
from makemore.sampling.regex import parse
from makemore.sampling.trie import Trie
from makemore.vocab import END, Vocab

MAX_DFA_SIZE = 1 << 26
"""Limit of states times characters of the vocab: 256 MB."""


@dataclass(frozen=True)
class Constraints:
    """The constraints that each name satisfies."""

    text: Dfa  # from `text_dfa`
    min_length: int = 1  # characters, 1 or more
    max_length: int | None = None
    excluded: Trie | None = None

    @property
    def is_unconstrained(self) -> bool:
        """Whether every non-empty name satisfies them."""
        is_bounded = self.min_length > 1 or self.max_length is not None
        return not is_bounded and self.excluded is None and self.text.accepts_any_text

    def allow_length(self, length: int) -> bool:
        """Whether a name may have this many characters."""
        return length >= max(1, self.min_length) and (self.max_length is None or length <= self.max_length)


def text_dfa(vocab: Vocab, **options: Any) -> Dfa:
    """Return the minimal DFA of the texts that satisfy all options in `AUTOMATA`; empty values do not constrain.

    Its classes are the character ids. It has no states if no text satisfies the options. Constraints may overlap:
    'anna' has prefix 'an' and contains 'nn'. A pattern matches the whole text, as `re.fullmatch` does.

    Raise UnsatisfiableRequest if prefix, suffix or contains has a character that is not in the vocab, InvalidOption if
    an option is invalid or the DFA would be too large.
    """
    parts = [automaton(vocab, options[name]) for name, automaton in AUTOMATA.items() if options.get(name)]
    first, *others = map(minimise, parts or [excludes([], len(vocab))])
    dfa = reduce(lambda one, other: minimise(intersect(one, other)), others, first)
    check_size(len(dfa.next), len(vocab), MAX_DFA_SIZE)
    return Dfa(np.arange(len(vocab)), dfa.next[:, dfa.classes], dfa.accepts)


def _pattern(vocab: Vocab, pattern: str) -> Dfa:
    return matches(parse(pattern), vocab)


def _literal(vocab: Vocab, option: str, text: str) -> str:
    for ch in text:
        if ch == END:
            raise UnsatisfiableRequest(f"{option} {text!r} contains '.', which marks the end of a name")
        if ch not in vocab.stoi:
            raise UnsatisfiableRequest(f"{option} {text!r} {vocab.reject_reason(ch)}")
    return re.escape(text)


def _excludes(vocab: Vocab, texts: Sequence[str]) -> Dfa:
    if "" in texts:
        raise InvalidOption("--ban '' is contained in every name", "use one character or more")
    # No name contains a text that the vocab cannot spell.
    return excludes([vocab.encode(text) for text in texts if vocab.stoi.keys() - END >= set(text)], len(vocab))


AUTOMATA: dict[str, Callable[[Vocab, Any], Dfa]] = {
    "prefix": lambda vocab, text: _pattern(vocab, f"{_literal(vocab, '--prefix', text)}.*"),
    "suffix": lambda vocab, text: _pattern(vocab, f".*{_literal(vocab, '--suffix', text)}"),
    "contains": lambda vocab, text: _pattern(vocab, f".*{_literal(vocab, '--contains', text)}.*"),
    "pattern": _pattern,
    "ban": _excludes,
}
"""The DFA of each option of `SampleOptions` that constrains the text of a name."""
