"""Kneser-Ney n-grams as a finite automaton: each seen context is a state."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from makemore.errors import InvalidOption
from makemore.models import ModelConfig
from makemore.models._count_model import CountModel
from makemore.vocab import Floats, Ints

MAX_TABLE_SIZE = 2**28
"""Elements of a table of states by characters: 1 GB for each of the two tables."""


@dataclass(frozen=True)
class Config(ModelConfig):
    """Settings of the n-grams: those of their relations."""

    order: int = 6  # longest n-gram, in characters: one more than the longest context
    min_count: int = 1  # minimum count of n-grams of order 3 or more; 1 keeps all

    def __post_init__(self) -> None:
        if not 2 <= self.order <= 8:
            raise self.invalid("order", "use 2 to 8")
        self.require(1, "min_count")


@dataclass(frozen=True)
class NGrams:
    """S contexts, which are the states, and G n-grams with a probability of their own.

    State 0 is '.', the start of a name; the others are sorted by depth. For each context but the empty one, the
    context without its first character and the one without its last are states too.
    """

    vocab_size: int  # characters, '.' included: V
    depth: Ints  # characters of each context (S,): 0 for the empty one, 1 for state 0
    shorter: Ints  # state of the context without its first character (S,); the empty context is its own
    before: Ints  # state of the context without its last character (S,)
    last: Ints  # last character of each context (S,); 0 only for the empty context and state 0
    backoff: Floats  # probability mass that a context leaves to the shorter one (S,)
    state: Ints  # context of each n-gram (G,)
    next: Ints  # last character of each n-gram (G,)
    prob: Floats  # probability of that character in the context (G,)


class Model(CountModel):
    """Interpolated modified Kneser-Ney (Chen and Goodman 1999, section 3), precomputed for each state.

    The next state is the longest known context that is a suffix of the text so far: the goto function of Aho and
    Corasick (1975). A step is two look-ups, whatever the order. Logits are log-probabilities.
    """

    tensor_names = ("log_probs", "next")
    log_probs: npt.NDArray[np.float32]
    next: npt.NDArray[np.int32]

    def __init__(self, vocab_size: int, config: Config) -> None:
        self.config = config
        self.log_probs = np.zeros((1, vocab_size), dtype=np.float32)
        self.next = np.zeros((1, vocab_size), dtype=np.int32)

    @classmethod
    def from_ngrams(cls, ngrams: NGrams, config: Config) -> Self:
        """Build the model; raise InvalidOption if its tables would be too large."""
        if (states := len(ngrams.depth)) * ngrams.vocab_size > MAX_TABLE_SIZE:
            raise InvalidOption(
                f"ngram: {states:,} contexts x {ngrams.vocab_size:,} characters exceed {MAX_TABLE_SIZE:,} parameters",
                f"run `makemore build --min-count {config.min_count + 1}` or use a lower --order",
            )
        model = cls(ngrams.vocab_size, config)
        model.log_probs, model.next = np.log(_probs(ngrams)), _next(ngrams)
        return model

    def transitions(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        return self.log_probs, self.next


def _probs(ngrams: NGrams) -> npt.NDArray[np.float32]:
    """Probabilities (S, V): those of the shorter context times the backoff, replaced where an n-gram has its own."""
    probs = np.full((len(ngrams.depth), ngrams.vocab_size), 1 / ngrams.vocab_size, dtype=np.float32)
    depths = ngrams.depth[ngrams.state]
    for depth in range(ngrams.depth.max() + 1):
        at, own = ngrams.depth == depth, depths == depth
        probs[at] = probs[ngrams.shorter[at]] * ngrams.backoff[at, None].astype(np.float32)
        probs[ngrams.state[own], ngrams.next[own]] = ngrams.prob[own]
    return probs


def _next(ngrams: NGrams) -> npt.NDArray[np.int32]:
    """Next states (S, V): those of the shorter context, replaced where a longer context exists."""
    [empty] = np.flatnonzero(ngrams.depth == 0)
    states = np.full((len(ngrams.depth), ngrams.vocab_size), empty, dtype=np.int32)
    for depth in range(ngrams.depth.max() + 1):
        at, longer = ngrams.depth == depth, np.flatnonzero(ngrams.depth == depth + 1)
        states[at] = states[ngrams.shorter[at]]
        states[ngrams.before[longer], ngrams.last[longer]] = longer
    states[:, 0] = 0
    return states
