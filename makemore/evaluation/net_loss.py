"""The loss of nets, in torch: for training and for evaluation."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from makemore.data.batches import windows
from makemore.device import threads
from makemore.models import NetModel
from makemore.vocab import Floats, Ints, Vocab

MAX_ACTIVATIONS = 1 << 23
"""Activations of a batch: limits memory."""
MIN_CHANNELS = 128
"""Activations per character are at least this many: nets have hidden channels even where the vocab is small."""


def costs(logits: Tensor, ys: Tensor) -> Tensor:
    """Negative log-likelihood (...) of targets `ys` (...) under `logits` (..., V): nats, in the dtype of the logits."""
    flat = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), ys.reshape(-1), reduction="none")
    return flat.view(ys.shape)


def nll(logits: Tensor, which: Tensor, ys: Tensor, weights: Tensor) -> Tensor:
    """Mean nll of targets `ys` (R,), weighted by `weights` (R,), under the rows `which` (R,) of `logits` (C, V)."""
    costs = -logits.log_softmax(dim=-1)[which, ys]
    return (costs * weights).sum() / weights.sum()


def nll_of_names(model: NetModel, vocab: Vocab, names: Sequence[str]) -> Floats:
    """nll of each name (n,), as in `loss`."""
    distinct, which = _longest_first(names)
    with threads():
        batches = _nats_of_batches(model, vocab, distinct)
        means = (torch.where(keep, nats, 0).sum(dim=1) / keep.sum(dim=1) for nats, keep in batches)
        nlls = np.concatenate([np.empty(0), *(mean.cpu().numpy() for mean in means)])
    return nlls[which]


def nats_of_names(model: NetModel, vocab: Vocab, names: Sequence[str]) -> Floats:
    """Nats of each character of each name, as in `loss`."""
    distinct, which = _longest_first(names)
    with threads():
        batches = _nats_of_batches(model, vocab, distinct)
        flat = np.concatenate([np.empty(0), *(nats[keep].cpu().numpy() for nats, keep in batches)])
    sizes = np.array([len(name) + 1 for name in distinct], dtype=np.int64)
    starts, sizes = (sizes.cumsum() - sizes)[which], sizes[which]
    shifts = starts - (sizes.cumsum() - sizes)
    in_order: Floats = flat[np.repeat(shifts, sizes) + np.arange(sizes.sum())]
    return in_order


def _longest_first(names: Sequence[str]) -> tuple[list[str], Ints]:
    """Distinct names, the longest first, and the index of each name among them."""
    distinct = sorted(dict.fromkeys(names), key=len, reverse=True)
    index = {name: i for i, name in enumerate(distinct)}
    return distinct, np.fromiter((index[name] for name in names), dtype=np.int64, count=len(names))


def _nats_of_batches(model: NetModel, vocab: Vocab, names: Sequence[str]) -> Iterator[tuple[Tensor, Tensor]]:
    """Nats (B, T) of names sorted by length, longest first, and whether a position belongs to the name (B, T)."""
    stream = torch.from_numpy(vocab.stream(names).astype(np.int64)).to(model.device)
    lengths = torch.tensor([len(name) for name in names], device=model.device)
    starts = (lengths + 1).cumsum(0) - lengths - 1
    first = 0
    while first < len(names):
        positions = len(names[first]) + 1
        batch = slice(first, first + max(1, MAX_ACTIVATIONS // (positions * max(len(vocab), MIN_CHANNELS))))
        with torch.inference_mode():
            xs, ys, keep = windows(stream, starts[batch], lengths[batch])
            nats = costs(model(xs).double(), ys)
        yield nats, keep
        first = batch.stop
