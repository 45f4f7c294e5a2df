"""The one-layer net against the training of the lecture."""

import numpy as np
import pytest
import torch

from makemore.data.dataset import xs_ys
from makemore.errors import Diverged, InvalidOption
from makemore.evaluation.loss import nll_of_rows
from makemore.models.bigram_net import Config
from makemore.vocab import Vocab
from tests.rows import rows_of, trained

# Varied names: no row is so frequent that a learning rate of 50 overshoots.
NAMES = [f"{a}{b}{c}{d}" for a in "jkmnr" for b in "aeiou" for c in "lnstv" for d in "aey"] + ["emma", "ava", "anna"]
FEW = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "amelia", "mila", "ella", "anna"]
SEED = 2147483647


def lecture_net(names, vocab, config, seed):
    """Train W as the lecture does: one-hot rows, softmax by hand, autograd, full-batch steps."""
    xs, ys = (torch.tensor(ids.astype(int)) for ids in xs_ys(names, vocab))
    weights = torch.randn((len(vocab), len(vocab)), generator=torch.Generator().manual_seed(seed), requires_grad=True)
    one_hot = torch.nn.functional.one_hot(xs, num_classes=len(vocab)).float()
    for _ in range(config.steps):
        counts = (one_hot @ weights).exp()
        probs = counts / counts.sum(1, keepdims=True)
        loss = -probs[torch.arange(len(xs)), ys].log().mean() + config.regularisation * (weights**2).mean()
        weights.grad = None
        loss.backward()
        weights.data += -config.learning_rate * weights.grad
    return weights.detach(), loss.item()


@pytest.mark.parametrize("regularisation", [0, 0.01, 1])
def test_training_on_counts_equals_training_on_all_examples(regularisation):
    """The counts are sufficient statistics: the same W and the same loss as from one-hot examples."""
    vocab, config = Vocab.of(NAMES), Config(regularisation=regularisation)

    model, metrics = trained("bigram_net", config, NAMES, vocab, seed=SEED)

    expected, expected_loss = lecture_net(NAMES, vocab, config, SEED)
    assert pytest.approx(expected.numpy(), abs=1e-4) == model.W
    assert metrics["loss"] == pytest.approx(expected_loss, abs=1e-5)


def test_more_regularisation_gives_smoother_rows():
    """The mean entropy of the rows grows with it, as with smoothing in the bigram."""
    vocab = Vocab.of(NAMES)

    def entropy(regularisation):
        model, _ = trained("bigram_net", Config(regularisation=regularisation), NAMES, vocab)
        log_probs = model.log_probs_of(slice(None))
        return float(-(np.exp(log_probs) * log_probs).sum(axis=1).mean())

    entropies = [entropy(regularisation) for regularisation in (0, 0.1, 1, 5)]

    assert entropies == sorted(entropies)
    assert entropies[-1] > entropies[0] + 0.1


def test_descent_converges_to_the_counting_bigram():
    """Without regularisation its nll approaches that of the counts."""
    vocab = Vocab.of(NAMES)
    rows = rows_of(NAMES, vocab)
    counted, _ = trained("bigram", _unsmoothed(), NAMES, vocab)

    model, _ = trained("bigram_net", Config(steps=2000, regularisation=0), NAMES, vocab, seed=SEED)

    assert nll_of_rows(model, rows) == pytest.approx(nll_of_rows(counted, rows), abs=0.01)
    assert nll_of_rows(model, rows) >= nll_of_rows(counted, rows)


def test_the_seed_alone_decides_the_weights():
    """The same seed gives the same weights to the bit; another seed gives others."""
    vocab = Vocab.of(NAMES)

    first, again, other = (trained("bigram_net", Config(steps=5), NAMES, vocab, seed=seed)[0] for seed in (1, 1, 2))

    assert np.array_equal(first.W, again.W)
    assert not np.array_equal(first.W, other.W)


@pytest.mark.parametrize("learning_rate", [50, 1e4, 1e38])
def test_steps_that_increase_the_loss_are_undone(learning_rate):
    """On ten names the lecture's learning rate overshoots; the net still approaches the counting bigram."""
    vocab = Vocab.of(FEW)
    rows = rows_of(FEW, vocab)
    counted, _ = trained("bigram", _unsmoothed(), FEW, vocab)
    config = Config(steps=400, learning_rate=learning_rate, regularisation=0)

    model, metrics = trained("bigram_net", config, FEW, vocab, seed=SEED)

    assert nll_of_rows(model, rows) == pytest.approx(nll_of_rows(counted, rows), abs=0.02)
    assert nll_of_rows(model, rows) <= metrics["loss"]


def test_an_infinite_initial_loss_is_an_error():
    """There is no step to undo: the hint names the setting to lower."""
    vocab = Vocab.of(FEW)

    with pytest.raises(Diverged, match=r"initial loss is inf. hint: lower --set bigram_net\.regularisation"):
        trained("bigram_net", Config(regularisation=1e308), FEW, vocab)


@pytest.mark.parametrize("setting", [{"steps": 0}, {"learning_rate": 0}, {"regularisation": -1}])
def test_settings_out_of_range_are_errors(setting):
    """The error names the setting and its range."""
    with pytest.raises(InvalidOption, match=rf"bigram_net.{next(iter(setting))}=.* is invalid. hint: use"):
        Config(**setting)


def test_golden_losses_of_the_lecture(lecture_names):
    """The lecture's losses after 200 steps of 50: 2.46239 plain, 2.48300 with 0.01, the penalty included."""
    vocab = Vocab.of(lecture_names)

    _, without = trained("bigram_net", Config(regularisation=0), lecture_names, vocab, seed=SEED)
    _, regularised = trained("bigram_net", Config(), lecture_names, vocab, seed=SEED)

    assert without["loss"] == pytest.approx(2.46239, abs=5e-6)
    assert regularised["loss"] == pytest.approx(2.48300, abs=5e-6)


def _unsmoothed():
    from makemore.models.bigram import Config as BigramConfig

    return BigramConfig(smoothing=0)
