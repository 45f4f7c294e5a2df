"""A model of finitely many states as tables: what it draws by, what it costs, where each character leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Decoding:
    """How a model's probabilities are changed before they are drawn by."""

    temperature: float = 1.0
    """What log-probabilities are divided by: below 1 more of the probable, above 1 more of the others."""
    top_k: int | None = None
    """How many of the most probable characters are kept; all if left out."""
    top_p: float = 1.0
    """Share of the probability that those kept reach together, the fewest that do (Holtzman et al. 2020)."""


@dataclass(frozen=True)
class Automaton:
    """S states, 0 being the start of a name, and V characters, 0 being its end."""

    probs: Floats
    """How probable each character is drawn in a state, (S, V)."""
    nats: Floats
    """What it costs under the model itself, (S, V): its negative log-likelihood."""
    next: States
    """The state that it leads to, (S, V)."""

    @property
    def support(self) -> Automaton:
        """The automaton of the same names, each with probability 1: of one state if nothing is impossible."""
        possible = (self.probs > 0).astype(np.float64)
        if possible.all():
            return everything(possible.shape[1])
        return Automaton(possible, self.nats, self.next)


def everything(vocab_size: int) -> Automaton:
    """The automaton of one state in which each character counts 1: what is added up is a number of names."""
    ones = np.ones((1, vocab_size))
    return Automaton(ones, np.zeros_like(ones), np.zeros((1, vocab_size), dtype=np.int32))


def is_automaton(model: Any) -> bool:
    """Whether a model has finitely many states: then constraints on its names are exact."""
    return hasattr(model, "transitions")


@torch.inference_mode()
def automaton_of(model: Any, decoding: Decoding = Decoding()) -> Automaton:
    """The automaton of a model that has `transitions()`."""
    logits, states = model.transitions()
    log_probs = logits.double().log_softmax(dim=-1).cpu()
    return Automaton(decoded(log_probs, decoding).exp().numpy(), -log_probs.numpy(), states.int().cpu().numpy())


def decoded(log_probs: Tensor, decoding: Decoding) -> Tensor:
    """Log-probabilities (..., V) that are drawn by; of characters equally probable those of lower id are kept."""
    if decoding.temperature != 1:
        log_probs = (log_probs / decoding.temperature).log_softmax(dim=-1)
    if (decoding.top_k or log_probs.shape[-1]) >= log_probs.shape[-1] and decoding.top_p == 1:
        return log_probs
    ordered, order = log_probs.sort(dim=-1, descending=True, stable=True)
    ordered[..., decoding.top_k or ordered.shape[-1] :] = -torch.inf
    before = ordered.softmax(dim=-1).cumsum(dim=-1).roll(1, dims=-1)
    before[..., 0] = 0
    ordered[before >= decoding.top_p] = -torch.inf
    return torch.empty_like(log_probs).scatter_(-1, order, ordered).log_softmax(dim=-1)
