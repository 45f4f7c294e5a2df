"""Generation of the names of a request, shard by shard."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import polars as pl

from makemore.errors import UnsatisfiableRequest
from makemore.models import AutomatonModel, LanguageModel
from makemore.options import MAX_LENGTH
from makemore.sampling import sample
from makemore.sampling.automaton import Automaton, Decoding, automaton_of, counting_automaton
from makemore.sampling.backward import max_product
from makemore.sampling.best import best
from makemore.sampling.constraints import Constraints
from makemore.sampling.requests import Request
from makemore.sampling.samplers import Acceptance, sampler_of
from makemore.sampling.trellis import Trellis
from makemore.vocab import Vocab

log = logging.getLogger("makemore")

FRAME_SIZE = 10_000
"""Names of a frame of the most probable names."""


@dataclass(frozen=True)
class Generation:
    """The names of a satisfiable request, generated on demand."""

    request: Request
    draw: Callable[..., Iterator[pl.DataFrame]]  # columns name and nll, given n and shard
    probability: float = 1.0  # share of the model's names that satisfy the constraints; 1 for the most probable names
    acceptance: Sequence[Acceptance] = ()  # counts of proposals so far, if some are rejected

    @property
    def shards(self) -> int:
        """Number of parts that can be generated independently."""
        is_sequential = self.request.best or self.request.options.distinct
        return 1 if is_sequential else -(-self.request.n // sample.SHARD_SIZE)

    def summary(self) -> str:
        """Return the share of unconstrained names that satisfy the constraints, and the acceptance rate, in a line."""
        line = f"request {self.request.id}: " if self.request.id else ""
        line += f"{self.request.model}: {'about ' if self.acceptance else ''}{100 * self.probability:.9g} % "
        line += "of unconstrained names satisfy these constraints"
        if not self.acceptance:
            return line
        proposed, accepted, truncated = map(sum, zip(*self.acceptance, strict=True))
        line += f"; {accepted:,} of {proposed:,} proposals accepted ({accepted / proposed:.1%})"
        return line + (f", {truncated:,} of them with a truncated weight" if truncated else "")

    def names(self, shard: int) -> Iterator[pl.DataFrame]:
        """Yield columns rank (from 1), name and nll of the names of a shard."""
        start = rank = shard * sample.SHARD_SIZE
        n = self.request.n - start if self.shards == 1 else min(self.request.n - start, sample.SHARD_SIZE)
        unended = 0
        for frame in self.draw(n, shard=shard):
            unended += int((frame["name"].str.len_chars() >= MAX_LENGTH).sum())
            yield frame.select((pl.int_range(pl.len(), dtype=pl.Int64) + rank + 1).alias("rank"), "name", "nll")
            rank += len(frame)
        if unended:
            log.warning(
                "%s: %d of %d names were cut off at %d characters. hint: use less smoothing, or train on more names",
                self.request.model, unended, n, MAX_LENGTH,
            )  # fmt: skip


def generation_of(
    model: LanguageModel, vocab: Vocab, request: Request, constraints: Constraints, *,
    guide: Callable[[Decoding], Automaton],
) -> Generation:  # fmt: skip
    """Return the generation of a request; `guide` makes the automaton that guides a net. Raise UnsatisfiableRequest."""
    options = request.options
    decoding = Decoding(options.temperature, options.top_k, options.top_p)
    if request.best or options.distinct:
        counting = counting_automaton(len(vocab))
        support = automaton_of(model, decoding).support if isinstance(model, AutomatonModel) else counting
        _check_count(support, request, constraints)
    if request.best:
        if not isinstance(model, AutomatonModel):
            raise UnsatisfiableRequest(f"--best supports bigram, bigram_net and ngram, not {request.model}")
        trellis = Trellis.of(automaton_of(model, decoding), constraints, max_product)
        return Generation(request, partial(_best, trellis, vocab))
    sampler = sampler_of(model, vocab, constraints, decoding, seed=request.seed, guide=partial(guide, decoding))
    draw = partial(sample.sample, sampler, seed=request.seed, distinct=options.distinct)
    return Generation(request, draw, sampler.probability, sampler.acceptance)


def _check_count(support: Automaton, request: Request, constraints: Constraints) -> None:
    excluded = 0 if constraints.excluded is None else len(constraints.excluded.names)
    # A lower bound, without the cost of the trie.
    if Trellis.of(support, replace(constraints, excluded=None)).total - excluded >= request.n:
        return
    if (count := Trellis.of(support, constraints).total) < request.n:
        raise sample.too_few(count, request.n)


def _best(trellis: Trellis, vocab: Vocab, n: int, *, shard: int) -> Iterator[pl.DataFrame]:
    names, left = islice(best(trellis, vocab), n), n
    while frame := list(islice(names, FRAME_SIZE)):
        yield pl.DataFrame(
            {"name": [name for name, _ in frame], "nll": [nats / (len(name) + 1) for name, nats in frame]},
            schema_overrides={"name": pl.String},
        )
        left -= len(frame)
    if left:
        raise UnsatisfiableRequest(f"only {n - left:,} names are more probable than 1e-300, {n:,} were requested")
