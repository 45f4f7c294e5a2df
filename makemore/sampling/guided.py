"""Guided sampling of nets: importance-weighted proposals of names under constraints."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from makemore.errors import UnsatisfiableRequest
from makemore.models import NetModel, State
from makemore.options import MAX_LENGTH
from makemore.sampling.automaton import Decoding, decoded
from makemore.sampling.trellis import Trellis
from makemore.vocab import Floats, Ints


@dataclass(frozen=True)
class Proposals:
    """Names drawn from a proposal distribution."""

    ids: npt.NDArray[np.integer]  # (n, T), each row up to its first 0
    nats: Floats  # negative log-likelihood under the net, (n,)
    log_weights: Floats  # log importance weights (n,): net probability over proposal probability, without `log_forced`
    log_forced: float  # log importance weight of the prefix that the constraints force on all names


@dataclass(frozen=True)
class ProposalDistribution:
    """Draws each character in proportion to a weight.

    The weight is the net's probability times the guide's probability that an allowed name follows.
    """

    model: NetModel
    decoding: Decoding
    guide: Trellis | None  # trellis of another model under the constraints; None without constraints
    # Added to the guide's backward probabilities; if infinite, the guide only excludes impossible characters.
    smoothing: float = 0.0

    @torch.inference_mode()
    def empty_probability(self) -> float:
        """Return the net's probability of the empty name."""
        ix = torch.zeros(1, dtype=torch.int64, device=self.model.device)
        logits, _ = self.model.step(ix, self.model.initial_state(1))
        return float(self.probs(logits.double().log_softmax(dim=-1))[0, 0])

    def probs(self, log_probs: Tensor) -> Tensor:
        """Return decoded probabilities (R, V)."""
        if self.decoding == Decoding():
            return log_probs.exp()
        return self.tensor(decoded(log_probs.cpu().numpy(), self.decoding))

    def lookahead(self, guide: Trellis, position: int, states: Ints) -> Floats:
        """Return the guide's smoothed backward probability (R, V) after each character in states (R,)."""
        exact = guide.lookahead(position, states)
        if self.smoothing == 0:
            return exact
        # The end is allowed or not: it needs no smoothing.
        smoothing = np.where(np.arange(exact.shape[1]) > 0, self.smoothing, 0.0)
        return np.where(exact > 0, 1.0 if np.isinf(self.smoothing) else exact + smoothing, 0.0)

    def tensor(self, array: npt.NDArray[Any]) -> Tensor:
        """Return an array as a tensor on the net's device."""
        return torch.from_numpy(array).to(self.model.device)


@torch.inference_mode()
def propose(distribution: ProposalDistribution, rng: np.random.Generator, min_log_weights: Floats) -> Proposals:
    """Draw n names; the mean importance weight estimates the probability that a name satisfies the constraints.

    The weight is 0 if the net cannot complete a name, or if the name was abandoned below `min_log_weights` (n,).
    """
    n = len(min_log_weights)
    model, guide, tensor = distribution.model, distribution.guide, distribution.tensor
    nats, log_weights, log_forced = np.zeros(n), np.zeros(n), 0.0
    is_forced, net_state = guide is not None, model.initial_state(1)
    # For each unfinished name: its index, its row of the net's state, its last character and the guide's state.
    active, row, ix = np.arange(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    guide_state = np.full(n, guide.start if guide else 0, dtype=np.int64)
    columns: list[Ints] = []
    while len(active):
        # Names with the same prefix share a row, which saves computation.
        _, first, shared_row = np.unique((row << 32) + ix, return_index=True, return_inverse=True)
        net_state = select_rows(net_state, tensor(row[first]))
        logits, net_state = model.step(tensor(ix[first]), net_state)
        row, log_probs = shared_row, logits.double().log_softmax(dim=-1)
        weights = distribution.probs(log_probs)[tensor(row)]
        lookahead = distribution.lookahead(guide, len(columns), guide_state) if guide else None
        if lookahead is not None:
            weights *= tensor(lookahead)
        elif not columns:
            weights[:, 0] = 0
        drawn = draw(weights, tensor(rng.random(len(active))), may_fail=guide is not None)
        if len(columns) == MAX_LENGTH:
            drawn = torch.zeros_like(drawn)
        nats[active] -= log_probs[tensor(row), drawn].cpu().numpy()
        ix = drawn.cpu().numpy()
        if lookahead is not None:
            factors = weigh(weights.sum(dim=1).cpu().numpy(), lookahead[np.arange(len(lookahead)), ix])
            is_forced &= len(np.unique(guide_state)) == 1 and np.count_nonzero(lookahead[0]) == 1
            if is_forced:
                log_forced += float(factors[0])
            else:
                log_weights[active] += factors
        column = np.zeros(n, dtype=np.int64)
        column[active] = ix
        columns.append(column)
        abandoned = (ix != 0) & (log_weights[active] < min_log_weights[active])
        log_weights[active[abandoned]] = -np.inf
        unfinished = (ix != 0) & ~abandoned
        active, row, ix, guide_state = active[unfinished], row[unfinished], ix[unfinished], guide_state[unfinished]
        if guide:
            guide_state = guide.after(guide_state, ix)
    return Proposals(np.stack(columns, axis=1), nats, log_weights, log_forced)


def weigh(totals: Floats, lookahead: Floats) -> Floats:
    """Return the log importance weights (R,) of drawn characters: net probability over proposal probability.

    `totals` (R,) normalise the proposals, `lookahead` (R,) are the guide's values of the drawn characters. Where a
    total is 0 the net cannot complete the name: the weight is minus infinity.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.log(totals) - np.log(lookahead)
    factors[totals == 0] = -np.inf
    return factors


def draw(weights: Tensor, uniform: Tensor, *, may_fail: bool = False) -> Tensor:
    """Draw ids (B,) from weights (B, V): the first whose cumulative share exceeds `uniform` (B,), in [0, 1).

    Ids of weight 0 are never drawn. For a row of zeros draw 0 with `may_fail`, otherwise raise UnsatisfiableRequest.
    """
    cumulative = weights.cumsum(dim=-1)
    totals = cumulative[:, -1:]
    if not may_fail and not (totals > 0).all():
        raise UnsatisfiableRequest("the model generates only the empty name")
    # Rounding must not lift the point to the total.
    point = uniform[:, None].clamp(max=1 - 2**-52) * totals
    return torch.searchsorted(cumulative, point, right=True)[:, 0] * (totals[:, 0] > 0)


def select_rows(state: State, rows: Tensor) -> State:
    """Select rows of each tensor of a model's state; other parts, such as a transformer's cache, stay as they are."""
    if isinstance(state, Tensor):
        return state.index_select(0, rows)
    if isinstance(state, tuple):
        return tuple(select_rows(part, rows) for part in state)
    return state
