"""Options of commands, checked when they are set: how to read lists, build relations, train and sample."""

import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from makemore.errors import InvalidOption

FORMATS = tuple(sorted(file.stem for file in Path(__file__).parent.glob("ingest/formats/[!_]*.py")))
"""Formats of lists: the modules of ingest/formats/, which are not imported for their names."""
if TYPE_CHECKING:
    Format = str
else:
    Format = Literal[FORMATS]
TableFormat = Literal["txt", "csv", "json", "jsonl", "parquet"]
Counter = Literal["polars", "sql"]
Device = Literal["auto", "cpu", "cuda"]
Split = Literal["train", "dev", "test"]
SEED = 2147483647
"""The seed of Karpathy's lecture."""
MAX_LENGTH = 1000
"""Limit of the length of a sampled name, in characters."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read a list."""

    format: Format | None = None
    """Format of the list; by default from its suffix (.txt, .csv, .tsv, .parquet, .jsonl, each also .gz or .zst)."""
    encoding: str = "utf-8"
    """Character encoding of text, CSV and JSON lines."""
    name_column: str = "name"
    """Column with the name, in CSV, Parquet and JSON lines."""
    count_column: str | None = None
    """Column with the count of a name; by default 'count', if it exists."""
    columns: str | None = None
    """Columns of a CSV without a header, separated by commas: name,sex,count."""
    delimiter: str | None = None
    """Character between the fields of a CSV; by default ',', or a tab for .tsv."""
    lower: bool = False
    """Fold names to lower case."""
    max_length: int = 64
    """Maximum length of a name in characters; longer names are rejected."""

    def __post_init__(self) -> None:
        _check(self.max_length >= 1, "--max-length", self.max_length, "use 1 or more")
        if self.delimiter is not None:
            _check(len(self.delimiter) == 1, "--delimiter", repr(self.delimiter), "use one character")
        columns = [column.strip().lower() for column in (self.columns or "").split(",")]
        if self.columns is not None and self.name_column.lower() not in columns:
            message = f"--columns {self.columns} does not contain {self.name_column!r}"
            raise InvalidOption(message, "name the column with the name")
        try:
            "".encode(self.encoding)
        except LookupError:
            raise InvalidOption(f"unknown --encoding {self.encoding}", "use utf-8, latin-1, utf-16, ...") from None


@dataclass(frozen=True)
class IngestOptions(ReadOptions):
    """How to ingest a list."""

    split: Split | None = None
    """Assign the whole list to this split; by default each name is assigned by its hash."""


@dataclass(frozen=True)
class BuildOptions:
    """How to build relations from names."""

    holdout: int = 10
    """Percent of names for dev, and the same for test; 0 trains on all names, as in the lecture."""
    smoothing: float = 1.0
    """Count added to each bigram before normalising."""
    count_with: Counter = "polars"
    """Engine that counts bigrams; both give the same counts."""
    order: int = 6
    """Longest n-gram of the model ngram, in characters."""
    min_count: int = 1
    """Drop n-grams of 3 or more characters that occur in train less often than this; each distinct name counts once."""

    def __post_init__(self) -> None:
        _check(0 <= self.holdout <= 45, "--holdout", self.holdout, "use 0 to 45 percent")
        _check(0 <= self.smoothing < float("inf"), "--smoothing", self.smoothing, "use 0 or more")
        _check(2 <= self.order <= 8, "--order", self.order, "use 2 to 8")
        _check(self.min_count >= 1, "--min-count", self.min_count, "use 1 or more")


@dataclass(frozen=True)
class TrainOptions:
    """How to make a version."""

    models: tuple[str, ...] = ("bigram", "bigram_net", "ngram")
    """Model types to train, separated by commas; repeatable."""
    seed: int = SEED
    """Random seed (default: that of Karpathy's lecture)."""
    samples: int = 10_000
    """Number of names to sample from each model and store in the version."""
    device: Device = "auto"
    """Device to train nets on; auto uses a GPU if there is one."""
    threads: int = 1
    """CPU threads to train nets on; more threads help only on an idle machine."""
    set: tuple[str, ...] = ()
    """Model setting as MODEL.SETTING=VALUE, for example gru.dropout=0.4; see docs/guides/models.md."""

    def __post_init__(self) -> None:
        models = tuple(part.strip() for model_type in self.models for part in model_type.split(","))
        object.__setattr__(self, "models", models)
        if not all(models) or not models:
            raise InvalidOption("--models is empty", "name one or more model types")
        if repeated := [model_type for model_type in models if models.count(model_type) > 1]:
            raise InvalidOption(f"--models repeats {repeated[0]!r}", "name each model type once")
        check_seed(self.seed)
        _check(self.samples >= 1, "--samples", self.samples, "use 1 or more")
        _check(self.threads >= 1, "--threads", self.threads, "use 1 or more")


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
    """File with names to exclude; repeat the option for more files."""
    ban: tuple[str, ...] = ()
    """File with texts that no name may contain, one per line; repeat the option for more files."""
    temperature: float = 1.0
    """Divisor of the log-probabilities: below 1 favours probable names, above 1 rare ones."""
    top_k: int | None = None
    """Sample each character from the k most probable ones; from all by default."""
    top_p: float = 1.0
    """Sample from the smallest set of most probable characters that reaches this probability (nucleus sampling)."""

    def __post_init__(self) -> None:
        for option, value in vars(self).items():
            if isinstance(value, str):
                # Names are ingested in NFC.
                object.__setattr__(self, option, unicodedata.normalize("NFC", value))
        for option in ("not_in", "ban"):
            object.__setattr__(self, option, tuple(getattr(self, option)))
        _check(1 <= self.min_length <= MAX_LENGTH, "--min-length", self.min_length, f"use 1 to {MAX_LENGTH}")
        if self.max_length is not None:
            hint = f"use {self.min_length} (the minimum length) to {MAX_LENGTH}"
            _check(self.min_length <= self.max_length <= MAX_LENGTH, "--max-length", self.max_length, hint)
        _check(0 < self.temperature < float("inf"), "--temperature", self.temperature, "use more than 0")
        _check(self.top_k is None or self.top_k >= 1, "--top-k", self.top_k, "use 1 or more")
        _check(0 < self.top_p <= 1, "--top-p", self.top_p, "use more than 0, and 1 at most")


def check_seed(seed: int) -> int:
    """Return the seed, or raise InvalidOption if it is out of range."""
    _check(0 <= seed < 2**63, "--seed", seed, "use 0 to 2**63 - 1")
    return seed


def check_keep(keep: int) -> int:
    """Return the number of versions to keep, or raise InvalidOption if it is out of range."""
    _check(keep >= 1, "--keep", keep, "use 1 or more")
    return keep


def as_config(options: ReadOptions | BuildOptions | TrainOptions | SampleOptions) -> dict[str, Any]:
    """Options as plain values, for a manifest or a database."""
    return asdict(options)


def _check(is_valid: bool, option: str, value: object, hint: str) -> None:
    if not is_valid:
        raise InvalidOption(f"{option} {value} is out of range", hint)
