"""What a user can choose, checked as soon as it is said: how lists are read, relations built, versions made."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Literal

Format = Literal["text", "csv", "parquet", "jsonl"]
Counter = Literal["polars", "sql"]
Device = Literal["auto", "cpu", "cuda"]
Split = Literal["train", "dev", "test"]
SEED = 2147483647
"""The lecture's."""
LONGEST = 1000
"""Characters after which a sampled name ends in any case."""


@dataclass(frozen=True)
class ReadOptions:
    """How a list is read."""

    format: Format | None = None
    """Format of the list; by its suffix if left out (.txt, .csv, .tsv, .parquet, .jsonl, each also .gz or .zst)."""
    encoding: str = "utf-8"
    """Character encoding of text, CSV and JSON lines."""
    name_column: str = "name"
    """Column that holds the name, in CSV, Parquet and JSON lines."""
    count_column: str | None = None
    """Column that says how many times a name counts; 'count' is used where there is one."""
    columns: str | None = None
    """Columns of a CSV without a header, separated by commas: name,sex,count."""
    delimiter: str | None = None
    """Character between the fields of a CSV; ',' if left out, a tab for .tsv."""
    lower: bool = False
    """Fold names to lower case; kept as they are if left out."""
    max_length: int = 64
    """Longest name in characters; a longer one is rejected."""

    def __post_init__(self) -> None:
        if self.max_length < 1:
            raise ValueError(f"--max-length {self.max_length}: use 1 or more.")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(f"--delimiter {self.delimiter!r} has {len(self.delimiter)} characters: use one.")
        if self.columns is not None and self.name_column.lower() not in _stripped(self.columns):
            raise ValueError(f"--columns {self.columns} has no {self.name_column!r}: one of them must hold the name.")
        try:
            "".encode(self.encoding)
        except LookupError as error:
            raise ValueError(
                f"--encoding {self.encoding}: no such encoding. Use utf-8, latin-1, utf-16, ..."
            ) from error


@dataclass(frozen=True)
class IngestOptions(ReadOptions):
    """How a list is taken in."""

    split: Split | None = None
    """Split of all names of the list; by a hash of each name if left out."""


@dataclass(frozen=True)
class BuildOptions:
    """How relations are built from the entries."""

    holdout: int = 10
    """Percent of the names that go to dev, and as many to test; 0 trains on all, as the lecture does."""
    smoothing: float = 1.0
    """Count added to each bigram before it becomes a probability."""
    count_with: Counter = "polars"
    """Engine that counts bigrams; both give the same counts."""
    order: int = 6
    """Longest n-gram of the model ngram, in characters."""
    min_count: int = 1
    """How often an n-gram of order 3 or more must occur in distinct names, or it is dropped; 1 keeps all."""

    def __post_init__(self) -> None:
        if not 0 <= self.holdout <= 45:
            raise ValueError(f"--holdout {self.holdout}: use 0 to 45 (percent for dev, and as many for test).")
        if not 0 <= self.smoothing < float("inf"):
            raise ValueError(f"--smoothing {self.smoothing}: use 0 or more.")
        if not 2 <= self.order <= 8:
            raise ValueError(f"--order {self.order}: use 2 to 8.")
        if self.min_count < 1:
            raise ValueError(f"--min-count {self.min_count}: use 1 or more.")


@dataclass(frozen=True)
class TrainOptions:
    """What a version is made of."""

    models: tuple[str, ...] = ("bigram", "bigram_net", "ngram")
    """Model types to train, separated by commas or one an option: bigram, bigram_net, bow, gru, mixture, mlp, ngram,
    rnn, transformer."""
    seed: int = SEED
    """Seed of all that is random; the lecture's if left out."""
    samples: int = 10_000
    """Names to sample from each model into the version."""
    device: Device = "auto"
    """Where nets are trained: on a GPU if there is one, unless you say otherwise."""
    threads: int = 1
    """Threads of the CPU that nets are trained on: two are faster on a machine that does nothing else."""
    set: tuple[str, ...] = ()
    """A setting of one model, as MODEL.SETTING=VALUE: gru.dropout=0.4. docs/guides/models.md lists them."""

    def __post_init__(self) -> None:
        models = tuple(part.strip() for model_type in self.models for part in model_type.split(","))
        object.__setattr__(self, "models", models)
        if not all(self.models) or not self.models:
            raise ValueError("no model type to train: name one or more with --models.")
        if repeated := [model_type for model_type in self.models if self.models.count(model_type) > 1]:
            raise ValueError(f"--models names {repeated[0]!r} twice: name each once.")
        check_seed(self.seed)
        if self.samples < 1:
            raise ValueError(f"--samples {self.samples}: use 1 or more.")
        if self.threads < 1:
            raise ValueError(f"--threads {self.threads}: use 1 or more.")


@dataclass(frozen=True)
class SampleOptions:
    """Which names are made, and how they are drawn."""

    prefix: str = ""
    """Text that each name starts with."""
    suffix: str = ""
    """Text that it ends with."""
    contains: str = ""
    """Text that it has somewhere."""
    pattern: str = ""
    """Regular expression that it matches as a whole: docs/guides/generate.md says which there are."""
    min_length: int = 1
    """Characters of the shortest name."""
    max_length: int | None = None
    """Characters of the longest name; any number if left out."""
    novel: bool = False
    """None that the version's lists have."""
    distinct: bool = False
    """None twice."""
    not_in: tuple[str, ...] = ()
    """List of names that are not to be made: issued before, or blocked; one file an option."""
    ban: tuple[str, ...] = ()
    """List of texts that no name may hold anywhere; one file an option."""
    temperature: float = 1.0
    """What log-probabilities are divided by: below 1 names are more usual, above 1 less."""
    top_k: int | None = None
    """Most probable characters that are drawn from at each place; all if left out."""
    top_p: float = 1.0
    """Share of the probability that the most probable characters reach together, which are drawn from."""

    def __post_init__(self) -> None:
        for option in ("not_in", "ban"):
            object.__setattr__(self, option, tuple(getattr(self, option)))
        for option in ("prefix", "suffix", "contains", "pattern"):
            # As names are, whatever keyboard it comes from.
            object.__setattr__(self, option, unicodedata.normalize("NFC", getattr(self, option)))
        if self.min_length < 1:
            raise ValueError(f"--min-length {self.min_length}: use 1 or more.")
        if self.max_length is not None and self.max_length < self.min_length:
            raise ValueError(
                f"--max-length {self.max_length}: use {self.min_length} or more, which is the shortest that is wanted."
            )
        if max(self.min_length, self.max_length or 0) > LONGEST:
            option = "--min-length" if self.min_length > LONGEST else "--max-length"
            raise ValueError(f"{option} {max(self.min_length, self.max_length or 0)}: use {LONGEST} or less.")
        if not 0 < self.temperature < float("inf"):
            raise ValueError(f"--temperature {self.temperature}: use more than 0.")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"--top-k {self.top_k}: use 1 or more.")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"--top-p {self.top_p}: use more than 0, and at most 1.")


def check_seed(seed: int) -> int:
    """The same seed.

    Raises:
        ValueError: it is out of range.
    """
    if not 0 <= seed < 2**63:
        raise ValueError(f"--seed {seed}: use 0 to 2**63 - 1.")
    return seed


def _stripped(columns: str) -> list[str]:
    return [column.strip().lower() for column in columns.split(",")]


def as_config(options: ReadOptions | BuildOptions | TrainOptions | SampleOptions) -> dict[str, Any]:
    """Options as plain values for a manifest or a database."""
    return asdict(options)
