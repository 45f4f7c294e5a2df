"""Sampling: new names from any model, the same for the same seed, and only such as are wanted."""

from __future__ import annotations

import math
import threading
from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import torch

from makemore.device import cores, threads
from makemore.errors import UnsatisfiableRequest
from makemore.options import check_seed
from makemore.prefetch import in_threads
from makemore.sampling.automaton import Automaton, Decoding, automaton_of, is_automaton
from makemore.sampling.constraints import constraint
from makemore.sampling.guided import Proposals, Steering, Tally
from makemore.sampling.trellis import Floats, Trellis, Wanted
from makemore.sampling.trie import Trie, trie_of
from makemore.sampling.walk import Rows, walk
from makemore.vocab import Vocab

SHARD = 1 << 20
"""Names of a large sample that can be drawn without those before them."""
BLOCK = 1 << 14
"""Names of an automaton that share a stream of random numbers."""
ABREAST = {"cpu": 2048, "cuda": 16384}
"""Names that a net makes side by side: a block, by the kind of device."""
ELEMENTS = 1 << 23
"""Probabilities that are in memory at a time: names of a large vocab are made in smaller blocks."""
LAST_SHARD = 2**32 - 1
"""A shard that no sample is large enough to have: the pilot's."""
PILOT = 2
"""Blocks that tell how far a net and its guide are apart."""
ENOUGH = 0.3
"""Share of proposals that are kept, from which on nothing better is looked for."""
HOPE = 20.0
"""Nats by which the weight of an unfinished name is never expected to rise again: below, it is given up."""
UNSURE = (math.inf, 0.0, 1.0)
"""What is added to a guide's values, in units of the probability of all that is wanted, to find what rejects least."""
MISPLACED = 1e-3
"""Share of the names, at most, that come too rarely because a weight has to end somewhere; others come for them."""
TOGETHER = 16
"""Blocks at most that are searched for repeats at once."""
VAIN = 1000
"""How many times as many blocks as the names would fill are drawn at most."""

Drawn = tuple[npt.NDArray[np.integer], Floats]
"""Ids (n, T) of names, each row up to its first 0, and the nats (n,) of each under the model itself."""


class Sampler(Protocol):
    """What draws names, a block at a time."""

    vocab: Vocab
    size: int
    """Names that a block has at most."""
    workers: int
    """Blocks that are worth making at the same time."""

    @property
    def probability(self) -> float:
        """How probable it is that a name of the model is one that is wanted; of a net, about."""
        ...

    @property
    def tally(self) -> Tally | None:
        """What became of proposals, where some are rejected."""
        ...

    def block(self, rng: np.random.Generator) -> Drawn:
        """Names that follow from the random numbers alone."""
        ...

    def without(self, names: pl.Series) -> Sampler:
        """The sampler of the same names, but for these."""
        ...


def sampler_of(
    model: Any, vocab: Vocab, wanted: Wanted, decoding: Decoding = Decoding(), *, seed: int,
    guide: Automaton | None = None, device: torch.device = torch.device("cpu"),
) -> Sampler:  # fmt: skip
    """What draws such names of a model; a net, which is on `device`, is led by a guide unless any name will do.

    Raises:
        ValueError: the seed is out of range, or a net has no guide.
        UnsatisfiableRequest: the model makes no such name.
    """
    check_seed(seed)
    if is_automaton(model):
        return Walker(Trellis(automaton_of(model, decoding), wanted), vocab)
    trellis = None if wanted.anything else Trellis(_given(guide), wanted)
    return Steered(Steering(model, decoding, trellis, device), vocab, guide, seed=seed)


class Walker:
    """Draws names of an automaton: each draw is one that is wanted."""

    size = BLOCK
    workers = 1
    tally: Tally | None = None

    def __init__(self, trellis: Trellis, vocab: Vocab, known: Rows | None = None) -> None:
        self.trellis, self.vocab = trellis, vocab
        if not trellis.wanted.anything and not trellis.value > 0:
            raise UnsatisfiableRequest("no name that the model makes is as asked.")
        self.rows = Rows(trellis, known)
        self.lock = threading.Lock()

    @property
    def probability(self) -> float:
        """How probable it is that a name of the model, drawn as it comes, is one that is wanted: exactly."""
        return self.trellis.value / float(self.trellis.automaton.probs[0, 1:].sum())

    def block(self, rng: np.random.Generator) -> Drawn:
        """`size` names."""
        # Rows are made on the way, and shards of one request may be made in several threads.
        with self.lock:
            return walk(self.rows, rng, self.size)

    def without(self, names: pl.Series) -> Sampler:
        """The walker of the same names, but for these."""
        trellis = self.trellis.but_for(_joined(self.trellis.wanted.without, names, self.vocab))
        return Walker(trellis, self.vocab, self.rows)


class Steered:
    """Draws names of a net; of those that a guide proposes, so many that each comes as often as the net makes it.

    A name is kept with a probability in proportion to its weight (`Proposals.log_weights`) up to a bound, so that the
    names kept come as often as the net itself makes them (rejection sampling with a bound that a pilot tells: Caffo,
    Booth and Davis 2002). A guide that only says what is possible has weights of 1 at most, and the names are exact;
    one that says how probable it is rejects fewer where what is wanted is rare, and misplaces `MISPLACED` of them.
    """

    def __init__(self, steering: Steering, vocab: Vocab, lead: Automaton | None, *, seed: int) -> None:
        self.steering, self.vocab, self.lead, self.seed = steering, vocab, lead, seed
        self.tally: Tally | None = Tally()
        self.size = max(1, min(ABREAST[steering.device.type], ELEMENTS // len(vocab)))
        self.workers = cores() if steering.device.type == "cpu" else 1
        self.log_bound, self.probability = 0.0, 1.0
        if steering.guide is not None:
            self._pilot(steering.guide)

    def block(self, rng: np.random.Generator) -> Drawn:
        """Those of `size` proposals that are kept."""
        keep = rng.random(self.size)
        if self.steering.guide is None:
            made = self._propose(self.steering, rng)
            return made.ids, made.nats
        least = np.log(keep) + self.log_bound
        made = self._propose(self.steering, rng, least - (0 if np.isinf(self.steering.added) else HOPE))
        kept = least < made.log_weights
        assert self.tally is not None
        self.tally.add(self.size, int(kept.sum()), int((made.log_weights > self.log_bound + 1e-9).sum()))
        return made.ids[kept], made.nats[kept]

    def without(self, names: pl.Series) -> Sampler:
        """The sampler of the same names, but for these."""
        guide = self.steering.guide or Trellis(_given(self.lead), Wanted(constraint(self.vocab)))
        guide = guide.but_for(_joined(guide.wanted.without, names, self.vocab))
        return Steered(replace(self.steering, guide=guide), self.vocab, self.lead, seed=self.seed)

    def _pilot(self, guide: Trellis) -> None:
        """Find how sure the guide should be, the bound, and about how probable a wanted name is: the mean weight."""
        if not guide.value > 0:
            raise UnsatisfiableRequest("no name is as asked.")
        most = 0.0
        for unsure in UNSURE:
            steering = replace(self.steering, added=unsure * guide.value)
            least = np.full(self.size, math.log(guide.value) - HOPE)
            made = [self._propose(steering, _rng(self.seed, LAST_SHARD, block), least) for block in range(PILOT)]
            weights = np.exp(np.concatenate([proposals.log_weights for proposals in made]))
            bound = 1.0 if np.isinf(unsure) else _bound(weights)
            if weights.mean() > most * bound and made[0].log_forced > -math.inf:
                most, self.log_bound, self.steering = weights.mean() / bound, math.log(bound), steering
                self.probability = math.exp(made[0].log_forced) * weights.mean() / (1 - steering.empty())
            if most > ENOUGH:
                break
        if not most:
            raise UnsatisfiableRequest(
                f"none of {len(UNSURE) * PILOT * self.size:,} names that were tried ended as asked."
            )

    def _propose(self, steering: Steering, rng: np.random.Generator, least: Floats | None = None) -> Proposals:
        with threads():
            return steering.propose(rng, self.size, least)


def _given(guide: Automaton | None) -> Automaton:
    if guide is None:
        raise ValueError("a net is led to names by a guide: give it the automaton of a count model.")
    return guide


def _bound(weights: Floats) -> float:
    """The lowest bound above which no more than `MISPLACED` of the sum of weights lies."""
    ordered = np.sort(weights)[::-1]
    above = ordered.cumsum() - ordered * np.arange(1, len(ordered) + 1)
    return float(ordered[np.count_nonzero(above <= MISPLACED * ordered.sum()) - 1])


def _rng(seed: int, shard: int, block: int) -> np.random.Generator:
    """The random numbers of a block: a Philox generator of its own (Salmon et al. 2011)."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, (shard << 32) + block], dtype=np.uint64)))


def _joined(trie: Trie | None, names: pl.Series, vocab: Vocab) -> Trie:
    return trie_of(names if trie is None else pl.concat([trie.names, names]), vocab)


def sample(sampler: Sampler, n: int, *, seed: int, shard: int = 0, distinct: bool = False) -> Iterator[pl.DataFrame]:
    """Names and their nll, `n` in all, some at a time.

    The first names of a larger sample are those of a smaller one. Each shard of `SHARD` names has random numbers of
    its own: it is the same whether it is drawn alone or after others. A name has at least one character. Its nll is
    the model's own, its end counted.

    `distinct` names are drawn without replacement, each from what the ones before have left; they are one shard.

    Raises:
        ValueError: the seed is out of range, or no name can begin.
        UnsatisfiableRequest: there are fewer such names, or they are too improbable to be found.
    """
    check_seed(seed)
    if distinct:
        yield from _distinct(sampler, n, seed, shard)
        return
    for number in range(shard, shard - -n // SHARD):
        left = min(SHARD, n - (number - shard) * SHARD)
        for frame in _frames(sampler, left, seed, number):
            yield frame.head(left)
            left -= len(frame)
            if left <= 0:
                break


def _frames(sampler: Sampler, n: int, seed: int, shard: int, first: int = 0) -> Generator[pl.DataFrame]:
    """Names and their nll, block by block, for as long as someone asks."""

    def drawn(number: int) -> pl.DataFrame:
        ids, nats = sampler.block(_rng(seed, shard, number))
        names = sampler.vocab.decode(ids)
        return pl.DataFrame({"name": names, "nll": nats / (names.str.len_chars().to_numpy() + 1)})

    found = 0
    while True:
        # No block is begun that would not be needed if none of them were drawn in vain.
        blocks = max(1, -((found - n) // sampler.size))
        for frame in in_threads(drawn, range(first, first + blocks), min(sampler.workers, blocks)):
            found += len(frame)
            if len(frame):
                yield frame
        first += blocks
        if found < n and first * sampler.size > VAIN * (n + sampler.size):
            raise UnsatisfiableRequest(
                f"{first * sampler.size:,} names were drawn, and {found:,} of {n:,} were found that are wanted: "
                "ask for fewer, or of another model."
            )


def _distinct(sampler: Sampler, n: int, seed: int, shard: int) -> Iterator[pl.DataFrame]:
    """Names that are each the first of their kind; of the blocks that hold most of what there is, only the rest."""
    seen, kept, blocks, together = np.zeros(0, dtype=np.uint64), list[pl.Series](), 0, 1
    frames = _frames(sampler, n, seed, shard)
    left = n
    while left > 0:
        drawn = pl.concat(islice(frames, together))
        blocks, together = blocks + together, min(2 * together, TOGETHER)
        fresh = drawn.unique("name", keep="first", maintain_order=True)
        hashes = fresh["name"].hash().to_numpy()
        place = seen.searchsorted(hashes)
        is_new = np.append(seen, np.uint64(0))[place] != hashes if len(seen) else np.ones(len(hashes), dtype=bool)
        fresh = fresh.filter(pl.Series(is_new)).head(left)
        if len(fresh):
            yield fresh
        elif blocks > together:
            raise UnsatisfiableRequest(f"{n - left:,} such names are found, and {n:,} are wanted.")
        left -= len(fresh)
        seen = np.concatenate([seen, np.sort(hashes[is_new])])
        # Two runs in order: merged in one pass.
        seen.sort(kind="stable")
        kept.append(fresh["name"])
        if left > 0 and 2 * len(fresh) < len(drawn):
            frames.close()
            try:
                sampler = sampler.without(pl.concat(kept))
            except UnsatisfiableRequest as error:
                raise UnsatisfiableRequest(f"{n - left:,} such names are found, and {n:,} are wanted.") from error
            frames = _frames(sampler, left, seed, shard, first=blocks)
