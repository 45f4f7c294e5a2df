"""The sampler of a net: guided proposals, accepted or rejected by their importance weights."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from makemore.device import cores, threads
from makemore.models import NetModel
from makemore.sampling.automaton import Automaton, Decoding
from makemore.sampling.constraints import Constraints, text_dfa
from makemore.sampling.guided import ProposalDistribution, propose
from makemore.sampling.pilot import ABANDON_MARGIN, Pilot, run_pilot
from makemore.sampling.samplers import Acceptance, Block, Sampler, exclude, random_stream, satisfiable
from makemore.sampling.trellis import Trellis
from makemore.vocab import Vocab

BATCH_SIZE = {"cpu": 2048, "cuda": 16384}
"""Names that a net generates in one batch and that share a random stream, by device type."""
MAX_BATCH_ELEMENTS = 1 << 23
"""Limit of names times characters of a batch: 64 MB of float64."""
PILOT_SHARD = 2**32 - 1
"""Shard of the pilot run: larger than that of any sample."""


def net_sampler(
    model: NetModel, vocab: Vocab, constraints: Constraints, decoding: Decoding, *, seed: int,
    guide: Callable[[], Automaton],
) -> Sampler:  # fmt: skip
    """Return the sampler of a net under constraints; raise as `samplers.sampler_of`."""
    trellis = None if constraints.is_unconstrained else Trellis.of(guide(), constraints)
    return _sampler(ProposalDistribution(model, decoding, trellis), vocab, guide, seed)


def _sampler(distribution: ProposalDistribution, vocab: Vocab, guide: Callable[[], Automaton], seed: int) -> Sampler:
    """Return the sampler of a net: it accepts proposals with a probability in proportion to their importance weights.

    This is rejection sampling with a bound from a pilot run (Caffo, Booth and Davis 2002). With the guide's support
    alone, weights are at most 1 and sampling is exact. Otherwise weights are truncated at the bound, which misallocates
    up to `TRUNCATED_MASS` of the names. Without constraints all weights are 1.
    """
    device, acceptance = distribution.model.device.type, list[Acceptance]()
    size = max(1, min(BATCH_SIZE[device], MAX_BATCH_ELEMENTS // len(vocab)))
    pilot = Pilot(distribution, log_bound=0.0, probability=1.0)
    if distribution.guide is not None:
        stream = partial(random_stream, seed, PILOT_SHARD)
        with threads():
            pilot = run_pilot(distribution, satisfiable(distribution.guide), size, stream)
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
        return _sampler(replace(distribution, guide=exclude(trellis, names, vocab)), vocab, guide, seed)

    workers = cores() if device == "cpu" else 1
    return Sampler(vocab, size, block, excluding, pilot.probability, workers, acceptance)
