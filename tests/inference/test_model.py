"""What a program gets that loads a model: names as asked, the best ones, scores."""

import math
import shutil

import polars as pl
import pytest

import makemore
from makemore.errors import UnsatisfiableRequest
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
    """The newest version's best model, unless one is named; a model's folder is enough."""
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


def test_names_as_asked(ngram):
    """All of it at once, checked in the words of Python's own text."""
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


def test_the_best_names_are_the_most_probable_of_any_that_were_drawn(ngram):
    """In order, and none of 100,000 draws is better than the last of them but is not among them."""
    best = ngram.best(200, novel=True)
    drawn = ngram.sample(100_000, seed=1, novel=True)

    nats = (best["nll"] * (best["name"].str.len_chars() + 1)).to_list()
    assert nats == sorted(nats)
    better = drawn.filter(pl.col("nll") * (pl.col("name").str.len_chars() + 1) < nats[-1] - 1e-9)
    assert set(better["name"]) <= set(best["name"])
    assert len(better) > 0


def test_the_number_that_there_is_is_told(ngram):
    """Counted, not tried: all names of two letters that start with m but those of the list."""
    there = 26 - sum(len(name) == 2 and name[0] == "m" for name in ngram._listed)

    found = ngram.sample(there, prefix="m", min_length=2, max_length=2, novel=True, distinct=True)

    assert found["name"].n_unique() == there
    with pytest.raises(UnsatisfiableRequest, match=f"there are {there} such names, and {there + 1} are wanted"):
        ngram.sample(there + 1, prefix="m", min_length=2, max_length=2, novel=True, distinct=True)
    with pytest.raises(
        UnsatisfiableRequest, match=r"no name .* is as asked. Asked for: -n 1 --prefix ma --suffix am --max-length 2"
    ):
        ngram.sample(1, prefix="ma", suffix="am", max_length=2)
    with pytest.raises(UnsatisfiableRequest, match=r"--prefix 'zë' has 'ë', which is not among the 27 characters"):
        ngram.sample(1, prefix="zë")


def test_scores_say_what_is_likely(ngram):
    """A name of the list is more name-like than a jumble of its letters."""
    scores = ngram.score(["emma", "mmea"])

    assert scores["name"].to_list() == ["emma", "mmea"]
    assert scores["nll"][0] < scores["nll"][1]
    assert scores["percentile"][0] > scores["percentile"][1]
    assert scores["bits"].to_list() == pytest.approx((scores["nll"] * 5 / math.log(2)).to_list())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "--temperature 0: use more than 0"),
        ({"top_k": 0}, "--top-k 0: use 1 or more"),
        ({"top_p": 1.5}, "--top-p 1.5: use more than 0, and at most 1"),
        ({"min_length": 0}, "--min-length 0: use 1 or more"),
        ({"min_length": 5, "max_length": 4}, "--max-length 4: use 5 or more"),
        ({"max_length": 1001}, "--max-length 1001: use 1000 or less"),
        ({"pattern": "(a"}, r"\(a"),
        ({"ban": [""]}, "--ban '' is in every name"),
    ],
)
def test_options_out_of_their_range(ngram, options, message):
    """Told before anything is drawn."""
    with pytest.raises(ValueError, match=message):
        ngram.sample(5, **options)
