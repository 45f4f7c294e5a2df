"""The relations on the models of a version: `comparison`, `sample_quality` and `resampled_names`."""

import math
import random
from collections import Counter

import duckdb
import numpy as np
import polars as pl
import pytest

from makemore.evaluation import scores
from makemore.relations import catalog

SCORES = {"model_type": pl.String, "split": pl.String, "name": pl.String, "count": pl.Int64, "seen": pl.Boolean,
          "characters": pl.Int32, "nats": pl.Float64}  # fmt: skip
NATS = {"a": [4.0, 6.0, 15.0], "b": [5.0, 6.0, 12.0]}


@pytest.fixture
def results():
    """Function that builds the relations from scores and samples by model type, and train and test names."""

    def build(scored=(), sampled=None, train=(("ava", 1),), test=()):
        con = duckdb.connect()
        frames = {
            "scores": pl.DataFrame(list(scored), schema=SCORES, orient="row"),
            "models": pl.DataFrame({"model_type": model_type, "settings": "{}", "parameters": 1, "train_seconds": 1.0,
                                    "names_per_second": 1.0, "nll_train": 2.0} for model_type in (sampled or NATS)),
            "samples": pl.DataFrame(
                [(model_type, row, name) for model_type, names in (sampled or {"a": ["ava"]}).items()
                 for row, name in enumerate(names, start=1)], schema=["model_type", "row", "name"], orient="row"),
            "split_names": pl.DataFrame(
                [("train", name, len(name), count, True) for name, count in train]
                + [("test", name, len(name), 1, name in dict(train)) for name in test],
                schema=["split", "name", "length", "count", "seen"], orient="row"),
        }  # fmt: skip
        for table, frame in frames.items():
            con.register("frame", frame.to_arrow())
            con.execute(f"create table {table} as from frame")
            con.unregister("frame")
        selects = catalog.selects_on_results()
        list(catalog.build(con, {name: selects[name] for name in selects if name != "bigram_drift"}))
        return con

    return build


def scored(nats, split="test"):
    """Scores of three names of 2, 2 and 4 characters, the first counted twice, the last seen."""
    return [
        (model_type, split, f"n{i}", [2, 1, 1][i], i == 2, [2, 2, 4][i], value)
        for model_type, values in nats.items()
        for i, value in enumerate(values)
    ]


def rows(con, columns, relation="comparison"):
    return {row[0]: row[1:] for row in con.execute(f"select model_type, {columns} from {relation}").fetchall()}


def test_a_comparison_by_hand(results):
    """a has 29 and b 28 nats on ten characters of four lines: b is best, and the difference of a is 1 / 10."""
    compared = rows(results(scored(NATS)), "nll_test, bits_per_name, nll_test_seen, nll_test_unseen, names_test, "
                "names_test_seen, difference, difference_se")  # fmt: skip

    residuals = np.array([2, 1, 1]) * (np.array([-1, 0, 3]) - 0.1 * np.array([2, 2, 4]))
    error = math.sqrt(3 / 2 * (residuals**2).sum()) / 10
    assert list(compared) == ["b", "a"]
    assert compared["a"] == pytest.approx((2.9, 29 / 4 / math.log(2), 15 / 4, 14 / 6, 3, 1, 0.1, error))
    assert compared["b"] == pytest.approx((2.8, 28 / 4 / math.log(2), 12 / 4, 16 / 6, 3, 1, 0, 0))


def test_an_interval_is_196_standard_errors_on_each_side(results):
    """It covers 95 % of a normal distribution."""
    difference, error, low, high = rows(
        results(scored(NATS)), "difference, difference_se, difference_low, difference_high"
    )["a"]

    assert (low, high) == pytest.approx((difference - 1.96 * error, difference + 1.96 * error))


def test_models_are_compared_with_the_best_on_dev(results):
    """A choice by test nll would bias the reported test nll."""
    both = scored(NATS) + scored({"a": [1.0, 1.0, 1.0], "b": [2.0, 2.0, 2.0]}, "dev")

    compared = rows(results(both), "nll_dev, difference")

    assert list(compared) == ["a", "b"]
    assert compared["a"][1] == 0
    assert compared["b"] == pytest.approx((0.8, -0.1))


def test_sql_and_python_compute_the_same_metrics(results):
    """On 300 random names, for all metrics that metrics.json and `comparison` share."""
    rng = random.Random(1)
    drawn = [
        (model_type, split, f"n{i}", rng.randint(1, 5), i % 3 == 0, rng.randint(2, 9), rng.uniform(1, 40))
        for model_type in "ab" for split in ("dev", "test") for i in range(300)
    ]  # fmt: skip
    compared = rows(
        results(drawn), "nll_dev, nll_dev_se, nll_test, nll_test_se, bits_per_name, nll_test_seen, nll_test_unseen"
    )

    for model_type, values in compared.items():
        of_model = pl.DataFrame(drawn, schema=SCORES, orient="row").filter(pl.col("model_type") == model_type)
        metrics = scores.metrics_by_split(of_model)
        assert values == pytest.approx(
            (
                *(metrics[metric][split] for split in ("dev", "test") for metric in ("nll", "nll_se")),
                *(metrics[metric]["test"] for metric in ("bits_per_name", "nll_seen", "nll_unseen")),
            )
        )


def test_a_model_that_excludes_a_name_is_last(results):
    """Its nll and difference are infinite; the other models are unaffected."""
    columns = "nll_test, nll_test_se, difference, difference_low, difference_high"

    compared = rows(results(scored({"a": [math.inf, 6.0, 15.0], "b": NATS["b"]})), columns)

    assert list(compared) == ["b", "a"]
    assert compared["a"] == (math.inf,) * 5
    assert compared["b"] == rows(results(scored(NATS)), columns)["b"]


def test_without_finite_test_nll_the_difference_is_null(results):
    """If all models are infinite or there are no test names, the models are still listed."""
    infinite = {model_type: [math.inf] * 3 for model_type in "ab"}

    assert rows(results(scored(infinite)), "difference, nll_train") == {"a": (None, 2.0), "b": (None, 2.0)}
    assert rows(results(), "nll_test, nll_test_se, difference") == {"a": (None,) * 3, "b": (None,) * 3}


def test_sample_quality_by_hand(results):
    """Four samples of two lengths; 'mia' is in test, 'ava' in train and test, and a hit is counted once."""
    con = results(
        sampled={"a": ["ava", "mia", "mia", "zo"]}, train=[("ava", 3), ("emma", 1)], test=["mia", "ava", "eve"]
    )

    n, unique, copies, hits, length_tv = rows(con, "n, unique_rate, copy_rate, held_out_hits, length_tv",
                                              "sample_quality")["a"]  # fmt: skip

    # Lengths: samples 3/4 of three and 1/4 of two; train 3/4 of three and 1/4 of four.
    assert (n, unique, copies, hits, length_tv) == (4, 3 / 4, 1 / 4, 1, 1 / 4)


def trigrams(names):
    """Return the shares of trigrams in weighted names, from a plain loop."""
    counts = Counter()
    for name, weight in names:
        for i in range(len(name)):
            counts[f".{name}."[i : i + 3]] += weight
    return {gram: count / counts.total() for gram, count in counts.items()}


def jensen_shannon(p, q):
    """Return the divergence of Lin (1991) over all trigrams of both."""
    mean = {gram: (p.get(gram, 0) + q.get(gram, 0)) / 2 for gram in p.keys() | q.keys()}
    return sum(share * math.log(share / mean[gram]) for shares in (p, q) for gram, share in shares.items()) / 2


def test_sample_quality_equals_a_plain_loop(results):
    """On 400 random weighted names."""
    rng = random.Random(2)
    names = ["".join(rng.choices("abcé", k=rng.randint(1, 6))) for _ in range(400)]
    train = sorted(Counter(names[:200]).items())
    con = results(sampled={"a": names[200:]}, train=train)

    quality = rows(con, "trigram_jsd, length_tv", "sample_quality")["a"]

    drawn = Counter(len(name) for name in names[200:])
    real = Counter(len(name) for name in names[:200])
    assert quality == pytest.approx(
        (
            jensen_shannon(trigrams((name, 1) for name in names[200:]), trigrams(train)),
            sum(abs(drawn[n] - real[n]) / 200 for n in range(7)) / 2,
        )
    )


@pytest.mark.parametrize(("sample", "divergence"), [("ava", 0), ("zo", math.log(2))])
def test_the_limits_of_the_divergence(results, sample, divergence):
    """0 between a list and itself; ln 2 between lists without a common trigram."""
    con = results(sampled={"a": [sample]})

    assert rows(con, "trigram_jsd", "sample_quality")["a"] == (pytest.approx(divergence, abs=1e-12),)


def test_train_names_are_resampled_by_weight(results):
    """The baseline has the number of samples of a model, within four standard errors, and no test names."""
    con = results(sampled={"a": ["x"] * 10_000}, train=[("ava", 1), ("emma", 2), ("zoe", 7)], test=["mia"])

    counts = dict(con.execute("select name, count(*) from resampled_names group by all").fetchall())
    baseline = rows(con, "n, copy_rate, held_out_hits", "sample_quality")["train, resampled"]

    assert counts.keys() == {"ava", "emma", "zoe"}
    for name, share in (("ava", 0.1), ("emma", 0.2), ("zoe", 0.7)):
        assert counts[name] == pytest.approx(10_000 * share, abs=4 * math.sqrt(10_000 * share * (1 - share)))
    assert baseline == (10_000, 1, 0)
