"""Samples of n names: shards and blocks with random streams of their own, with or without replacement."""

from collections.abc import Generator, Iterator
from itertools import islice

import numpy as np
import polars as pl

from makemore.errors import UnsatisfiableRequest
from makemore.options import check_seed
from makemore.prefetch import in_threads
from makemore.sampling.samplers import Sampler, random_stream

SHARD_SIZE = 1 << 20
"""Names of a shard, which can be drawn without the shards before it."""
MAX_OVERSAMPLING = 1000
"""Limit of drawn proposals per requested name."""
MAX_MERGED_BLOCKS = 16
"""Blocks that are searched for duplicates at once, at most."""


def sample(sampler: Sampler, n: int, *, seed: int, shard: int = 0, distinct: bool = False) -> Iterator[pl.DataFrame]:
    """Yield frames of `n` names in all, with their nll under the model itself (nats per character, end included).

    A smaller sample is the start of a larger one with the same seed. A shard of `SHARD_SIZE` names is the same whether
    it is drawn alone or after others. `distinct` names are drawn without replacement, in one shard.

    Raise InvalidOption if the seed is out of range, UnsatisfiableRequest if there are too few or too improbable names.
    """
    check_seed(seed)
    if distinct:
        yield from _distinct(sampler, n, seed, shard)
        return
    for number in range(shard, shard - -n // SHARD_SIZE):
        left = min(SHARD_SIZE, n - (number - shard) * SHARD_SIZE)
        for frame in _frames(sampler, left, seed, number):
            yield frame.head(left)
            left -= len(frame)
            if left <= 0:
                break


def _frames(sampler: Sampler, n: int, seed: int, shard: int, first: int = 0) -> Generator[pl.DataFrame]:
    """Yield names and their nll block by block, without end."""

    def block(number: int) -> pl.DataFrame:
        ids, nats = sampler.block(random_stream(seed, shard, number))
        names = sampler.vocab.decode(ids)
        return pl.DataFrame({"name": names, "nll": nats / (names.str.len_chars().to_numpy() + 1)})

    accepted = 0
    while True:
        # Start only the blocks that are necessary even if no proposal is rejected.
        blocks = max(1, -((accepted - n) // sampler.block_size))
        for frame in in_threads(block, range(first, first + blocks), min(sampler.workers, blocks)):
            accepted += len(frame)
            if len(frame):
                yield frame
        first += blocks
        proposed = first * sampler.block_size
        if accepted < n and proposed > MAX_OVERSAMPLING * (n + sampler.block_size):
            message = f"only {accepted:,} of {proposed:,} proposals were accepted, {n:,} names were requested"
            raise UnsatisfiableRequest(message, "request fewer names, or use another model")


def _distinct(sampler: Sampler, n: int, seed: int, shard: int) -> Iterator[pl.DataFrame]:
    """Yield the first occurrence of each name; exclude the found names from the sampler when most draws repeat them."""
    hashes_found, names_found, blocks, merged = np.zeros(0, dtype=np.uint64), list[pl.Series](), 0, 1
    frames, left = _frames(sampler, n, seed, shard), n
    while left > 0:
        drawn = pl.concat(islice(frames, merged))
        blocks, merged = blocks + merged, min(2 * merged, MAX_MERGED_BLOCKS)
        fresh = drawn.unique("name", keep="first", maintain_order=True)
        hashes = fresh["name"].hash().to_numpy()
        index = hashes_found.searchsorted(hashes)
        is_new = np.append(hashes_found, np.uint64(0))[index] != hashes
        fresh = fresh.filter(pl.Series(is_new)).head(left)
        if len(fresh):
            yield fresh
        elif blocks > merged:
            raise too_few(n - left, n)
        left -= len(fresh)
        # A stable sort merges two sorted runs in one pass.
        hashes_found = np.concatenate([hashes_found, np.sort(hashes[is_new])])
        hashes_found.sort(kind="stable")
        names_found.append(fresh["name"])
        if left > 0 and 2 * len(fresh) < len(drawn):
            frames.close()
            try:
                sampler = sampler.excluding(pl.concat(names_found))
            except UnsatisfiableRequest as error:
                raise too_few(n - left, n) from error
            frames = _frames(sampler, left, seed, shard, first=blocks)


def too_few(found: float, requested: int) -> UnsatisfiableRequest:
    """Return the error of a request for more names than satisfy its constraints."""
    names = "1 name satisfies" if found == 1 else f"{found:,.0f} names satisfy"
    return UnsatisfiableRequest(f"only {names} these constraints, {requested:,} were requested")
