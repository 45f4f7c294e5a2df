"""The loss, in the one place that knows it: mean negative log-likelihood, nats a character, end counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from makemore.dataset import Rows
from makemore.vocab import Vocab

BATCH = 4096
"""Names scored at a time."""


def nll(logits: Tensor, which: Tensor, ys: Tensor, weights: Tensor) -> Tensor:
    """Mean negative log-likelihood of targets `ys` (R,), each under row `which` (R,) of `logits` (C, V).

    Rows are weighted by `weights` (R,). Logits stand once for each context, however many rows share it.
    """
    costs = -logits.log_softmax(dim=-1)[which, ys]
    return (costs * weights).sum() / weights.sum()


def nll_of_rows(model: Any, rows: Rows) -> float:
    """nll of all examples of a split, from its distinct rows; infinite where the model excludes one of them."""
    with torch.no_grad():
        contexts, which = rows.contexts()
        logits = model(torch.from_numpy(contexts))[:, -1].double()
        weights = torch.from_numpy(rows.count).double()
        return float(nll(logits, torch.from_numpy(which), torch.from_numpy(rows.next), weights))


def nll_of_names(model: Any, vocab: Vocab, names: Sequence[str]) -> list[float]:
    """nll of each name, end counted; infinite for a name that the model excludes.

    Raises:
        ValueError: a name holds '.' or a character that is not in the vocab.
    """
    costs: list[float] = []
    for start in range(0, len(names), BATCH):
        costs += _nll_of_batch(model, [vocab.encode(name) for name in names[start : start + BATCH]])
    return costs


def nll_of_list(nlls: Sequence[float], names: Sequence[str]) -> float:
    """nll of a whole list from those of its names: each weighs as many characters as it has, end counted."""
    characters = [len(name) + 1 for name in names]
    return sum(cost * n for cost, n in zip(nlls, characters, strict=True)) / sum(characters)


def _nll_of_batch(model: Any, ids: list[list[int]]) -> list[float]:
    ends = torch.tensor([len(name) for name in ids])
    padded = torch.zeros((len(ids), int(ends.max()) + 2), dtype=torch.int64)
    for row, name in zip(padded, ids, strict=True):
        row[1 : len(name) + 1] = torch.tensor(name, dtype=torch.int64)
    xs, ys = padded[:, :-1], padded[:, 1:]
    with torch.no_grad():
        costs = nn.functional.cross_entropy(model(xs).double().transpose(1, 2), ys, reduction="none")
    counted = torch.arange(xs.shape[1]) <= ends[:, None]
    totals = torch.where(counted, costs, 0).sum(dim=1)
    return list((totals / (ends + 1)).tolist())
