"""Independent random streams for the blocks of a sample."""

from __future__ import annotations

import numpy as np

PILOT_SHARD = 2**32 - 1
"""Shard of pilot runs: larger than that of any sample."""


def random_stream(seed: int, shard: int, block: int) -> np.random.Generator:
    """Return the Philox generator (Salmon et al. 2011) of a block: any block can be drawn without those before it."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, (shard << 32) + block], dtype=np.uint64)))
