"""Kneser-Ney n-grams as a finite automaton: each context that was seen is a state, each character leads to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from makemore.models import at_least

LARGEST_TABLE = 2**28
"""Numbers of a table of states and characters: 1 GB of each of the two."""

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Config:
    """Settings of the n-grams: those that their relations were built with."""

    order: int = 6
    """Longest n-gram, in characters: one more than the longest context."""
    min_count: int = 1
    """How often an n-gram of order 3 or more occurs at least; 1 keeps all."""

    def __post_init__(self) -> None:
        if not 2 <= self.order <= 8:
            raise ValueError(f"ngram.order={self.order}: use 2 to 8.")
        at_least("ngram", 1, min_count=self.min_count)


@dataclass(frozen=True)
class Grams:
    """The n-grams of a list: S contexts, the states, ordered by `depth` but for state 0, the start of a name.

    Each context but the empty one comes with two that are one character shorter: without its first character and
    without its last one. G n-grams have a probability of their own.
    """

    vocab_size: int
    """Characters, '.' included: V."""
    depth: Ids
    """Characters of a context, (S,): 0 for the empty one, 1 for state 0."""
    shorter: Ids
    """State of the context without its first character, (S,); the empty one's is itself."""
    before: Ids
    """State of the context without its last character, (S,)."""
    last: Ids
    """Its last character, (S,); 0 in the empty one and in state 0 alone."""
    backoff: Floats
    """Share of a context that goes to the shorter one, (S,)."""
    state: Ids
    """Context of an n-gram, (G,)."""
    next: Ids
    """The character that follows it, (G,)."""
    prob: Floats
    """How probable it is there, (G,)."""


class Model(nn.Module):
    """Interpolated modified Kneser-Ney (Chen and Goodman 1999, section 3), its probabilities ready for each state.

    What a character leads to is the longest context that ends in it: the goto function of Aho and Corasick (1975). A
    step is two look-ups, whatever the order. Logits are log-probabilities.
    """

    log_probs: Tensor
    next: Tensor

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("log_probs", torch.zeros((1, vocab_size)))
        self.register_buffer("next", torch.zeros((1, vocab_size), dtype=torch.int32))

    @classmethod
    def from_grams(cls, grams: Grams, config: Config) -> Model:
        """The model of counted n-grams.

        Raises:
            ValueError: its tables would be too large.
        """
        states = len(grams.depth)
        if states * grams.vocab_size > LARGEST_TABLE:
            raise ValueError(
                f"ngram: {states:,} contexts by {grams.vocab_size:,} characters are more than {LARGEST_TABLE:,} "
                f"numbers: keep fewer with `makemore build --min-count {config.min_count + 1}` or a lower --order."
            )
        model = cls(grams.vocab_size, config)
        model.log_probs = torch.from_numpy(np.log(_probs(grams)))
        model.next = torch.from_numpy(_next(grams))
        return model

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T), whose rows start with '.', id 0."""
        return self.log_probs[self.states(idx)]

    def states(self, idx: Tensor) -> Tensor:
        """State (B, T) after each of `idx` (B, T), read from the start of a name."""
        state, states = self.initial_state(len(idx)), []
        for ix in idx.T:
            state = self.next[state, ix]
            states.append(state)
        return torch.stack(states, dim=1)

    def initial_state(self, batch: int) -> Tensor:
        """State 0 (B,): the start of a name, which '.' leads back to."""
        return torch.zeros(batch, dtype=torch.int32, device=self.next.device)

    def step(self, ix: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, V) of the character after `ix` (B,), and the state after it."""
        state = self.next[state, ix]
        return self.log_probs[state], state

    def transitions(self) -> tuple[Tensor, Tensor]:
        """The model as an automaton: logits (S, V), and the state (S, V) after each character."""
        return self.log_probs, self.next

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        # How many states there are is known from the tensors only.
        for name, buffer in self.named_buffers(recurse=False):
            if f"{prefix}{name}" in state_dict:
                setattr(self, name, buffer.new_empty(state_dict[f"{prefix}{name}"].shape))
        super()._load_from_state_dict(state_dict, prefix, *others)


def _probs(grams: Grams) -> npt.NDArray[np.float32]:
    """Probabilities (S, V): a context's are those of the shorter one times its backoff, but where it has its own."""
    probs = np.full((len(grams.depth), grams.vocab_size), 1 / grams.vocab_size, dtype=np.float32)
    depths = grams.depth[grams.state]
    for depth in range(grams.depth.max() + 1):
        at, own = grams.depth == depth, depths == depth
        probs[at] = probs[grams.shorter[at]] * grams.backoff[at, None].astype(np.float32)
        probs[grams.state[own], grams.next[own]] = grams.prob[own]
    return probs


def _next(grams: Grams) -> npt.NDArray[np.int32]:
    """States (S, V) after each character: those of the shorter context, but where a longer context begins with this."""
    [empty] = np.flatnonzero(grams.depth == 0)
    states = np.full((len(grams.depth), grams.vocab_size), empty, dtype=np.int32)
    for depth in range(grams.depth.max() + 1):
        at, longer = grams.depth == depth, np.flatnonzero(grams.depth == depth + 1)
        states[at] = states[grams.shorter[at]]
        states[grams.before[longer], grams.last[longer]] = longer
    states[:, 0] = 0
    return states
