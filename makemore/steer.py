"""Names of nets, many side by side; where only some are wanted, an automaton that knows them leads the way."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only

from makemore.automaton import Decoding, decoded
from makemore.options import LONGEST
from makemore.trellis import Floats, Ids, Trellis

GOING = 0.75
"""Share of a batch that goes on, below which the names that have ended leave it: moving the others costs time."""


@dataclass
class Tally:
    """What became of the names that were proposed."""

    proposed: int = 0
    kept: int = 0
    clipped: int = 0
    """Those whose weight was above the bound: they come a little less often than they should."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, proposed: int, kept: int, clipped: int) -> None:
        """Count some more."""
        with self.lock:
            self.proposed, self.kept, self.clipped = self.proposed + proposed, self.kept + kept, self.clipped + clipped


@dataclass(frozen=True)
class Proposals:
    """Names that were drawn under a guide."""

    ids: npt.NDArray[np.integer]
    """Ids (n, T), each row up to its first 0."""
    nats: Floats
    """What they cost under the net, (n,)."""
    log_weights: Floats
    """Logarithm (n,) of the probability of each under the net over that of its being proposed, but for `log_forced`."""
    log_forced: float
    """The same of the characters that all of them begin with, since nothing else is wanted."""


@dataclass(frozen=True)
class Steering:
    """A net, how its probabilities are changed, and the trellis of the names that are wanted; None for any name.

    What is added to the guide's values makes it the less sure of itself; if that is infinite, it only says what is
    possible. Then no weight is above 1.
    """

    model: Any
    decoding: Decoding
    guide: Trellis | None
    device: torch.device
    added: float = 0.0

    @torch.inference_mode()
    def empty(self) -> float:
        """How probable the net finds the empty name."""
        ix = torch.zeros(1, dtype=torch.int64, device=self.device)
        logits, _ = self.model.step(ix, self.model.initial_state(1))
        return float(decoded(logits.double().log_softmax(dim=-1), self.decoding)[0, 0].exp())

    @torch.inference_mode()
    def propose(self, rng: np.random.Generator, n: int, least: Floats | None = None) -> Proposals:
        """`n` names, each character drawn by the net's probability times the guide's value of what it leads to.

        The mean weight is the probability of all names that are wanted. A weight of 0 is of a name that the net cannot
        end as is wanted, or of one that was given up since the logarithm of its weight had fallen below `least` (n,).
        """
        nats, log_weights, log_forced, guide = np.zeros(n), np.zeros(n), 0.0, self.guide
        rows, going, forced = np.arange(n), np.ones(n, dtype=bool), guide is not None
        states = np.full(n, guide.start if guide else 0, dtype=np.int64)
        ix, state = torch.zeros(n, dtype=torch.int64, device=self.device), self.model.initial_state(n)
        columns: list[Ids] = []
        while going.any():
            place = len(columns)
            logits, state = self.model.step(ix, state)
            log_probs = logits.double().log_softmax(dim=-1)
            weights = decoded(log_probs, self.decoding).exp()
            ahead = self._ahead(guide, place, states) if guide else None
            if ahead is not None:
                weights *= torch.from_numpy(ahead).to(self.device)
            elif place == 0:
                weights[:, 0] = 0
            uniform = torch.from_numpy(rng.random(len(rows))).to(self.device)
            ix = torch.zeros_like(ix) if place == LONGEST else draw(weights, uniform, dead_end=guide is not None)
            cost = -log_probs.gather(1, ix[:, None])[:, 0].cpu().numpy()
            nats[rows[going]] += cost[going]
            drawn = ix.cpu().numpy() * going
            if ahead is not None:
                with np.errstate(divide="ignore"):
                    differs = weights.sum(dim=1).log().cpu().numpy() - np.log(ahead[np.arange(len(ahead)), drawn])
                forced &= len(np.unique(states)) == 1 and np.count_nonzero(ahead[0]) == 1
                if forced:
                    log_forced += float(differs[0])
                else:
                    log_weights[rows[going]] += differs[going]
            column = np.zeros(n, dtype=np.int64)
            column[rows] = drawn
            columns.append(column)
            going = drawn != 0
            if least is not None and guide:
                given_up = rows[going & (log_weights[rows] < least[rows])]
                log_weights[given_up] = -np.inf
                going &= log_weights[rows] > -np.inf
            if guide:
                states[going] = guide.after(states[going], drawn[going])
            if going.mean() < GOING:
                on = torch.from_numpy(np.flatnonzero(going)).to(self.device)
                rows, states, ix, going = rows[going], states[going], ix[on], going[going]
                state = tree_map_only(Tensor, partial(_rows, on), state)
        return Proposals(np.stack(columns, axis=1), nats, np.nan_to_num(log_weights, nan=-np.inf), log_forced)

    def _ahead(self, guide: Trellis, place: int, states: Ids) -> Floats:
        ahead = guide.ahead(place, states)
        if self.added == 0:
            return ahead
        # The end is possible or it is not: there is nothing to be unsure of.
        added = np.where(np.arange(ahead.shape[1]) > 0, self.added, 0.0)
        return np.where(ahead > 0, 1.0 if np.isinf(self.added) else ahead + added, 0.0)


def _rows(which: Tensor, tensor: Tensor) -> Tensor:
    return tensor[which]


def draw(weights: Tensor, uniform: Tensor, *, dead_end: bool = False) -> Tensor:
    """Ids (B,) drawn from `weights` (B, V) by inversion: the first whose cumulative share exceeds `uniform` (B,).

    Rows need not sum to one. A weight of zero is never drawn: `uniform` is in [0, 1), and kept below the rounded
    total too. Where all of a row is zero the name ends, if that is a dead end that is reckoned with.

    Raises:
        ValueError: all of a row is zero.
    """
    cumulative = weights.cumsum(dim=-1)
    totals = cumulative[:, -1:]
    if not dead_end and not (totals > 0).all():
        raise ValueError("no character has a probability: the model makes nothing but the empty name.")
    point = uniform[:, None].clamp(max=1 - 2**-52) * totals
    return torch.searchsorted(cumulative, point, right=True)[:, 0] * (totals[:, 0] > 0)
