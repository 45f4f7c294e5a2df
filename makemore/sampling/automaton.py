"""Finite automata: models of finitely many states as tables, and decoding of their probabilities."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from makemore.models import AutomatonModel
from makemore.vocab import Floats

States = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Decoding:
    """Changes of a model's probabilities before sampling (Holtzman et al. 2020); see `SampleOptions`."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0


@dataclass(frozen=True)
class Automaton:
    """S states, 0 being the start of a name, and V characters, 0 being its end."""

    probs: Floats  # decoded probabilities of the next character, (S, V)
    nats: Floats  # negative log-likelihood under the model itself, before decoding, (S, V)
    next: States  # state after each character, (S, V)

    @property
    def support(self) -> "Automaton":
        """The same names, each with weight 1; a single state if all characters are possible everywhere."""
        possible = (self.probs > 0).astype(np.float64)
        if possible.all():
            return counting_automaton(possible.shape[1])
        return Automaton(possible, self.nats, self.next)


def counting_automaton(vocab_size: int) -> Automaton:
    """Return the automaton of one state where each character has weight 1: sums of weights count names."""
    ones = np.ones((1, vocab_size))
    return Automaton(ones, np.zeros_like(ones), np.zeros((1, vocab_size), dtype=np.int32))


def automaton_of(model: AutomatonModel, decoding: Decoding = Decoding()) -> Automaton:
    """Return the automaton of a model."""
    log_probs = model.log_probs_of(slice(None))
    return Automaton(decoded(log_probs, decoding), -log_probs, model.transitions()[1].astype(np.int32, copy=False))


def decoded(log_probs: Floats, decoding: Decoding) -> Floats:
    """Return decoded probabilities (R, V); of equally probable characters, lower ids are kept first."""
    if decoding.temperature == 1:
        probs = np.exp(log_probs)
    else:
        scaled = log_probs / decoding.temperature
        probs = _normalised(np.exp(scaled - scaled.max(axis=1, keepdims=True)))
    if (decoding.top_k or probs.shape[1]) >= probs.shape[1] and decoding.top_p == 1:
        return probs
    order = np.argsort(-probs, axis=1, kind="stable")[:, : decoding.top_k]
    kept = _normalised(np.take_along_axis(probs, order, axis=1))
    kept[:, 1:][kept.cumsum(axis=1)[:, :-1] >= decoding.top_p] = 0
    probs = np.zeros_like(probs)
    np.put_along_axis(probs, order, _normalised(kept), axis=1)
    return probs


def _normalised(weights: Floats) -> Floats:
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
