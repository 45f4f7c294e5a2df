"""Samplers: blocks of names of a model under constraints. Random walks are here; only nets import guided sampling."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from makemore.errors import UnsatisfiableRequest
from makemore.models import AutomatonModel, LanguageModel, NetModel
from makemore.options import check_seed
from makemore.sampling.automaton import Automaton, Decoding, automaton_of, counting_automaton
from makemore.sampling.constraints import Constraints
from makemore.sampling.trellis import Trellis
from makemore.sampling.trie import Trie
from makemore.sampling.walk import DistributionCache, walk
from makemore.vocab import Floats, Vocab

BLOCK_SIZE = 1 << 14
"""Names of an automaton that share a random stream."""
Block = tuple[npt.NDArray[np.integer], Floats]
"""Ids (n, T) of names, each row up to its first 0, and their nats (n,) under the model itself."""


class Acceptance(NamedTuple):
    """Counts of proposals; `truncated` ones have a weight above the bound, and their names are slightly too rare."""

    proposed: int
    accepted: int
    truncated: int


@dataclass(frozen=True)
class Sampler:
    """Draws names in blocks."""

    vocab: Vocab
    block_size: int  # names of a block, at most
    block: Callable[[np.random.Generator], Block]  # draw a block of names, determined by the random numbers
    excluding: "Callable[[pl.Series], Sampler]"  # return a sampler that excludes these names too
    probability: float = 1.0  # that a non-empty name of the model satisfies the constraints; an estimate for nets
    workers: int = 1  # blocks to draw in parallel
    acceptance: list[Acceptance] = field(default_factory=list)  # counts of each block so far; empty for automata


def sampler_of(
    model: LanguageModel, vocab: Vocab, constraints: Constraints, decoding: Decoding = Decoding(), *, seed: int,
    guide: Callable[[], Automaton] | None = None,
) -> Sampler:  # fmt: skip
    """Return the sampler of a model under constraints; a net needs a good guide to be fast.

    Raise InvalidOption if the seed or the constraints are invalid, UnsatisfiableRequest if no name satisfies them.
    """
    check_seed(seed)
    if isinstance(model, AutomatonModel):
        return _automaton_sampler(Trellis.of(automaton_of(model, decoding), constraints), vocab)
    from makemore.sampling.net_sampler import net_sampler

    assert isinstance(model, NetModel)
    return net_sampler(
        model, vocab, constraints, decoding, seed=seed, guide=guide or partial(counting_automaton, len(vocab))
    )


def _automaton_sampler(trellis: Trellis, vocab: Vocab, warm: DistributionCache | None = None) -> Sampler:
    """Return the sampler of an automaton: each draw satisfies the constraints."""
    probability = 1.0
    if not trellis.constraints.is_unconstrained:
        probability = satisfiable(trellis).total / float(trellis.product.automaton.probs[0, 1:].sum())
    cache, lock = DistributionCache(trellis, warm), threading.Lock()

    def block(rng: np.random.Generator) -> Block:
        # Threads that draw shards of one request share the cache.
        with lock:
            return walk(cache, rng, BLOCK_SIZE)

    def excluding(names: pl.Series) -> Sampler:
        return _automaton_sampler(exclude(trellis, names, vocab), vocab, cache)

    return Sampler(vocab, BLOCK_SIZE, block, excluding, probability)


def satisfiable(trellis: Trellis) -> Trellis:
    """Return the trellis; raise UnsatisfiableRequest if no name satisfies its constraints."""
    if not trellis.total > 0:
        raise UnsatisfiableRequest("no name satisfies these constraints")
    return trellis


def exclude(trellis: Trellis, names: pl.Series, vocab: Vocab) -> Trellis:
    """Return a trellis that excludes these names too."""
    excluded = trellis.constraints.excluded
    return trellis.excluding(Trie.of(names if excluded is None else pl.concat([excluded.names, names]), vocab))


def random_stream(seed: int, shard: int, block: int) -> np.random.Generator:
    """Return the Philox generator (Salmon et al. 2011) of a block, which is independent of those of other blocks."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, (shard << 32) + block], dtype=np.uint64)))
