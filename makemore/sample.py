"""Sampling: new names from any model, the same ones for the same seed whatever the batch size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils._pytree import tree_map_only

from makemore.options import check_seed
from makemore.vocab import Vocab

BLOCK = 1024
"""Names that share a stream of random numbers, keyed by seed and block: a batch is a number of blocks."""
LONGEST = 1000
"""Characters after which a name ends in any case."""
ELEMENTS = 1 << 23
"""Probabilities that are in memory at a time: a large vocab is sampled in small batches."""


def sample(
    model: Any, vocab: Vocab, n: int, *, seed: int, batch_size: int = 16 * BLOCK
) -> Iterator[tuple[list[str], npt.NDArray[np.float64]]]:
    """Batches of names and their nll; `n` names in all.

    Name i is made from the random numbers of its own place, so that the first names of a larger sample are
    those of a smaller one. Random numbers are Philox streams (Salmon et al. 2011), one a block. A name has at
    least one character: of the model's first step, the end is left out. It has at most `LONGEST`: there it ends.
    Its nll is the model's own, its end counted.

    Raises:
        ValueError: the seed is out of range, or no name can begin.
    """
    check_seed(seed)
    blocks = -(-n // BLOCK)
    per_batch = max(1, min(batch_size, ELEMENTS // len(vocab)) // BLOCK)
    for first in range(0, blocks, per_batch):
        batch = range(first, min(first + per_batch, blocks))
        ids, nlls = _sample_batch(model, [np.random.Generator(np.random.Philox(key=[seed, b])) for b in batch])
        wanted = min(n - first * BLOCK, len(ids))
        yield vocab.decode(ids[:wanted]), nlls[:wanted]


@torch.inference_mode()
def _sample_batch(model: Any, rngs: list[np.random.Generator]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Ids (B, T), each row up to its first 0, and nll (B,) of a block of names for each generator.

    Names that have ended leave the batch: `rows` are those that go on.
    """
    batch = BLOCK * len(rngs)
    rows, ix, state = torch.arange(batch), torch.zeros(batch, dtype=torch.int64), model.initial_state(batch)
    costs, lengths = torch.zeros(batch, dtype=torch.float64), torch.zeros(batch, dtype=torch.int64)
    columns: list[torch.Tensor] = []
    while len(rows):
        logits, state = model.step(ix, state)
        log_probs = logits.double().log_softmax(dim=-1)
        uniform = torch.from_numpy(np.concatenate([rng.random(BLOCK) for rng in rngs]))[rows]
        ix = _next(log_probs, uniform, place=len(columns))
        costs[rows] -= log_probs.gather(1, ix[:, None])[:, 0]
        lengths[rows] += 1
        columns.append(torch.zeros(batch, dtype=torch.int64).index_put_((rows,), ix))
        going = ix != 0
        rows, ix, state = rows[going], ix[going], tree_map_only(torch.Tensor, partial(_rows, going), state)
    return torch.stack(columns, dim=1).numpy(), (costs / lengths).numpy()


def _rows(which: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    return tensor[which]


def _next(log_probs: torch.Tensor, uniform: torch.Tensor, place: int) -> torch.Tensor:
    """Ids (B,) of the characters at a place of the name: at the first not its end, after the last nothing else."""
    if place == LONGEST:
        return torch.zeros(len(log_probs), dtype=torch.int64)
    probs = log_probs.exp()
    if place == 0:
        probs[:, 0] = 0
    return draw(probs, uniform)


def draw(probs: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Ids (B,) drawn from `probs` (B, V) by inversion: the first whose cumulative probability exceeds `uniform` (B,).

    Rows need not sum to one. A probability of zero is never drawn: `uniform` is in [0, 1), and kept below the
    rounded total too.

    Raises:
        ValueError: all of a row is zero.
    """
    cumulative = probs.cumsum(dim=-1)
    if not (cumulative[:, -1] > 0).all():
        raise ValueError("no character has a probability: the model makes nothing but the empty name.")
    point = uniform.clamp(max=1 - 2**-52) * cumulative[:, -1]
    return torch.searchsorted(cumulative, point[:, None], right=True)[:, 0]
