"""Samples: the same for the same seed, distributed as the model says, and only such as are wanted."""

import math
from collections import Counter
from itertools import pairwise, product

import numpy as np
import polars as pl
import pytest
import torch

from makemore.errors import UnsatisfiableRequest
from makemore.evaluation.loss import nll_of_names
from makemore.models import bigram, bigram_net, configure, gru
from makemore.sampling import sample, walk
from makemore.sampling.automaton import Decoding, automaton_of, everything
from makemore.sampling.constraints import constraint
from makemore.sampling.sample import BLOCK, Steered, sampler_of
from makemore.sampling.trellis import Wanted
from makemore.sampling.trie import trie_of
from makemore.vocab import Vocab
from tests.rows import trained

NAMES = ["emma", "olivia", "ava", "isabella", "sophia", "mia"]
VOCAB = Vocab.of(NAMES)
SMALL = Vocab((".", "a", "b"))
ANY = Wanted(constraint(VOCAB))
COUNTS = torch.tensor([[1, 4, 3], [2, 1, 2], [5, 2, 1]])


def drawn(model, n, *, seed, vocab=VOCAB, wanted=None, decoding=Decoding(), guide=None, **options):
    """Names and their nll, in one table."""
    guide = guide or everything(len(vocab))
    sampler = sampler_of(model, vocab, wanted or Wanted(constraint(vocab)), decoding, seed=seed, guide=guide)
    return pl.concat(sample.sample(sampler, n, seed=seed, **options))


def names_of(model, n, **options):
    return drawn(model, n, **options)["name"].to_list()


@pytest.fixture(scope="module")
def counted():
    """The bigram of six names, smoothed by one."""
    return trained("bigram", configure("bigram", {}), NAMES, VOCAB)[0]


@pytest.fixture(scope="module")
def small():
    """A bigram of two characters, of which every name can be told how probable it is."""
    return bigram.Model.from_counts(COUNTS, bigram.Config(smoothing=0))


@pytest.fixture(scope="module")
def net():
    """A GRU that nobody has trained, of two characters."""
    model = gru.Model(3, gru.Config(n_embd=4, n_hidden=8))
    model.initialise(torch.Generator().manual_seed(1))
    return model.eval()


@pytest.fixture(scope="module")
def guide(net):
    """A bigram of names that the net has made: near it, as n-grams are near a net of the same list."""
    made = drawn(net, 4000, seed=9, vocab=SMALL)["name"]
    counts = np.zeros((3, 3), dtype=np.int64)
    stream = SMALL.stream(made.to_list())
    np.add.at(counts, (stream[:-1], stream[1:]), 1)
    return automaton_of(bigram.Model.from_counts(torch.from_numpy(counts), bigram.Config()))


def test_a_smaller_sample_is_the_start_of_a_larger_one(counted):
    """Of a few names, of a block and a little more."""
    expected = names_of(counted, 2 * BLOCK + 5, seed=7)

    assert len(expected) == 2 * BLOCK + 5
    assert names_of(counted, BLOCK + 1, seed=7) == expected[: BLOCK + 1]
    assert names_of(counted, 3, seed=7) == expected[:3]


def test_shards_are_the_same_alone_and_one_after_the_other(counted, monkeypatch):
    """So that any of them can be made anywhere, and again."""
    monkeypatch.setattr(sample, "SHARD", BLOCK + 100)
    sampler = sampler_of(counted, VOCAB, ANY, seed=7)

    whole = pl.concat(sample.sample(sampler, 2 * (BLOCK + 100) + 50, seed=7))
    alone = pl.concat(sample.sample(sampler, 50, seed=7, shard=2))

    assert whole.tail(50).equals(alone)
    assert not whole.head(50).equals(alone)


def test_the_seed_decides_the_names(counted):
    """The same seed gives the same names, another one others."""
    assert names_of(counted, 50, seed=1) == names_of(counted, 50, seed=1)
    assert names_of(counted, 50, seed=1) != names_of(counted, 50, seed=2)


def test_log_counts_as_weights_give_the_bigrams_own_names(counted):
    """The lecture's point: the net with W = log(N + 1) is the smoothed bigram, name for name."""
    net = bigram_net.Model(len(VOCAB), bigram_net.Config())
    net.W.data = (counted.N + 1.0).log()

    assert names_of(net, 5000, seed=3) == names_of(counted, 5000, seed=3)


def test_rows_that_have_no_room_are_made_again(counted, monkeypatch):
    """The same names with room for two rows of a table as with room for all."""
    monkeypatch.setattr(sample.Walker, "size", 64)
    expected = names_of(counted, 100, seed=1)
    monkeypatch.setattr(walk, "TABLE", 2 * 8 * 16)

    assert names_of(counted, 100, seed=1) == expected


@pytest.mark.parametrize("decoding", [Decoding(), Decoding(temperature=0.7, top_k=5, top_p=0.9)])
def test_the_nll_of_a_sample_is_the_models_own(counted, net, decoding):
    """What sampling adds up on its way is what evaluation gives the finished name, however it was drawn."""
    for model, vocab in ((counted, VOCAB), (net, SMALL)):
        found = drawn(model, 500, seed=1, vocab=vocab, decoding=decoding)

        assert found["nll"].to_list() == pytest.approx(nll_of_names(model, vocab, found["name"].to_list()), abs=1e-5)


def chi_square(found, expected):
    """How far counts are from what they should be, in standard deviations of the statistic; names seldom expected are
    counted as one kind.
    """
    total, n = sum(expected.values()), sum(found.values())
    assert found.keys() <= expected.keys()
    expected = {name: n * prob / total for name, prob in expected.items()}
    common = [name for name, e in expected.items() if e >= 5]
    rest = n - sum(expected[name] for name in common), n - sum(found[name] for name in common)
    statistic = sum((found[name] - expected[name]) ** 2 / expected[name] for name in common)
    statistic += (rest[1] - rest[0]) ** 2 / rest[0] if rest[0] >= 5 else 0
    freedom = len(common) - (rest[0] < 5)
    return (statistic - freedom) / math.sqrt(2 * freedom)


def short_names(longest):
    return ["".join(name) for length in range(1, longest + 1) for name in product("ab", repeat=length)]


def prob_of(model, names, decoding=Decoding()):
    """How probable a bigram finds each of some names, its end included."""
    probs = automaton_of(model, decoding).probs
    return {name: math.prod(probs[a, b] for a, b in pairwise([0, *SMALL.encode(name), 0])) for name in names}


def test_names_come_as_often_as_the_model_says(small):
    """100,000 samples over two characters against the enumerated probability of each name up to ten (chi-square)."""
    found = Counter(names_of(small, 100_000, seed=11, vocab=SMALL))
    expected = prob_of(small, short_names(10))
    # A name has a character at least: one time in eight the model would end at once.
    assert sum(expected.values()) == pytest.approx(7 / 8, abs=0.02)

    found = Counter({name: times for name, times in found.items() if len(name) <= 10})

    assert chi_square(found, expected) < 4


LEFT_OUT = ["ab", "ba", "bab", "bb"]
ASKED = [
    ({"prefix": "ab", "min": 3}, lambda name: name[:2] == "ab" and len(name) >= 3),
    ({"contains": "bb", "suffix": "a"}, lambda name: "bb" in name and name[-1] == "a"),
    ({"pattern": "(a|bb)+"}, lambda name: not name.replace("bb", "").count("b")),
    (
        {"ban": ["aa"], "without": LEFT_OUT},
        lambda name: "aa" not in name and name not in LEFT_OUT,
    ),
]


def wanted_of(asked):
    """What is wanted, of names of up to six characters."""
    form = {key: value for key, value in asked.items() if key not in ("min", "without")}
    trie = trie_of(pl.Series(asked["without"]), SMALL) if "without" in asked else None
    return Wanted(constraint(SMALL, **form), asked.get("min", 1), 6, trie)


@pytest.mark.parametrize(("asked", "is_asked"), ASKED)
@pytest.mark.parametrize("decoding", [Decoding(), Decoding(temperature=1.5, top_p=0.95)])
def test_names_as_asked_come_as_often_as_the_model_makes_them_among_its_own(small, asked, is_asked, decoding):
    """Each that is as asked, in proportion to its probability; and what they are together is told to 1e-9."""
    expected = prob_of(small, filter(is_asked, short_names(6)), decoding)
    sampler = sampler_of(small, SMALL, wanted_of(asked), decoding, seed=5)

    found = Counter(pl.concat(sample.sample(sampler, 50_000, seed=5))["name"])

    assert chi_square(found, {name: p for name, p in expected.items() if p}) < 4
    none = float(automaton_of(small, decoding).probs[0, 0])
    assert sampler.probability == pytest.approx(sum(expected.values()) / (1 - none), rel=1e-9)


@pytest.mark.parametrize(("asked", "is_asked"), ASKED)
def test_names_of_a_net_as_asked_come_as_often_as_the_net_makes_them(net, guide, asked, is_asked):
    """Whatever the guide says: it leads, and what it makes too often is rejected."""
    names = [name for name in short_names(6) if is_asked(name)]
    nlls = nll_of_names(net, SMALL, names)
    expected = {name: math.exp(-nll * (len(name) + 1)) for name, nll in zip(names, nlls, strict=True)}
    sampler = sampler_of(net, SMALL, wanted_of(asked), seed=5, guide=guide)

    found = Counter(pl.concat(sample.sample(sampler, 5_000, seed=5))["name"])

    assert chi_square(found, expected) < 4
    none = math.exp(-nll_of_names(net, SMALL, [""])[0])
    assert sampler.probability == pytest.approx(sum(expected.values()) / (1 - none), rel=0.05)
    assert sampler.tally.clipped < 0.01 * sampler.tally.proposed


def test_a_prefix_rejects_nothing_of_a_net(net, guide):
    """All names begin alike, and whatever follows is wanted: each proposal is right."""
    sampler = sampler_of(net, SMALL, Wanted(constraint(SMALL, prefix="ab")), seed=5, guide=guide)

    found = pl.concat(sample.sample(sampler, 100, seed=5))["name"]

    assert all(name.startswith("ab") for name in found)
    assert sampler.tally.kept == sampler.tally.proposed


def test_distinct_names_are_drawn_without_replacement(small, monkeypatch):
    """All of the fourteen short ones, the first in proportion to their probability, the second to what is left."""
    wanted = Wanted(constraint(SMALL), max_length=3)
    firsts, pairs = Counter(), Counter()
    expected = prob_of(small, short_names(3))
    total = sum(expected.values())
    monkeypatch.setattr(sample.Walker, "size", 8)
    sampler = sampler_of(small, SMALL, wanted, seed=0)

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
def test_all_the_names_that_there_are_can_be_drawn(kind, guide, request):
    """However improbable the last of them: what was drawn is left out of the draws to come."""
    model, wanted = request.getfixturevalue(kind), Wanted(constraint(SMALL, pattern="a+b*"), max_length=9)

    found = names_of(model, 45, seed=1, vocab=SMALL, wanted=wanted, guide=guide, distinct=True)

    assert sorted(found) == sorted("a" * a + "b" * b for a in range(1, 10) for b in range(10 - a))
    assert found == names_of(model, 45, seed=1, vocab=SMALL, wanted=wanted, guide=guide, distinct=True)


def test_distinct_names_of_any_kind_and_any_model(counted, net, guide):
    """A smaller sample is the start of a larger one here too."""
    for model, vocab, n in ((counted, VOCAB, 30_000), (net, SMALL, 200)):
        found = names_of(model, n, seed=1, vocab=vocab, guide=guide, distinct=True)

        assert len(set(found)) == n
        assert names_of(model, 50, seed=1, vocab=vocab, guide=guide, distinct=True) == found[:50]


@pytest.mark.parametrize("kind", ["small", "net"])
def test_distinct_names_end_where_there_are_no_more(kind, guide, request):
    """One more than there are: what was found is told."""
    model, wanted = request.getfixturevalue(kind), Wanted(constraint(SMALL, pattern="a+b*"), max_length=3)

    with pytest.raises(UnsatisfiableRequest, match="6 such names are found, and 7 are wanted"):
        names_of(model, 7, seed=1, vocab=SMALL, wanted=wanted, guide=guide, distinct=True)


def test_what_is_not_there_is_refused(small, net):
    """By a model of tables and by a net, before anything is drawn."""
    for model in (small, net):
        with pytest.raises(UnsatisfiableRequest, match=r"no name .*is as asked"):
            sampler_of(
                model, SMALL, Wanted(constraint(SMALL, pattern="a{3}", contains="b")), seed=1, guide=everything(3)
            )


def test_a_prefix_that_a_net_finds_impossible_is_refused(net, guide):
    """Since its decoding leaves the first character out: no empty name comes instead."""
    first = int(torch.stack([net.step(torch.tensor([0]), net.initial_state(1))[0][0, 1:]]).argmin()) + 1
    wanted = Wanted(constraint(SMALL, prefix=SMALL.chars[first]))

    with pytest.raises(UnsatisfiableRequest, match="ended as asked"):
        sampler_of(net, SMALL, wanted, Decoding(top_k=1), seed=1, guide=guide)


def test_names_of_the_longest_length_are_as_asked(small):
    """Where a name ends in any case, it still ends as it was asked to."""
    wanted = Wanted(constraint(SMALL, suffix="ab"), min_length=998)

    names = names_of(small, 20, seed=1, vocab=SMALL, wanted=wanted)

    assert all(name.endswith("ab") and 998 <= len(name) <= 1000 for name in names)


def test_a_search_in_vain_ends(small, net, monkeypatch):
    """What hardly ever is right is given up, and how often it was is told."""
    monkeypatch.setattr(sample, "VAIN", 3)
    sampler = sampler_of(net, SMALL, Wanted(constraint(SMALL, prefix="a")), seed=1, guide=automaton_of(small))
    assert isinstance(sampler, Steered)
    sampler.log_bound += 100

    with pytest.raises(UnsatisfiableRequest, match=r"names were drawn, and 0 of 10 were found that are wanted"):
        list(sample.sample(sampler, 10, seed=1))


def test_a_model_that_does_not_end_a_name_is_ended():
    """Never an endless loop: a name ends after 1,000 characters, and its nll says that the model would not."""
    vocab = Vocab((".", "a"))
    model = bigram.Model.from_counts(torch.tensor([[0, 1], [0, 1]]), bigram.Config(smoothing=0))

    found = drawn(model, 2, seed=0, vocab=vocab)

    assert found["name"].to_list() == ["a" * 1000] * 2
    assert found["nll"].to_list() == nll_of_names(model, vocab, found["name"].to_list()).tolist() == [math.inf] * 2


def test_a_vocab_of_thousands_is_sampled_in_little_memory():
    """3,000 characters, smoothed: all names end."""
    vocab = Vocab((".", *(chr(0x4E00 + i) for i in range(3000))))
    counts = torch.zeros((3001, 3001), dtype=torch.int64)
    counts[0, 1:], counts[1:, 0] = 10, 10_000
    model = bigram.Model.from_counts(counts, bigram.Config(smoothing=1))

    found = names_of(model, 1500, seed=0, vocab=vocab)

    assert len(found) == 1500
    assert max(map(len, found)) < 20


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(counted, seed):
    """The limit is named."""
    with pytest.raises(ValueError, match=f"--seed {seed}: use 0 to"):
        names_of(counted, 1, seed=seed)


def test_a_model_of_nothing_but_the_empty_name_is_an_error():
    """A name has a character at least; where none can begin, the error says so."""
    model = bigram.Model.from_counts(torch.tensor([[1, 0], [1, 1]]), bigram.Config(smoothing=0))

    with pytest.raises(ValueError, match="nothing but the empty name"):
        names_of(model, 1, seed=0, vocab=Vocab((".", "a")))


def test_every_number_of_names_has_its_automaton():
    """What adds up numbers of names has one state, whatever the vocab."""
    assert everything(5).probs.sum() == 5
    assert np.isfinite(everything(5).nats).all()


def test_the_lectures_samples_by_its_own_loop(lecture_names):
    """torch.multinomial on our P, its generator seeded 2147483647, gives the lecture's names (torch 2.13)."""
    vocab = Vocab.of(lecture_names)
    model, _ = trained("bigram", configure("bigram", {"smoothing": 0}), lecture_names, vocab)
    probs, rng, names = model.P.float(), torch.Generator().manual_seed(2147483647), []

    for _ in range(5):
        ids = [0]
        while len(ids) == 1 or ids[-1]:
            ids.append(torch.multinomial(probs[ids[-1]], 1, replacement=True, generator=rng).item())
        names.append("".join(vocab.itos[ix] for ix in ids[1:-1]))

    assert names == ["cexze", "momasurailezitynn", "konimittain", "llayn", "ka"]
