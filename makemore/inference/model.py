"""A model of a published version, loaded: what makes names and scores them, for programs, commands and flows alike."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import torch

from makemore.data import dataset
from makemore.database import connect
from makemore.device import choose as choose_device
from makemore.errors import UnsatisfiableRequest
from makemore.evaluation.name_scores import described
from makemore.home import Home
from makemore.models import bigram
from makemore.options import LONGEST, SEED, SampleOptions
from makemore.sampling import sample
from makemore.sampling.automaton import Automaton, Decoding, automaton_of, everything, is_automaton
from makemore.sampling.best import best
from makemore.sampling.constraints import constraint
from makemore.sampling.guided import Tally
from makemore.sampling.requests import Request
from makemore.sampling.trellis import Trellis, Wanted, largest
from makemore.sampling.trie import trie_of
from makemore.versions import weights
from makemore.versions.folder import MANIFEST
from makemore.versions.store import find_version
from makemore.versions.version import Version

log = logging.getLogger("makemore")

COOLEST = 0.5
"""Temperature of a guide, at least."""
PIECE = 10_000
"""Names that a search for the best hands on at a time."""


@dataclass(frozen=True)
class Making:
    """Names that are about to be made, as a request asks."""

    request: Request
    draw: Callable[[int, int], Iterator[pl.DataFrame]]
    """Columns name and nll of so many names of a shard."""
    probability: float | None = None
    """How probable it is that a name of the model, drawn as it comes, is as asked; None where nothing is drawn."""
    tally: Tally | None = None
    """What became of proposals, where some are rejected: of a net that is told what to make."""

    @property
    def shards(self) -> int:
        """Parts that can be made one without the other."""
        whole = self.request.best or self.request.options.distinct
        return 1 if whole else -(-self.request.n // sample.SHARD)

    @property
    def is_constrained(self) -> bool:
        """Whether some names of the model are not as asked."""
        return self.probability is not None and self.probability != 1

    def account(self) -> str:
        """How probable it was that a name is as asked, and how many proposals were rejected for it, in a line."""
        tally = self.tally
        about = "" if tally is None else "about "
        told = f"request {self.request.id}: " if self.request.id else ""
        told += f"{self.request.model}: a name drawn as it comes is as asked "
        told += f"with probability {about}{self.probability:.9g}"
        if tally is None or not tally.proposed:
            return told
        told += f"; {tally.kept:,} of {tally.proposed:,} proposals were kept ({tally.kept / tally.proposed:.1%})"
        return told + (f", {tally.clipped:,} of them above the bound" if tally.clipped else "")

    def names(self, shard: int) -> Iterator[pl.DataFrame]:
        """Columns rank (from 1), name and nll of the names of a shard, some at a time."""
        rank, until = shard * sample.SHARD, self.request.n
        if self.shards > 1:
            until = min(until, rank + sample.SHARD)
        endless = 0
        for frame in self.draw(until - rank, shard):
            endless += int((frame["name"].str.len_chars() >= LONGEST).sum())
            yield frame.select((pl.int_range(pl.len(), dtype=pl.Int64) + rank + 1).alias("rank"), "name", "nll")
            rank += len(frame)
        if endless:
            log.warning(
                "%s: %d of %d names did not end by themselves in %d characters: less smoothing helps, or more names",
                self.request.model, endless, until - shard * sample.SHARD, LONGEST,
            )  # fmt: skip


class Loaded:
    """A model of a version, and its characters.

    `model` is the torch module, `vocab` has the characters and their ids, `version` is its version.
    """

    def __init__(self, folder: Path, device: str = "auto") -> None:
        self.folder, self.version, self.model_type = folder, Version(folder.parent.parent), folder.name
        self.model, self.vocab = weights.load_model(folder)
        self.is_automaton = is_automaton(self.model)
        self.device = torch.device("cpu") if self.is_automaton else choose_device(device)
        for part in (self.model, *getattr(self.model, "parts", ())):
            part.to(self.device)

    def sample(
        self, n: int, *, seed: int = SEED, not_in: Iterable[str] = (), ban: Iterable[str] = (), **options: Any
    ) -> pl.DataFrame:
        """`n` new names: columns rank (from 1), name and nll (nats a character, end counted).

        The same seed gives the same names. `options` are those of `SampleOptions`: prefix, suffix, contains, pattern,
        min_length, max_length, novel, distinct, temperature, top_k, top_p. None of the names `not_in` is made, and
        none with a text of `ban` in it.

        Raises:
            UnsatisfiableRequest: there is no such name, or fewer than n if they are to be distinct.
            ValueError: an option is out of its range.
        """
        return self._made(Request(n, seed=seed, options=SampleOptions(**options)), not_in, ban)

    def best(self, n: int, *, not_in: Iterable[str] = (), ban: Iterable[str] = (), **options: Any) -> pl.DataFrame:
        """The `n` most probable names, in their order: columns rank, name and nll; options as of `sample`.

        Raises:
            UnsatisfiableRequest: there are fewer than n such names, or the model is a net.
            ValueError: an option is out of its range.
        """
        return self._made(Request(n, best=True, options=SampleOptions(**options)), not_in, ban)

    def score(self, names: Sequence[str] | pl.Series) -> pl.DataFrame:
        """How name-like each of the names is: columns name, nll, bits, percentile, seen, surprisal.

        percentile is the share of held-out names, in percent, that are less name-like, and surprisal the bits of each
        character, the end last: `makemore.evaluation.name_scores.described` says more.

        Raises:
            FileNotFoundError: the model was loaded without its version.
            ValueError: a name holds a character that is not in the vocab.
        """
        return described(self.model, self.vocab, names, held_out=self._held_out, train=self._train)

    def making(self, request: Request, not_in: Iterable[str] = (), ban: Iterable[str] = ()) -> Making:
        """The names that a request asks for, once it is sure that there are as many.

        Raises:
            UnsatisfiableRequest: there are not, with the number that there is, or the model cannot tell the best.
            ValueError: the request cannot be read.
        """
        request = replace(request, model=self.model_type)
        try:
            wanted = self._wanted(request.options, not_in, ban)
            if request.best or request.options.distinct:
                self._check_number(request, wanted)
            if request.best:
                return Making(request, self._best(request, wanted))
            is_led = not self.is_automaton and (request.options.distinct or not wanted.anything)
            sampler = sample.sampler_of(
                self.model, self.vocab, wanted, _decoding(request.options),
                seed=request.seed, guide=self._guide(request.options) if is_led else None, device=self.device,
            )  # fmt: skip
        except UnsatisfiableRequest as error:
            raise UnsatisfiableRequest(f"{self.model_type}: {error} Asked for: {_asked(request)}.") from error
        draw = partial(_drawn, sampler, request)
        return Making(request, draw, 1.0 if wanted.anything else sampler.probability, sampler.tally)

    def _made(self, request: Request, not_in: Iterable[str], ban: Iterable[str]) -> pl.DataFrame:
        making = self.making(request, not_in, ban)
        return pl.concat(frame for shard in range(making.shards) for frame in making.names(shard))

    def _wanted(self, options: SampleOptions, not_in: Iterable[str], ban: Iterable[str]) -> Wanted:
        form = constraint(
            self.vocab, prefix=options.prefix, suffix=options.suffix, contains=options.contains,
            pattern=options.pattern or None, ban=list(ban),
        )  # fmt: skip
        without = [pl.Series("name", list(not_in), dtype=pl.String), *([self._listed] if options.novel else [])]
        names = pl.concat(without)
        trie = trie_of(names, self.vocab) if len(names) else None
        return Wanted(form, options.min_length, options.max_length, trie)

    def _check_number(self, request: Request, wanted: Wanted) -> None:
        """Nothing, if there are as many names as are asked for."""
        support = (
            automaton_of(self.model, _decoding(request.options)).support
            if self.is_automaton
            else everything(len(self.vocab))
        )
        others = 0 if wanted.without is None else len(wanted.without.names)
        if Trellis(support, replace(wanted, without=None)).value - others >= request.n:
            return
        number = Trellis(support, wanted).value
        if number < request.n:
            raise UnsatisfiableRequest(f"there are {number:,.0f} such names, and {request.n:,} are wanted.")

    def _best(self, request: Request, wanted: Wanted) -> Callable[[int, int], Iterator[pl.DataFrame]]:
        if not self.is_automaton:
            raise UnsatisfiableRequest("the most probable names are told by bigram, bigram_net and ngram alone.")
        trellis = Trellis(automaton_of(self.model, _decoding(request.options)), wanted, gather=largest)

        def found(n: int, _shard: int) -> Iterator[pl.DataFrame]:
            names, left = islice(best(trellis, self.vocab), n), n
            while piece := list(islice(names, PIECE)):
                yield pl.DataFrame(
                    {"name": [name for name, _ in piece], "nll": [nats / (len(name) + 1) for name, nats in piece]},
                    schema_overrides={"name": pl.String},
                )
                left -= len(piece)
            if left:
                raise UnsatisfiableRequest(
                    f"{self.model_type}: {n - left:,} such names are found, and {n:,} are wanted: others are less "
                    "probable than 10^-300."
                )

        return found

    def _guide(self, options: SampleOptions) -> Automaton:
        """What leads a net to names that are wanted: the n-grams of its version, or else the bigram of its counts."""
        # It need not be as sure as the net: what it finds impossible is never made.
        decoding = Decoding(temperature=max(options.temperature, COOLEST))
        if (guide := self.folder.parent / "ngram").is_dir():
            return automaton_of(weights.load_model(guide)[0], decoding)
        size, has_counts = len(self.vocab), self.version.counts.exists()
        N = self.version.read_counts()["count"].to_torch() if has_counts else torch.zeros(size**2)
        return automaton_of(bigram.Model.from_counts(N.view(size, size), bigram.Config(smoothing=1)), decoding)

    @cached_property
    def _held_out(self) -> pl.DataFrame:
        return self.version.read_scores(self.model_type)

    @cached_property
    def _train(self) -> pl.Series:
        with connect(self.version.stats, read_only=True) as con:
            return dataset.train_names(con)

    @cached_property
    def _listed(self) -> pl.Series:
        """The names of the version's lists, each once."""
        with connect(self.version.stats, read_only=True) as con:
            names: pl.Series = con.sql("select name from name_counts").pl()["name"]
        return names


def load(
    version: str | Path | None = None, *, model: str | None = None, home: str | Path = "artifacts", device: str = "auto"
) -> Loaded:
    """A model of a version, by the version's name in a home (the champion if left out) or by a path.

    A path may be of a version's folder, of a home, or of a model's folder alone. If the model type is left out it is
    the one that the version serves with, or else the one with the lowest dev nll. A net is loaded to a GPU if there is
    one, unless `device` is 'cpu'.

    Raises:
        FileNotFoundError: there is no such version.
        ValueError: the version has no such model, or a file of it is damaged.
    """
    path = Path(version or home)
    if (path / "config.json").exists():
        return Loaded(path.resolve(), device)
    if (path / MANIFEST).exists():
        found = Version(path)
    else:
        found = find_version(Home(path)) if path.is_dir() else find_version(Home(Path(home)), str(path))
    return Loaded(found.model_folder(found.find_model(model)), device)


def _decoding(options: SampleOptions) -> Decoding:
    return Decoding(options.temperature, options.top_k, options.top_p)


def _drawn(sampler: sample.Sampler, request: Request, n: int, shard: int) -> Iterator[pl.DataFrame]:
    return sample.sample(sampler, n, seed=request.seed, shard=shard, distinct=request.options.distinct)


def _asked(request: Request) -> str:
    """What a request says, in the words of the command."""
    defaults = SampleOptions()
    told = ["-n", str(request.n), *["--best"] * request.best]
    for name, value in vars(request.options).items():
        if value != getattr(defaults, name):
            words = value if isinstance(value, tuple) else [] if value is True else [value]
            told += [f"--{name.replace('_', '-')}", *map(str, words)]
    return shlex.join(told)
