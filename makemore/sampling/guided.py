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

from makemore.options import LONGEST
from makemore.sampling.automaton import Decoding, decoded
from makemore.sampling.trellis import Floats, Ids, Trellis


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
        forced, state = guide is not None, self.model.initial_state(1)
        # Of each name that goes on: its number, its row of the state, its last character, and the guide's state.
        going, row, ix = np.arange(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        states = np.full(n, guide.start if guide else 0, dtype=np.int64)
        columns: list[Ids] = []
        while len(going):
            place = len(columns)
            # Names that begin alike are one row: the net has the less to do.
            _, first, row_now = np.unique((row << 32) + ix, return_index=True, return_inverse=True)
            state = tree_map_only(Tensor, partial(_rows, self._here(row[first])), state)
            logits, state = self.model.step(self._here(ix[first]), state)
            row, log_probs = row_now, logits.double().log_softmax(dim=-1)
            weights = decoded(log_probs, self.decoding).exp()[self._here(row)]
            ahead = self._ahead(guide, place, states) if guide else None
            if ahead is not None:
                weights *= self._here(ahead)
            elif place == 0:
                weights[:, 0] = 0
            drawn = draw(weights, self._here(rng.random(len(going))), dead_end=guide is not None)
            if place == LONGEST:
                drawn = torch.zeros_like(drawn)
            nats[going] -= log_probs[self._here(row), drawn].cpu().numpy()
            ix = drawn.cpu().numpy()
            if ahead is not None:
                totals = weights.sum(dim=1).cpu().numpy()
                # Where the net finds all that is wanted impossible, the name has ended in the middle.
                with np.errstate(divide="ignore", invalid="ignore"):
                    differs = np.log(totals) - np.log(ahead[np.arange(len(ahead)), ix])
                differs[totals == 0] = -np.inf
                forced &= len(np.unique(states)) == 1 and np.count_nonzero(ahead[0]) == 1
                if forced:
                    log_forced += float(differs[0])
                else:
                    log_weights[going] += differs
            column = np.zeros(n, dtype=np.int64)
            column[going] = ix
            columns.append(column)
            goes_on = ix != 0
            if least is not None and guide:
                given_up = goes_on & (log_weights[going] < least[going])
                log_weights[going[given_up]] = -np.inf
                goes_on &= ~given_up
            going, row, ix, states = going[goes_on], row[goes_on], ix[goes_on], states[goes_on]
            if guide:
                states = guide.after(states, ix)
        return Proposals(np.stack(columns, axis=1), nats, log_weights, log_forced)

    def _here(self, array: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _ahead(self, guide: Trellis, place: int, states: Ids) -> Floats:
        ahead = guide.ahead(place, states)
        if self.added == 0:
            return ahead
        # The end is possible or it is not: there is nothing to be unsure of.
        added = np.where(np.arange(ahead.shape[1]) > 0, self.added, 0.0)
        return np.where(ahead > 0, 1.0 if np.isinf(self.added) else ahead + added, 0.0)


def _rows(which: Tensor, tensor: Tensor) -> Tensor:
    return tensor.index_select(0, which)


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
