"""Options check their values."""

import dataclasses
import json
import re

import pytest

from makemore.errors import InvalidOption
from makemore.options import BuildOptions, IngestOptions, ReadOptions, TrainOptions, as_config


@pytest.mark.parametrize(
    ("options", "given", "words"),
    [
        (ReadOptions, {"max_length": 0}, "--max-length 0 is out of range. hint: use 1 or more"),
        (ReadOptions, {"delimiter": ""}, "--delimiter '' is out of range. hint: use one character"),
        (ReadOptions, {"delimiter": "||"}, "--delimiter '||' is out of range. hint: use one character"),
        (ReadOptions, {"columns": "sex,count"}, "--columns sex,count does not contain 'name'"),
        (ReadOptions, {"columns": "name", "name_column": "town"}, "does not contain 'town'"),
        (ReadOptions, {"encoding": "utf-99"}, "unknown --encoding utf-99. hint: use utf-8, latin-1"),
        (ReadOptions, {"encoding": "base64"}, "unknown --encoding base64"),
        (BuildOptions, {"holdout": -1}, "--holdout -1 is out of range. hint: use 0 to 45"),
        (BuildOptions, {"holdout": 46}, "--holdout 46 is out of range. hint: use 0 to 45"),
        (BuildOptions, {"smoothing": -0.5}, "--smoothing -0.5 is out of range. hint: use 0 or more"),
        (BuildOptions, {"smoothing": float("nan")}, "--smoothing nan"),
        (BuildOptions, {"smoothing": float("inf")}, "--smoothing inf"),
        (BuildOptions, {"order": 1}, "--order 1 is out of range. hint: use 2 to 8"),
        (BuildOptions, {"order": 9}, "--order 9 is out of range. hint: use 2 to 8"),
        (BuildOptions, {"min_count": 0}, "--min-count 0"),
        (TrainOptions, {"models": ()}, "--models is empty. hint: name one or more"),
        (TrainOptions, {"models": ("bigram", "bigram")}, "--models repeats 'bigram'"),
        (TrainOptions, {"seed": -1}, "--seed -1 is out of range. hint: use 0 to"),
        (TrainOptions, {"seed": 2**63}, "use 0 to 2**63 - 1"),
        (TrainOptions, {"samples": 0}, "--samples 0"),
    ],
)
def test_an_invalid_value_is_an_error(options, given, words):
    """The error has the option, the value and a hint."""
    with pytest.raises(InvalidOption, match=re.escape(words)):
        options(**given)


@pytest.mark.parametrize(
    ("options", "given"),
    [
        (ReadOptions, {"max_length": 1}),
        (ReadOptions, {"encoding": "Latin-1"}),
        (ReadOptions, {"columns": "sex, Name, count"}),
        (ReadOptions, {"columns": "town", "name_column": "Town"}),
        (BuildOptions, {"holdout": 0, "smoothing": 0}),
        (BuildOptions, {"holdout": 45}),
        (TrainOptions, {"seed": 2**63 - 1, "samples": 1}),
    ],
)
def test_limits_are_valid(options, given):
    """Limits are inclusive; names of columns ignore case and blanks."""
    assert dataclasses.asdict(options(**given)).items() >= given.items()


@pytest.mark.parametrize("options", [ReadOptions(), IngestOptions(split="dev"), BuildOptions(), TrainOptions()])
def test_a_config_is_plain_values(options):
    """It survives JSON, where tuples become lists."""
    config = as_config(options)

    assert (
        type(options)(**json.loads(json.dumps(config)) | {k: v for k, v in config.items() if isinstance(v, tuple)})
        == options
    )
    assert list(config) == [field.name for field in dataclasses.fields(options)]
