"""Finite automata: models of finitely many states as tables, and decoding of their probabilities."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

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


@torch.inference_mode()
def automaton_of(model: AutomatonModel, decoding: Decoding = Decoding()) -> Automaton:
    """Return the automaton of a model."""
    logits, states = model.transitions()
    log_probs = logits.double().log_softmax(dim=-1).cpu()
    return Automaton(decoded(log_probs, decoding).exp().numpy(), -log_probs.numpy(), states.int().cpu().numpy())


def decoded(log_probs: Tensor, decoding: Decoding) -> Tensor:
    """Return decoded log-probabilities (..., V); of equally probable characters, lower ids are kept first."""
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
