"""Sampling: new names from any model, the same ones for the same seed whatever the batch size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from makemore.vocab import Vocab

BLOCK = 1024
"""Names that share a stream of random numbers, keyed by seed and block: a batch is a number of blocks."""
LONGEST = 1000
"""Characters after which a name that does not end is an error."""


def sample(
    model: Any, vocab: Vocab, n: int, *, seed: int, batch_size: int = 16 * BLOCK
) -> Iterator[tuple[list[str], npt.NDArray[np.float64]]]:
    """Batches of names and their nll; `n` names in all.

    Name i is made from the random numbers of its own place, so that the first names of a larger sample are
    those of a smaller one. Random numbers are Philox streams (Salmon et al. 2011), one a block. A name has at
    least one character: of the model's first step, the end is left out. Its nll is the model's own.

    Raises:
        ValueError: a name does not end, or cannot begin.
    """
    blocks = -(-n // BLOCK)
    per_batch = max(1, batch_size // BLOCK)
    for first in range(0, blocks, per_batch):
        rngs = [
            np.random.Generator(np.random.Philox(key=[seed, block]))
            for block in range(first, min(first + per_batch, blocks))
        ]
        ids, nlls = _sample_batch(model, rngs)
        wanted = min(n - first * BLOCK, len(ids))
        yield vocab.decode(ids[:wanted]), nlls[:wanted]


@torch.inference_mode()
def _sample_batch(model: Any, rngs: list[np.random.Generator]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Ids (B, T), each row up to its first 0, and nll (B,) of a block of names for each generator."""
    batch = BLOCK * len(rngs)
    ix, state = torch.zeros(batch, dtype=torch.int64), model.initial_state(batch)
    alive = torch.ones(batch, dtype=torch.bool)
    costs = torch.zeros(batch, dtype=torch.float64)
    lengths = torch.zeros(batch, dtype=torch.int64)
    columns: list[torch.Tensor] = []
    while alive.any():
        if len(columns) > LONGEST:
            raise ValueError(
                f"a name has {LONGEST} characters and does not end: the model gives '.' next to no probability. "
                "Train it longer, or on more names."
            )
        logits, state = model.step(ix, state)
        log_probs = logits.double().log_softmax(dim=-1)
        uniform = torch.from_numpy(np.concatenate([rng.random(BLOCK) for rng in rngs]))
        probs = log_probs.exp()
        if not columns:
            probs[:, 0] = 0
        ix = torch.where(alive, draw(probs, uniform), 0)
        costs -= torch.where(alive, log_probs.gather(1, ix[:, None])[:, 0], 0)
        lengths += alive
        alive &= ix != 0
        columns.append(ix)
    return torch.stack(columns, dim=1).numpy(), (costs / lengths).numpy()


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
