"""Samples: the same for the same seed, and distributed as the model says."""

import math
from collections import Counter
from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.evaluate import nll_of_names
from makemore.models import bigram, bigram_net, configure
from makemore.sample import BLOCK, draw, sample
from makemore.vocab import Vocab
from tests.rows import trained

NAMES = ["emma", "olivia", "ava", "isabella", "sophia", "mia"]
VOCAB = Vocab.of(NAMES)


def names_of(model, n, *, seed, vocab=VOCAB, **options):
    """All names of a sample."""
    return [name for names, _ in sample(model, vocab, n, seed=seed, **options) for name in names]


@pytest.fixture(scope="module")
def counted():
    """The bigram of six names, smoothed by one."""
    return trained("bigram", configure("bigram", {}), NAMES, VOCAB)[0]


def test_the_batch_size_changes_no_name(counted):
    """One block at a time or four: the same names, and a smaller sample is the start of a larger one."""
    n = 3 * BLOCK + 5

    expected = names_of(counted, n, seed=7)

    assert len(expected) == n
    assert names_of(counted, n, seed=7, batch_size=BLOCK) == expected
    assert names_of(counted, BLOCK + 1, seed=7) == expected[: BLOCK + 1]


def test_the_seed_decides_the_names(counted):
    """The same seed gives the same names, another one others."""
    assert names_of(counted, 50, seed=1) == names_of(counted, 50, seed=1)
    assert names_of(counted, 50, seed=1) != names_of(counted, 50, seed=2)


def test_log_counts_as_weights_give_the_bigrams_own_names(counted):
    """The lecture's point: the net with W = log(N + 1) is the smoothed bigram, name for name."""
    net = bigram_net.Model(len(VOCAB), bigram_net.Config())
    net.W.data = (counted.N + 1.0).log()

    assert names_of(net, 5000, seed=3) == names_of(counted, 5000, seed=3)


def test_the_nll_of_a_sample_is_the_models_own(counted):
    """What sampling adds up on its way is what evaluation gives the finished name."""
    names, nlls = next(sample(counted, VOCAB, 500, seed=1))

    assert nlls.tolist() == pytest.approx(nll_of_names(counted, VOCAB, names))


def test_names_come_as_often_as_the_model_says():
    """100,000 samples over two characters against the enumerated probability of each name up to four (chi-square)."""
    vocab = Vocab((".", "a", "b"))
    model = bigram.Model.from_counts(torch.tensor([[1, 4, 3], [2, 1, 2], [5, 2, 1]]), bigram.Config(smoothing=0))
    n = 100_000
    names = ["".join(name) for length in range(1, 5) for name in product("ab", repeat=length)]
    # A name has a character at least: one time in eight the model would end at once.
    expected = {name: n * math.exp(-_nats(model, vocab, name)) / (7 / 8) for name in names}

    found = Counter(names_of(model, n, seed=11, vocab=vocab))

    rest = n - sum(expected.values())
    found_rest = n - sum(found[name] for name in names)
    statistic = sum((found[name] - e) ** 2 / e for name, e in expected.items()) + (found_rest - rest) ** 2 / rest
    # 30 names and the rest: 30 degrees of freedom; 59.7 is exceeded once in a thousand seeds.
    assert statistic < 59.7
    assert found[""] == 0


def _nats(model, vocab, name):
    ids = [0, *vocab.encode(name), 0]
    return -sum(float(model.logits[a, b]) for a, b in pairwise(ids))


@settings(max_examples=200)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(lambda probs: sum(probs) > 1e-3),
    st.floats(0, 1, exclude_max=True),
)
def test_what_has_probability_zero_is_never_drawn(weights, uniform):
    """Inversion stays on the support, at 0, near 1 and wherever rounding leaves the total."""
    probs = torch.tensor([weights], dtype=torch.float64)
    probs /= probs.sum()

    ix = int(draw(probs, torch.tensor([uniform], dtype=torch.float64)))

    assert probs[0, ix] > 0


def test_a_model_that_does_not_end_a_name_is_ended():
    """Never an endless loop: a name ends after 1,000 characters, and its nll says that the model would not."""
    vocab = Vocab((".", "a"))
    model = bigram.Model.from_counts(torch.tensor([[0, 1], [0, 1]]), bigram.Config(smoothing=0))

    [(names, nlls)] = sample(model, vocab, 2, seed=0)

    assert names == ["a" * 1000] * 2
    assert nlls.tolist() == nll_of_names(model, vocab, names).tolist() == [math.inf] * 2


def test_a_vocab_of_thousands_is_sampled_in_small_batches():
    """3,000 characters, smoothed: the same names block by block, none without an end, in little memory."""
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
