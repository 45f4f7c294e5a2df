"""Samples: reproducible, distributed like the model, under constraints."""

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import polars as pl
import pytest
import torch

from makemore.errors import InvalidOption, UnsatisfiableRequest
from makemore.evaluation.loss import nll_of_names
from makemore.models import bigram, bigram_net, configure, gru
from makemore.sampling import sample, samplers, walk
from makemore.sampling.automaton import Decoding, automaton_of, counting_automaton
from makemore.sampling.constraints import Constraints, text_dfa
from makemore.sampling.samplers import BLOCK_SIZE, sampler_of
from makemore.sampling.trie import Trie
from makemore.vocab import Vocab
from tests.rows import trained

NAMES = ["emma", "olivia", "ava", "isabella", "sophia", "mia"]
VOCAB = Vocab.of(NAMES)
SMALL = Vocab((".", "a", "b"))
UNCONSTRAINED = Constraints(text_dfa(VOCAB))
COUNTS = np.array([[1, 4, 3], [2, 1, 2], [5, 2, 1]])


def drawn(model, n, *, seed, vocab=VOCAB, constraints=None, decoding=Decoding(), guide=None, **options):
    """Sample names and their nll in one table."""
    sampler = sampler_of(model, vocab, constraints or Constraints(text_dfa(vocab)), decoding, seed=seed, guide=guide)
    return pl.concat(sample.sample(sampler, n, seed=seed, **options))


def names_of(model, n, **options):
    return drawn(model, n, **options)["name"].to_list()


@pytest.fixture(scope="module")
def counted():
    """The bigram of six names, smoothed by one."""
    return trained("bigram", configure("bigram", {}), NAMES, VOCAB)[0]


@pytest.fixture(scope="module")
def small():
    """A bigram of two characters, whose names can be enumerated with their probabilities."""
    return bigram.Model.from_counts(COUNTS, bigram.Config(smoothing=0))


@pytest.fixture(scope="module")
def net():
    """An untrained GRU of two characters."""
    model = gru.Model(3, gru.Config(n_embd=4, n_hidden=8))
    model.initialise(torch.Generator().manual_seed(1))
    return model.eval()


@pytest.fixture(scope="module")
def guide(net):
    """A bigram of names of the net: an approximation, as n-grams are of a net of the same list."""
    made = drawn(net, 4000, seed=9, vocab=SMALL)["name"]
    counts = np.zeros((3, 3), dtype=np.int64)
    stream = SMALL.stream(made.to_list())
    np.add.at(counts, (stream[:-1], stream[1:]), 1)
    return lambda: automaton_of(bigram.Model.from_counts(counts, bigram.Config()))


def test_a_smaller_sample_is_the_start_of_a_larger_one(counted):
    """It holds for a few names and for more than a block."""
    expected = names_of(counted, 2 * BLOCK_SIZE + 5, seed=7)

    assert len(expected) == 2 * BLOCK_SIZE + 5
    assert names_of(counted, BLOCK_SIZE + 1, seed=7) == expected[: BLOCK_SIZE + 1]
    assert names_of(counted, 3, seed=7) == expected[:3]


def test_a_shard_is_the_same_alone_and_after_others(counted, monkeypatch):
    """Any shard can be drawn anywhere, and again."""
    monkeypatch.setattr(sample, "SHARD_SIZE", BLOCK_SIZE + 100)
    sampler = sampler_of(counted, VOCAB, UNCONSTRAINED, seed=7)

    complete = pl.concat(sample.sample(sampler, 2 * (BLOCK_SIZE + 100) + 50, seed=7))
    alone = pl.concat(sample.sample(sampler, 50, seed=7, shard=2))

    assert complete.tail(50).equals(alone)
    assert not complete.head(50).equals(alone)


def test_the_seed_determines_the_names(counted):
    """Equal seeds give equal names, different seeds different ones."""
    assert names_of(counted, 50, seed=1) == names_of(counted, 50, seed=1)
    assert names_of(counted, 50, seed=1) != names_of(counted, 50, seed=2)


def test_log_counts_as_weights_give_the_names_of_the_bigram(counted):
    """As the lecture shows, the net with W = log(N + 1) is the smoothed bigram, name for name."""
    net = bigram_net.Model.from_weights(np.log(counted.N + 1.0), bigram_net.Config())

    assert names_of(net, 5000, seed=3) == names_of(counted, 5000, seed=3)


def test_a_full_cache_is_emptied(counted, monkeypatch):
    """A cache of two distributions gives the same names as one of all."""
    monkeypatch.setattr(samplers, "BLOCK_SIZE", 64)
    expected = names_of(counted, 100, seed=1)
    monkeypatch.setattr(walk, "CACHE_SIZE", 2 * 8 * 16)

    assert names_of(counted, 100, seed=1) == expected


@pytest.mark.parametrize("decoding", [Decoding(), Decoding(temperature=0.7, top_k=5, top_p=0.9)])
def test_the_nll_of_a_sample_is_that_of_the_model(counted, net, decoding):
    """The nll that sampling adds up equals that of evaluation, for any decoding."""
    for model, vocab in ((counted, VOCAB), (net, SMALL)):
        found = drawn(model, 500, seed=1, vocab=vocab, decoding=decoding)

        assert found["nll"].to_list() == pytest.approx(nll_of_names(model, vocab, found["name"].to_list()), abs=1e-5)


def chi_square(found, expected):
    """Chi-square statistic of counts against expected ones, in standard deviations; rare names are merged."""
    total, n = sum(expected.values()), sum(found.values())
    assert found.keys() <= expected.keys()
    expected = {name: n * prob / total for name, prob in expected.items()}
    common = [name for name, e in expected.items() if e >= 5]
    rest = n - sum(expected[name] for name in common), n - sum(found[name] for name in common)
    statistic = sum((found[name] - expected[name]) ** 2 / expected[name] for name in common)
    statistic += (rest[1] - rest[0]) ** 2 / rest[0] if rest[0] >= 5 else 0
    freedom = len(common) - (rest[0] < 5)
    return (statistic - freedom) / math.sqrt(2 * freedom)


def short_names(max_length):
    return ["".join(name) for length in range(1, max_length + 1) for name in product("ab", repeat=length)]


def prob_of(model, names, decoding=Decoding()):
    """Probability of each name under a bigram, end included."""
    probs = automaton_of(model, decoding).probs
    return {name: math.prod(probs[a, b] for a, b in pairwise([0, *SMALL.encode(name), 0])) for name in names}


def test_names_have_the_frequencies_of_the_model(small):
    """A chi-square test of 100,000 names against the enumerated probabilities of those up to ten characters."""
    found = Counter(names_of(small, 100_000, seed=11, vocab=SMALL))
    expected = prob_of(small, short_names(10))
    # One name in eight is empty, and is not sampled.
    assert sum(expected.values()) == pytest.approx(7 / 8, abs=0.02)

    found = Counter({name: times for name, times in found.items() if len(name) <= 10})

    assert chi_square(found, expected) < 4


EXCLUDED = ["ab", "ba", "bab", "bb"]
CASES = [
    ({"prefix": "ab", "min": 3}, lambda name: name[:2] == "ab" and len(name) >= 3),
    ({"contains": "bb", "suffix": "a"}, lambda name: "bb" in name and name[-1] == "a"),
    ({"pattern": "(a|bb)+"}, lambda name: not name.replace("bb", "").count("b")),
    (
        {"ban": ["aa"], "excluded": EXCLUDED},
        lambda name: "aa" not in name and name not in EXCLUDED,
    ),
]


def constraints_of(options):
    """Constraints of names of up to six characters."""
    text = {key: value for key, value in options.items() if key not in ("min", "excluded")}
    trie = Trie.of(pl.Series(options["excluded"]), SMALL) if "excluded" in options else None
    return Constraints(text_dfa(SMALL, **text), options.get("min", 1), 6, trie)


@pytest.mark.parametrize(("options", "is_allowed"), CASES)
@pytest.mark.parametrize("decoding", [Decoding(), Decoding(temperature=1.5, top_p=0.95)])
def test_constrained_names_keep_their_relative_frequencies(small, options, is_allowed, decoding):
    """Allowed names occur in proportion to their probability, and their total probability is exact to 1e-9."""
    expected = prob_of(small, filter(is_allowed, short_names(6)), decoding)
    sampler = sampler_of(small, SMALL, constraints_of(options), decoding, seed=5)

    found = Counter(pl.concat(sample.sample(sampler, 50_000, seed=5))["name"])

    assert chi_square(found, {name: p for name, p in expected.items() if p}) < 4
    empty = float(automaton_of(small, decoding).probs[0, 0])
    assert sampler.probability == pytest.approx(sum(expected.values()) / (1 - empty), rel=1e-9)


@pytest.mark.parametrize(("options", "is_allowed"), CASES)
def test_constrained_names_of_a_net_keep_their_relative_frequencies(net, guide, options, is_allowed):
    """The guide proposes names, and rejection corrects their frequencies."""
    names = [name for name in short_names(6) if is_allowed(name)]
    nlls = nll_of_names(net, SMALL, names)
    expected = {name: math.exp(-nll * (len(name) + 1)) for name, nll in zip(names, nlls, strict=True)}
    sampler = sampler_of(net, SMALL, constraints_of(options), seed=5, guide=guide)

    found = Counter(pl.concat(sample.sample(sampler, 5_000, seed=5))["name"])

    assert chi_square(found, expected) < 4
    empty = math.exp(-nll_of_names(net, SMALL, [""])[0])
    assert sampler.probability == pytest.approx(sum(expected.values()) / (1 - empty), rel=0.05)
    proposed, _, truncated = map(sum, zip(*sampler.acceptance, strict=True))
    assert truncated < 0.01 * proposed


def test_a_prefix_alone_rejects_no_proposal(net, guide):
    """The prefix is forced, and every continuation is allowed."""
    sampler = sampler_of(net, SMALL, Constraints(text_dfa(SMALL, prefix="ab")), seed=5, guide=guide)

    found = pl.concat(sample.sample(sampler, 100, seed=5))["name"]

    assert all(name.startswith("ab") for name in found)
    assert all(counts.accepted == counts.proposed for counts in sampler.acceptance)


def test_distinct_names_are_drawn_without_replacement(small, monkeypatch):
    """First names occur in proportion to their probability, second names to that of the remaining names."""
    constraints = Constraints(text_dfa(SMALL), max_length=3)
    firsts, pairs = Counter(), Counter()
    expected = prob_of(small, short_names(3))
    total = sum(expected.values())
    monkeypatch.setattr(samplers, "BLOCK_SIZE", 8)
    sampler = sampler_of(small, SMALL, constraints, seed=0)

    for seed in range(1500):
        found = pl.concat(sample.sample(sampler, 2, seed=seed, distinct=True))["name"].to_list()
        firsts[found[0]] += 1
        pairs[tuple(found)] += 1

    assert chi_square(firsts, expected) < 4
    assert (
        chi_square(
            pairs, {(a, b): p * q / (total - p) for a, p in expected.items() for b, q in expected.items() if a != b}
        )
        < 4
    )


@pytest.mark.parametrize("kind", ["small", "net"])
def test_all_allowed_names_can_be_drawn(kind, guide, request):
    """Drawn names are excluded from later draws, so even improbable names are found."""
    model, constraints = request.getfixturevalue(kind), Constraints(text_dfa(SMALL, pattern="a+b*"), max_length=9)

    found = names_of(model, 45, seed=1, vocab=SMALL, constraints=constraints, guide=guide, distinct=True)

    assert sorted(found) == sorted("a" * a + "b" * b for a in range(1, 10) for b in range(10 - a))
    assert found == names_of(model, 45, seed=1, vocab=SMALL, constraints=constraints, guide=guide, distinct=True)


def test_a_smaller_distinct_sample_is_the_start_of_a_larger_one(counted, net, guide):
    """It holds for a count model and for a net."""
    for model, vocab, n in ((counted, VOCAB, 30_000), (net, SMALL, 200)):
        found = names_of(model, n, seed=1, vocab=vocab, guide=guide, distinct=True)

        assert len(set(found)) == n
        assert names_of(model, 50, seed=1, vocab=vocab, guide=guide, distinct=True) == found[:50]


@pytest.mark.parametrize("kind", ["small", "net"])
def test_a_request_for_too_many_distinct_names_fails(kind, guide, request):
    """The error has the number of names that exist."""
    model, constraints = request.getfixturevalue(kind), Constraints(text_dfa(SMALL, pattern="a+b*"), max_length=3)

    with pytest.raises(UnsatisfiableRequest, match="only 6 names satisfy these constraints, 7 were requested"):
        names_of(model, 7, seed=1, vocab=SMALL, constraints=constraints, guide=guide, distinct=True)


def test_contradictory_constraints_are_rejected(small, net):
    """Both for a count model and for a net, before sampling."""
    for model in (small, net):
        with pytest.raises(UnsatisfiableRequest, match="no name satisfies these constraints"):
            sampler_of(
                model,
                SMALL,
                Constraints(text_dfa(SMALL, pattern="a{3}", contains="b")),
                seed=1,
            )


def test_a_prefix_that_decoding_excludes_is_rejected(net, guide):
    """Top-k excludes the first character of the prefix; the sample has no empty name instead."""
    first = int(torch.stack([net.step(torch.tensor([0]), net.initial_state(1))[0][0, 1:]]).argmin()) + 1
    constraints = Constraints(text_dfa(SMALL, prefix=SMALL.chars[first]))

    with pytest.raises(UnsatisfiableRequest, match="none of 12,288 proposals"):
        sampler_of(net, SMALL, constraints, Decoding(top_k=1), seed=1, guide=guide)


def test_names_of_the_maximum_length_satisfy_the_constraints(small):
    """A name that is cut off at 1,000 characters still has the required suffix."""
    constraints = Constraints(text_dfa(SMALL, suffix="ab"), min_length=998)

    names = names_of(small, 20, seed=1, vocab=SMALL, constraints=constraints)

    assert all(name.endswith("ab") and 998 <= len(name) <= 1000 for name in names)


def test_sampling_stops_if_almost_all_proposals_are_rejected(small, monkeypatch):
    """The error has the number of proposals and of accepted ones."""
    monkeypatch.setattr(sample, "MAX_OVERSAMPLING", 3)
    sampler = sampler_of(small, SMALL, Constraints(text_dfa(SMALL)), seed=1)
    none = replace(sampler, block=lambda _: (np.zeros((0, 1), dtype=np.uint8), np.zeros(0)))

    with pytest.raises(UnsatisfiableRequest, match=r"only 0 of [\d,]+ proposals were accepted"):
        list(sample.sample(none, 10, seed=1))


def test_names_are_cut_off_at_the_maximum_length():
    """A model that never ends a name gives 1,000 characters and an infinite nll."""
    vocab = Vocab((".", "a"))
    model = bigram.Model.from_counts(np.array([[0, 1], [0, 1]]), bigram.Config(smoothing=0))

    found = drawn(model, 2, seed=0, vocab=vocab)

    assert found["name"].to_list() == ["a" * 1000] * 2
    assert found["nll"].to_list() == nll_of_names(model, vocab, found["name"].to_list()).tolist() == [math.inf] * 2


def test_a_vocab_of_thousands_of_characters_is_sampled():
    """All names of a smoothed bigram of 3,000 characters end."""
    vocab = Vocab((".", *(chr(0x4E00 + i) for i in range(3000))))
    counts = np.zeros((3001, 3001), dtype=np.int64)
    counts[0, 1:], counts[1:, 0] = 10, 10_000
    model = bigram.Model.from_counts(counts, bigram.Config(smoothing=1))

    found = names_of(model, 1500, seed=0, vocab=vocab)

    assert len(found) == 1500
    assert max(map(len, found)) < 20


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_rejected(counted, seed):
    """The error has the seed."""
    with pytest.raises(InvalidOption, match=f"--seed {seed} is out of range"):
        names_of(counted, 1, seed=seed)


def test_a_model_of_the_empty_name_alone_is_an_error():
    """A sampled name has one character or more."""
    model = bigram.Model.from_counts(np.array([[1, 0], [1, 1]]), bigram.Config(smoothing=0))

    with pytest.raises(UnsatisfiableRequest, match="only the empty name"):
        names_of(model, 1, seed=0, vocab=Vocab((".", "a")))


def test_the_counting_automaton_has_one_state():
    """Each character of the vocab has weight 1."""
    assert counting_automaton(5).probs.sum() == 5
    assert np.isfinite(counting_automaton(5).nats).all()


def test_the_lectures_samples_by_its_own_loop(lecture_names):
    """`torch.multinomial` on our P with seed 2147483647 gives the lecture's names (torch 2.13)."""
    vocab = Vocab.of(lecture_names)
    model, _ = trained("bigram", configure("bigram", {"smoothing": 0}), lecture_names, vocab)
    probs, rng, names = torch.from_numpy(model.P).float(), torch.Generator().manual_seed(2147483647), []

    for _ in range(5):
        ids = [0]
        while len(ids) == 1 or ids[-1]:
            ids.append(torch.multinomial(probs[ids[-1]], 1, replacement=True, generator=rng).item())
        names.append("".join(vocab.itos[ix] for ix in ids[1:-1]))

    assert names == ["cexze", "momasurailezitynn", "konimittain", "llayn", "ka"]
