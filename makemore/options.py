"""What a user can choose, checked as soon as it is said: how lists are read, relations built, versions made."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Literal

from makemore.errors import InvalidOption

Format = Literal["text", "csv", "parquet", "jsonl"]
Counter = Literal["polars", "sql"]
Device = Literal["auto", "cpu", "cuda"]
Split = Literal["train", "dev", "test"]
SEED = 2147483647
"""The lecture's."""
MAX_LENGTH = 1000
"""Limit of the length of a sampled name, in characters."""


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
    """Constraints on names, and decoding."""

    prefix: str = ""
    """Start of each name."""
    suffix: str = ""
    """End of each name."""
    contains: str = ""
    """Text that each name contains."""
    pattern: str = ""
    """Regular expression that each name matches from start to end; docs/guides/generate.md lists the syntax."""
    min_length: int = 1
    """Minimum length in characters."""
    max_length: int | None = None
    """Maximum length in characters; unlimited by default."""
    novel: bool = False
    """Exclude the names of the version's lists."""
    distinct: bool = False
    """Sample without replacement: no name occurs twice."""
    not_in: tuple[str, ...] = ()
    """List of names to exclude; repeat the option for more lists."""
    ban: tuple[str, ...] = ()
    """List of texts that no name may contain; repeat the option for more lists."""
    temperature: float = 1.0
    """Divisor of the log-probabilities: below 1 favours probable names, above 1 rare ones."""
    top_k: int | None = None
    """Sample each character from the k most probable ones; from all by default."""
    top_p: float = 1.0
    """Sample each character from the fewest most probable ones with this total probability."""

    def __post_init__(self) -> None:
        for option, value in vars(self).items():
            if isinstance(value, str):
                # Names are ingested in NFC.
                object.__setattr__(self, option, unicodedata.normalize("NFC", value))
        for option in ("not_in", "ban"):
            object.__setattr__(self, option, tuple(getattr(self, option)))
        if not 1 <= self.min_length <= MAX_LENGTH:
            raise InvalidOption(f"--min-length {self.min_length} is out of range", f"use 1 to {MAX_LENGTH}")
        if self.max_length is not None and not self.min_length <= self.max_length <= MAX_LENGTH:
            hint = f"use {self.min_length} (the minimum length) to {MAX_LENGTH}"
            raise InvalidOption(f"--max-length {self.max_length} is out of range", hint)
        if not 0 < self.temperature < float("inf"):
            raise InvalidOption(f"--temperature {self.temperature} is out of range", "use more than 0")
        if self.top_k is not None and self.top_k < 1:
            raise InvalidOption(f"--top-k {self.top_k} is out of range", "use 1 or more")
        if not 0 < self.top_p <= 1:
            raise InvalidOption(f"--top-p {self.top_p} is out of range", "use more than 0, and 1 at most")


def check_seed(seed: int) -> int:
    """Return the seed.

    Raises:
        InvalidOption: it is out of range.
    """
    if not 0 <= seed < 2**63:
        raise InvalidOption(f"--seed {seed} is out of range", "use 0 to 2**63 - 1")
    return seed


def _stripped(columns: str) -> list[str]:
    return [column.strip().lower() for column in columns.split(",")]


def as_config(options: ReadOptions | BuildOptions | TrainOptions | SampleOptions) -> dict[str, Any]:
    """Options as plain values for a manifest or a database."""
    return asdict(options)
