import dataclasses
import json
import re

import pytest

from makemore.options import BuildOptions, IngestOptions, ReadOptions, TrainOptions, as_config


@pytest.mark.parametrize(
    ("options", "given", "words"),
    [
        (ReadOptions, {"max_length": 0}, "--max-length 0: use 1 or more"),
        (ReadOptions, {"delimiter": ""}, "--delimiter '' has 0 characters: use one"),
        (ReadOptions, {"delimiter": "||"}, "--delimiter '||' has 2 characters: use one"),
        (ReadOptions, {"columns": "sex,count"}, "--columns sex,count has no 'name': one of them must hold the name"),
        (ReadOptions, {"columns": "name", "name_column": "town"}, "has no 'town': one of them"),
        (ReadOptions, {"encoding": "utf-99"}, "--encoding utf-99: no such encoding. Use utf-8, latin-1"),
        (ReadOptions, {"encoding": "base64"}, "--encoding base64: no such encoding. Use utf-8"),
        (BuildOptions, {"holdout": -1}, "--holdout -1: use 0 to 45"),
        (BuildOptions, {"holdout": 46}, "--holdout 46: use 0 to 45"),
        (BuildOptions, {"smoothing": -0.5}, "--smoothing -0.5: use 0 or more"),
        (BuildOptions, {"smoothing": float("nan")}, "--smoothing nan: use 0 or more"),
        (BuildOptions, {"smoothing": float("inf")}, "--smoothing inf: use 0 or more"),
        (BuildOptions, {"order": 1}, "--order 1: use 2 to 8"),
        (BuildOptions, {"order": 9}, "--order 9: use 2 to 8"),
        (BuildOptions, {"min_count": 0}, "--min-count 0: use 1 or more"),
        (TrainOptions, {"models": ()}, "name one or more with --models"),
        (TrainOptions, {"models": ("bigram", "bigram")}, "--models names 'bigram' twice"),
        (TrainOptions, {"seed": -1}, "--seed -1 is out of range"),
        (TrainOptions, {"seed": 2**63}, "use 0 to 2**63 - 1"),
        (TrainOptions, {"samples": 0}, "--samples 0: use 1 or more"),
    ],
)
def test_what_cannot_be_is_refused_as_soon_as_it_is_said(options, given, words):
    """The message has the option, the value and what to use."""
    with pytest.raises(ValueError, match=re.escape(words)):
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
def test_the_last_of_what_can_be_is_taken(options, given):
    """Limits belong to what is allowed; columns are named as a header is: in any case, blanks beside them."""
    assert dataclasses.asdict(options(**given)).items() >= given.items()


@pytest.mark.parametrize("options", [ReadOptions(), IngestOptions(split="dev"), BuildOptions(), TrainOptions()])
def test_a_config_is_plain_values(options):
    """What goes into a manifest comes back from JSON equal, tuples being lists there."""
    config = as_config(options)

    assert (
        type(options)(**json.loads(json.dumps(config)) | {k: v for k, v in config.items() if isinstance(v, tuple)})
        == options
    )
    assert list(config) == [field.name for field in dataclasses.fields(options)]
