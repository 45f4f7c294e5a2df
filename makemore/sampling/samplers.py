"""Samplers: blocks of names of a model under constraints, by random walks or by guided sampling."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import torch

from makemore.device import cores, threads
from makemore.errors import UnsatisfiableRequest
from makemore.models import AutomatonModel, LanguageModel
from makemore.options import check_seed
from makemore.sampling.automaton import Automaton, Decoding, automaton_of, counting_automaton
from makemore.sampling.constraints import Constraints, text_dfa
from makemore.sampling.guided import ProposalDistribution, propose
from makemore.sampling.pilot import ABANDON_MARGIN, Pilot, run_pilot
from makemore.sampling.trellis import Trellis
from makemore.sampling.trie import Trie
from makemore.sampling.walk import DistributionCache, walk
from makemore.vocab import Floats, Vocab

BLOCK_SIZE = 1 << 14
"""Names of an automaton that share a random stream."""
BATCH_SIZE = {"cpu": 2048, "cuda": 16384}
"""Names that a net generates in one batch and that share a random stream, by device type."""
MAX_BATCH_ELEMENTS = 1 << 23
"""Limit of names times characters of a batch: 64 MB of float64."""
PILOT_SHARD = 2**32 - 1
"""Shard of the pilot run: larger than that of any sample."""

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
    guide: Callable[[], Automaton] | None = None, device: torch.device = torch.device("cpu"),
) -> Sampler:  # fmt: skip
    """Return the sampler of a model under constraints; a net is on `device`, and needs a good guide to be fast.

    Raise InvalidOption if the seed or the constraints are invalid, UnsatisfiableRequest if no name satisfies them.
    """
    check_seed(seed)
    if isinstance(model, AutomatonModel):
        return _automaton_sampler(Trellis.of(automaton_of(model, decoding), constraints), vocab)
    guide = guide or partial(counting_automaton, len(vocab))
    trellis = None if constraints.is_unconstrained else Trellis.of(guide(), constraints)
    return _guided_sampler(ProposalDistribution(model, decoding, trellis, device), vocab, guide, seed)


def _automaton_sampler(trellis: Trellis, vocab: Vocab, warm: DistributionCache | None = None) -> Sampler:
    """Return the sampler of an automaton: each draw satisfies the constraints."""
    probability = 1.0
    if not trellis.constraints.is_unconstrained:
        probability = _satisfiable(trellis).total / float(trellis.product.automaton.probs[0, 1:].sum())
    cache, lock = DistributionCache(trellis, warm), threading.Lock()

    def block(rng: np.random.Generator) -> Block:
        # Threads that draw shards of one request share the cache.
        with lock:
            return walk(cache, rng, BLOCK_SIZE)

    def excluding(names: pl.Series) -> Sampler:
        return _automaton_sampler(_exclude(trellis, names, vocab), vocab, cache)

    return Sampler(vocab, BLOCK_SIZE, block, excluding, probability)


def _guided_sampler(
    distribution: ProposalDistribution, vocab: Vocab, guide: Callable[[], Automaton], seed: int
) -> Sampler:
    """Return the sampler of a net: it accepts proposals with a probability in proportion to their importance weights.

    This is rejection sampling with a bound from a pilot run (Caffo, Booth and Davis 2002). With the guide's support
    alone, weights are at most 1 and sampling is exact. Otherwise weights are truncated at the bound, which misallocates
    up to `TRUNCATED_MASS` of the names. Without constraints all weights are 1.
    """
    device, acceptance = distribution.device.type, list[Acceptance]()
    size = max(1, min(BATCH_SIZE[device], MAX_BATCH_ELEMENTS // len(vocab)))
    pilot = Pilot(distribution, log_bound=0.0, probability=1.0)
    if distribution.guide is not None:
        stream = partial(random_stream, seed, PILOT_SHARD)
        with threads():
            pilot = run_pilot(distribution, _satisfiable(distribution.guide), size, stream)
    # With the guide's support alone, weights never rise.
    margin = 0 if np.isinf(pilot.distribution.smoothing) else ABANDON_MARGIN

    def block(rng: np.random.Generator) -> Block:
        threshold = np.log(rng.random(size)) + pilot.log_bound
        with threads():
            proposals = propose(pilot.distribution, rng, threshold - margin)
        accepted = threshold < proposals.log_weights
        truncated = proposals.log_weights > pilot.log_bound + 1e-9
        acceptance.append(Acceptance(size, int(accepted.sum()), int(truncated.sum())))
        return proposals.ids[accepted], proposals.nats[accepted]

    def excluding(names: pl.Series) -> Sampler:
        trellis = distribution.guide or Trellis.of(guide(), Constraints(text_dfa(vocab)))
        return _guided_sampler(replace(distribution, guide=_exclude(trellis, names, vocab)), vocab, guide, seed)

    workers = cores() if device == "cpu" else 1
    return Sampler(vocab, size, block, excluding, pilot.probability, workers, acceptance)


def _satisfiable(trellis: Trellis) -> Trellis:
    if not trellis.total > 0:
        raise UnsatisfiableRequest("no name satisfies these constraints")
    return trellis


def _exclude(trellis: Trellis, names: pl.Series, vocab: Vocab) -> Trellis:
    excluded = trellis.constraints.excluded
    return trellis.excluding(Trie.of(names if excluded is None else pl.concat([excluded.names, names]), vocab))


def random_stream(seed: int, shard: int, block: int) -> np.random.Generator:
    """Return the Philox generator (Salmon et al. 2011) of a block, which is independent of those of other blocks."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, (shard << 32) + block], dtype=np.uint64)))
