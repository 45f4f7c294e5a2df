"""Loaded models: constrained names, the most probable names, scores."""

import math
import shutil

import polars as pl
import pytest

import makemore
from makemore.errors import InvalidOption, UnsatisfiableRequest
from makemore.evaluation.loss import nll_of_names
from makemore.home import Home
from makemore.versions.store import find_version


@pytest.fixture(scope="module")
def version(published):
    return find_version(Home(published)).path


@pytest.fixture(scope="module")
def ngram(version):
    return makemore.load(version)


def test_a_model_is_found_by_its_version_or_by_a_path(published, version, monkeypatch, tmp_path):
    """The default is the best model of the newest version; the folder of a model is enough."""
    monkeypatch.chdir(published.parent)
    shutil.copytree(version / "models" / "bigram", tmp_path / "alone")
    names = makemore.load(version, model="bigram").sample(5, seed=1)

    for loaded in (
        makemore.load(published, model="bigram"),
        makemore.load(version.name, home=published, model="bigram"),
        makemore.load(home=published, model="bigram"),
        makemore.load(version / "models" / "bigram"),
        makemore.load(tmp_path / "alone"),
    ):
        assert loaded.sample(5, seed=1).equals(names)
    assert makemore.load(published).model_type == "ngram"
    with pytest.raises(FileNotFoundError, match="has no version 'nonsense'"):
        makemore.load("nonsense", home=published)
    with pytest.raises(ValueError, match="has no model 'gru'"):
        makemore.load(published, model="gru")


def test_names_satisfy_all_constraints_together(ngram):
    """Python's string methods confirm each constraint."""
    listed = set(ngram._listed)
    issued = ngram.sample(50, seed=1, prefix="ma")["name"].to_list()

    found = ngram.sample(
        500, seed=2, prefix="ma", min_length=4, max_length=9, pattern="[a-z]*[^l]", novel=True, distinct=True,
        not_in=issued, ban=["rr", "zz"],
    )  # fmt: skip

    names = found["name"].to_list()
    assert found["rank"].to_list() == list(range(1, 501))
    assert len(set(names)) == 500
    assert all(name.startswith("ma") and 4 <= len(name) <= 9 and name[-1] != "l" for name in names)
    assert not set(names) & (listed | set(issued))
    assert not any("rr" in name or "zz" in name for name in names)
    assert found["nll"].to_list() == pytest.approx(nll_of_names(ngram.model, ngram.vocab, names))


def test_the_best_names_are_more_probable_than_all_others(ngram):
    """Every one of 100,000 sampled names that is more probable than the last of them is among them."""
    best = ngram.best(200, novel=True)
    drawn = ngram.sample(100_000, seed=1, novel=True)

    nats = (best["nll"] * (best["name"].str.len_chars() + 1)).to_list()
    assert nats == sorted(nats)
    better = drawn.filter(pl.col("nll") * (pl.col("name").str.len_chars() + 1) < nats[-1] - 1e-9)
    assert set(better["name"]) <= set(best["name"])
    assert len(better) > 0


def test_a_request_for_too_many_names_has_the_exact_count(ngram):
    """It counts the names of two letters that start with m and are not in the list."""
    count = 26 - sum(len(name) == 2 and name[0] == "m" for name in ngram._listed)

    found = ngram.sample(count, prefix="m", min_length=2, max_length=2, novel=True, distinct=True)

    assert found["name"].n_unique() == count
    with pytest.raises(UnsatisfiableRequest, match=f"only {count} names satisfy these constraints, {count + 1} were"):
        ngram.sample(count + 1, prefix="m", min_length=2, max_length=2, novel=True, distinct=True)
    with pytest.raises(
        UnsatisfiableRequest,
        match=r"no name satisfies these constraints. request: -n 1 --prefix ma --suffix am --max-length 2",
    ):
        ngram.sample(1, prefix="ma", suffix="am", max_length=2)
    with pytest.raises(UnsatisfiableRequest, match=r"--prefix 'zë'.*'ë', which is not"):
        ngram.sample(1, prefix="zë")


def test_scores_rank_names(ngram):
    """A name of the list scores better than an anagram of it."""
    scores = ngram.score(["emma", "mmea"])

    assert scores["name"].to_list() == ["emma", "mmea"]
    assert scores["nll"][0] < scores["nll"][1]
    assert scores["percentile"][0] > scores["percentile"][1]
    assert scores["bits"].to_list() == pytest.approx((scores["nll"] * 5 / math.log(2)).to_list())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "--temperature 0 is out of range"),
        ({"top_k": 0}, "--top-k 0 is out of range"),
        ({"top_p": 1.5}, "--top-p 1.5 is out of range"),
        ({"min_length": 0}, "--min-length 0 is out of range"),
        ({"min_length": 5, "max_length": 4}, "--max-length 4 is out of range. hint: use 5"),
        ({"max_length": 1001}, "--max-length 1001 is out of range"),
        ({"pattern": "(a"}, r"\(a"),
        ({"ban": [""]}, "--ban '' is contained in every name"),
    ],
)
def test_options_out_of_range_are_rejected(ngram, options, message):
    """The error comes before sampling and has the option and its value."""
    with pytest.raises(InvalidOption, match=message):
        ngram.sample(5, **options)
