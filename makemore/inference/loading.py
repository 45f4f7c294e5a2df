"""Loading of a published model, with methods to sample and to score names.

A sample of a count model imports numpy, Polars and safetensors. What only other methods need is imported in them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from makemore.device import choose_device
from makemore.errors import UnsatisfiableRequest
from makemore.home import Home
from makemore.inference.generation import Generation, generation_of
from makemore.models import AutomatonModel, NetModel, bigram
from makemore.options import SEED, SampleOptions
from makemore.sampling.automaton import Automaton, Decoding, automaton_of
from makemore.sampling.constraints import Constraints, text_dfa
from makemore.sampling.requests import Request
from makemore.sampling.trie import Trie
from makemore.versions import weights
from makemore.versions.folder import MANIFEST
from makemore.versions.store import find_version
from makemore.versions.version import Version

MIN_GUIDE_TEMPERATURE = 0.5
"""Lower limit of a guide's temperature: a sharper guide proposes too few of the names that the net prefers."""


class LoadedModel:
    """A model of a version: `vocab` maps characters to ids, `version` is the `Version`.

    `model` is a torch module only for nets and mixtures. The count models `bigram`, `bigram_net` and `ngram` are tables
    in numpy, which load, sample and score without torch.
    """

    def __init__(self, folder: Path, device: str = "auto") -> None:
        self.folder, self.version, self.model_type = folder, Version(folder.parent.parent), folder.name
        self.model, self.vocab = weights.load_model(folder)
        if isinstance(self.model, NetModel):
            self.model.to(choose_device(device))

    def sample(
        self, n: int, *, seed: int = SEED, not_in: Iterable[str] = (), ban: Iterable[str] = (), **options: Any
    ) -> pl.DataFrame:
        """Sample `n` names: columns rank (from 1), name and nll (nats per character, end included).

        Equal seeds give equal names. `not_in` are names to exclude, `ban` are texts that no name may contain. The other
        options are the fields of `SampleOptions`.

        Raises:
            UnsatisfiableRequest: no name satisfies the constraints, or fewer than n do and `distinct` is set.
            InvalidOption: an option is out of range.
        """
        return self._frame(Request(n, seed=seed, options=SampleOptions(**options)), not_in, ban)

    def best(self, n: int, *, not_in: Iterable[str] = (), ban: Iterable[str] = (), **options: Any) -> pl.DataFrame:
        """Return the `n` most probable names in order: columns rank, name and nll; options as in `sample`.

        Raises:
            UnsatisfiableRequest: fewer than n names satisfy the constraints, or the model is a net.
        """
        return self._frame(Request(n, best=True, options=SampleOptions(**options)), not_in, ban)

    def score(self, names: Sequence[str] | pl.Series) -> pl.DataFrame:
        """Score names: columns name, nll, bits, percentile, seen and surprisal, as `score_names` documents them.

        Raises:
            NotFound: the model was loaded without its version.
            InvalidInput: a name has a character that is not in the vocab.
        """
        from makemore.evaluation.name_scores import score_names

        return score_names(self.model, self.vocab, names, held_out=self._held_out, train=self._train)

    def generation(self, request: Request, not_in: Iterable[str] = (), ban: Iterable[str] = ()) -> Generation:
        """Return the generation of a request, given the contents of its lists; raise as `sample` does."""
        request = replace(request, model=self.model_type)
        try:
            constraints = self._constraints(request.options, not_in, ban)
            return generation_of(self.model, self.vocab, request, constraints, guide=self._guide)
        except UnsatisfiableRequest as error:
            message = f"{self.model_type}: {error.message}. request: {request.describe()}"
            raise UnsatisfiableRequest(message, error.hint) from error

    def _frame(self, request: Request, not_in: Iterable[str], ban: Iterable[str]) -> pl.DataFrame:
        generation = self.generation(request, not_in, ban)
        return pl.concat(frame for shard in range(generation.shards) for frame in generation.names(shard))

    def _constraints(self, options: SampleOptions, not_in: Iterable[str], ban: Iterable[str]) -> Constraints:
        excluded = pl.Series("name", list(not_in), dtype=pl.String)
        if options.novel:
            excluded = pl.concat([excluded, self._listed])
        text = text_dfa(self.vocab, **vars(options) | {"ban": list(ban)})
        trie = Trie.of(excluded, self.vocab) if len(excluded) else None
        return Constraints(text, options.min_length, options.max_length, trie)

    def _guide(self, decoding: Decoding) -> Automaton:
        """Return the automaton of the version's n-grams, or else that of its bigram counts, as the guide of a net."""
        # Decoding of the net itself excludes the characters outside of top-k and top-p.
        decoding = Decoding(max(decoding.temperature, MIN_GUIDE_TEMPERATURE))
        if (folder := self.folder.parent / "ngram").is_dir():
            ngram, _ = weights.load_model(folder)
            assert isinstance(ngram, AutomatonModel)
            return automaton_of(ngram, decoding)
        size, has_counts = len(self.vocab), self.version.counts.exists()
        N = self.version.read_counts()["count"].to_numpy() if has_counts else np.zeros(size**2, dtype=np.int64)
        return automaton_of(bigram.Model.from_counts(N.reshape(size, size), bigram.Config(smoothing=1)), decoding)

    @cached_property
    def _held_out(self) -> pl.DataFrame:
        return self.version.read_scores(self.model_type)

    @cached_property
    def _train(self) -> pl.Series:
        from makemore.data.dataset import train_names
        from makemore.database import connect

        with connect(self.version.stats, read_only=True) as con:
            return train_names(con)

    @cached_property
    def _listed(self) -> pl.Series:
        from makemore.database import connect

        with connect(self.version.stats, read_only=True) as con:
            names: pl.Series = con.sql("select name from name_counts").pl()["name"]
        return names


def load(
    version: str | Path | None = None, *, model: str | None = None, home: str | Path = "artifacts", device: str = "auto"
) -> LoadedModel:
    """Load a model of a version, given by its name in a home (the champion by default) or by a path.

    The path is that of a version, a home or a single model. The default model is that of the champion, or else the one
    with the lowest dev nll. A net is loaded to a GPU if there is one, unless `device` is 'cpu'.

    Raises:
        NotFound: the version or the model does not exist.
        CorruptVersion: a file of the version is damaged.
    """
    path = Path(version or home)
    if (path / "config.json").exists():
        return LoadedModel(path.resolve(), device)
    if (path / MANIFEST).exists():
        found = Version(path)
    else:
        found = find_version(Home(path)) if path.is_dir() else find_version(Home(Path(home)), str(path))
    return LoadedModel(found.model_folder(found.find_model(model)), device)
