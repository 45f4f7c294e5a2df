"""The loss, in the one place that knows it: mean negative log-likelihood, nats a character, end counted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from makemore.data.dataset import Rows
from makemore.data.windows import windows
from makemore.device import threads
from makemore.vocab import Vocab

Numbers = npt.NDArray[np.float64]

ELEMENTS = 1 << 23
"""Logits, or channels of a net, that are in memory at a time."""
CHANNELS = 128
"""A character takes at least this many of them: nets have channels even where the vocab is small."""


@dataclass(frozen=True)
class Estimate:
    """An nll of a list of names, and its standard error; each is infinite where it cannot be told."""

    nll: float
    se: float


def costs(logits: Tensor, ys: Tensor) -> Tensor:
    """Negative log-likelihood (...) of targets `ys` (...) under `logits` (..., V): nats, in the dtype of the logits."""
    flat = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), ys.reshape(-1), reduction="none")
    return flat.view(ys.shape)


def nll(logits: Tensor, which: Tensor, ys: Tensor, weights: Tensor) -> Tensor:
    """Mean negative log-likelihood of targets `ys` (R,), each under row `which` (R,) of `logits` (C, V).

    Rows are weighted by `weights` (R,). Logits stand once for each context, however many rows share it.
    """
    costs = -logits.log_softmax(dim=-1)[which, ys]
    return (costs * weights).sum() / weights.sum()


def nll_of_rows(model: Any, rows: Rows) -> float:
    """nll of all examples of a split under a model of one character of context, from its distinct rows."""
    with torch.no_grad():
        contexts, which = rows.contexts()
        logits = model(torch.from_numpy(contexts))[:, -1].double()
        weights = torch.from_numpy(rows.count).double()
        return float(nll(logits, torch.from_numpy(which), torch.from_numpy(rows.next), weights))


def nll_of_names(model: Any, vocab: Vocab, names: Sequence[str]) -> Numbers:
    """nll of each name (n,), computed in float64; infinite for a name that the model excludes.

    A name that stands there twice is evaluated once, and names of like length together, so that little is padded.

    Raises:
        ValueError: a name holds '.' or a character that is not in the vocab.
    """
    longest_first, places = _longest_first(names)
    with threads():
        batches = _costs_of_batches(model, vocab, longest_first)
        means = (torch.where(of_name, found, 0).sum(dim=1) / of_name.sum(dim=1) for found, of_name in batches)
        nlls = np.concatenate([np.empty(0), *(mean.cpu().numpy() for mean in means)])
    return nlls[places]


def nats_of_names(model: Any, vocab: Vocab, names: Sequence[str]) -> Numbers:
    """Nats of each character of each name, its end last, name after name: shape (sum of lengths + n,).

    Computed as `nll_of_names` does it: their mean over a name is its nll.

    Raises:
        ValueError: a name holds '.' or a character that is not in the vocab.
    """
    longest_first, places = _longest_first(names)
    with threads():
        batches = _costs_of_batches(model, vocab, longest_first)
        nats = np.concatenate([np.empty(0), *(found[of_name].cpu().numpy() for found, of_name in batches)])
    sizes = np.array([len(name) + 1 for name in longest_first], dtype=np.int64)
    starts, sizes = (sizes.cumsum() - sizes)[places], sizes[places]
    shifts = starts - (sizes.cumsum() - sizes)
    in_order: Numbers = nats[np.repeat(shifts, sizes) + np.arange(sizes.sum())]
    return in_order


def estimate(nats: Numbers, characters: Numbers, counts: Numbers) -> Estimate:
    """nll of distinct names and its standard error, from the nats and characters of each and how often it counts.

    The nll is a ratio of two sums over names, and its error that of a ratio estimate (Cochran, Sampling Techniques,
    1977, section 6.3). Characters of a name are not independent, nor are lines of one name: a distinct name with all
    its lines is one observation.
    """
    k, total = len(nats), float((counts * characters).sum())
    if not total or not np.isfinite(nats).all():
        return Estimate(math.inf, math.inf)
    nll = float((counts * nats).sum() / total)
    residuals = counts * (nats - nll * characters)
    return Estimate(nll, math.sqrt(k / (k - 1) * float((residuals**2).sum())) / total if k > 1 else math.inf)


def _longest_first(names: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct names, the longest first, and the place of each name among them."""
    longest_first = sorted(dict.fromkeys(names), key=len, reverse=True)
    places = {name: place for place, name in enumerate(longest_first)}
    return longest_first, np.fromiter((places[name] for name in names), dtype=np.int64, count=len(names))


def _costs_of_batches(model: Any, vocab: Vocab, names: Sequence[str]) -> Iterator[tuple[Tensor, Tensor]]:
    """Costs (B, T) of names that are sorted by length, longest first, and which are of a name, a batch at a time."""
    device = next(chain(model.parameters(), model.buffers())).device
    stream = torch.from_numpy(vocab.stream(names).astype(np.int64)).to(device)
    lengths = torch.tensor([len(name) for name in names], device=device)
    starts = (lengths + 1).cumsum(0) - lengths - 1
    first = 0
    while first < len(names):
        places = len(names[first]) + 1
        batch = slice(first, first + max(1, ELEMENTS // (places * max(len(vocab), CHANNELS))))
        yield _costs_of_batch(model, stream, starts[batch], lengths[batch])
        first = batch.stop


@torch.inference_mode()
def _costs_of_batch(model: Any, stream: Tensor, starts: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Costs (B, T) of the names that begin at `starts` (B,) of a row of ids, the first of them the longest."""
    xs, ys, of_name = windows(stream, starts, lengths)
    return costs(model(xs).double(), ys), of_name
