"""The loss: mean negative log-likelihood, nats per character, end included. Only nets need torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from makemore.data.dataset import Rows
from makemore.models import AutomatonModel, LanguageModel, NetModel
from makemore.vocab import Floats, Ids, Ints, Vocab

MAX_LOGITS = 1 << 22
"""Log-probabilities to compute at once: 32 MB of float64."""


@dataclass(frozen=True)
class Estimate:
    """nll of a list of names and its standard error; infinite where undefined."""

    nll: float
    se: float


def nll_of_rows(model: AutomatonModel, rows: Rows) -> float:
    """Mean nll of all examples of a split, from its distinct rows, for a model of one character of context."""
    contexts, which = rows.contexts()
    nats = -model.log_probs_of(model.transitions()[1][0, contexts[:, 0]])[which, rows.next]
    return float((nats * rows.count).sum() / rows.count.sum())


def nll_of_names(model: LanguageModel, vocab: Vocab, names: Sequence[str]) -> Floats:
    """nll of each name (n,) in float64; infinite for a name of probability 0."""
    if isinstance(model, AutomatonModel):
        characters = _lengths(names) + 1
        nats = _nats_of_automaton(model, vocab, names)
        return np.asarray(np.add.reduceat(nats, characters.cumsum() - characters) / characters)
    from makemore.evaluation import net_loss

    assert isinstance(model, NetModel)
    return net_loss.nll_of_names(model, vocab, names)


def nats_of_names(model: LanguageModel, vocab: Vocab, names: Sequence[str]) -> Floats:
    """Nats of each character of each name, its end last, concatenated: (sum of lengths + n,)."""
    if isinstance(model, AutomatonModel):
        return _nats_of_automaton(model, vocab, names)
    from makemore.evaluation import net_loss

    assert isinstance(model, NetModel)
    return net_loss.nats_of_names(model, vocab, names)


def estimate(nats: Floats, characters: Floats, counts: Floats) -> Estimate:
    """nll of n distinct names and its standard error, from nats, characters and count of each name (n,).

    The standard error is that of a ratio estimate (Cochran, Sampling Techniques, 1977, section 6.3). One observation
    is a distinct name with all its lines: its characters and its lines are not independent.
    """
    n, total = len(nats), float((counts * characters).sum())
    if not total or not np.isfinite(nats).all():
        return Estimate(math.inf, math.inf)
    nll = float((counts * nats).sum() / total)
    residuals = counts * (nats - nll * characters)
    return Estimate(nll, math.sqrt(n / (n - 1) * float((residuals**2).sum())) / total if n > 1 else math.inf)


def _lengths(names: Sequence[str]) -> Ints:
    return np.fromiter(map(len, names), dtype=np.int64, count=len(names))


def _nats_of_automaton(model: AutomatonModel, vocab: Vocab, names: Sequence[str]) -> Floats:
    """Nats of each character, from the rows of the visited states: a short list does not cost the whole table."""
    stream, (_, following) = vocab.stream(names), model.transitions()
    xs, ys = stream[:-1], stream[1:]
    states, nats = _states(following, xs, _lengths(names)), np.empty(len(xs))
    size = max(1, MAX_LOGITS // len(vocab))
    for chunk in (slice(first, first + size) for first in range(0, len(xs), size)):
        visited, which = np.unique(states[chunk], return_inverse=True)
        nats[chunk] = -model.log_probs_of(visited)[which, ys[chunk]]
    return nats


def _states(following: npt.NDArray[np.integer], xs: Ids, lengths: Ints) -> Ints:
    """State after each input of a stream (N,): all names at once, position by position."""
    states, order = np.zeros(len(xs), dtype=np.int64), np.argsort(-lengths, kind="stable")
    at = ((lengths + 1).cumsum() - lengths - 1)[order]
    for position in range(1, int(lengths.max(initial=0)) + 1):
        at = at[: np.count_nonzero(lengths >= position)] + 1
        states[at] = following[states[at - 1], xs[at]]
    return states
