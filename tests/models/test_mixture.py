"""The mixture: its weights by hand and by grid search."""

import pytest
import torch

from makemore.errors import InvalidOption
from makemore.models._net import Module
from makemore.models.mixture import Config, Model, fit_weights


class Unigram(Module):
    """A part that gives each character the same probability after any other."""

    config = None

    def __init__(self, *probs):
        super().__init__()
        self.register_buffer("probs", torch.tensor(probs))

    def forward(self, idx):
        return self.probs.log().expand(*idx.shape, -1)

    def step(self, ix, state):
        return self.probs.log().expand(len(ix), -1), state

    def initial_state(self, batch):
        return None


DEV = (
    torch.tensor([[0, 1, 1, 2], [0, 2, 0, 0]]),
    torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]) > 0,
    torch.tensor([1, 2, 1, 0, 2, 0]),
    torch.ones(6),
)


def mixed(config, *parts, dev=(DEV,)):
    return Model.from_models(parts, dev, config)


def test_a_mixture_is_the_weighted_mean_of_probabilities():
    """0.25 x (0.5, 0.5) + 0.75 x (0.1, 0.9) is 0.2, 0.8."""
    model = mixed(Config(weights="1,3"), Unigram(0.5, 0.5), Unigram(0.1, 0.9))

    probs = model(torch.tensor([[0, 1]])).exp()

    torch.testing.assert_close(probs[0, 0], torch.tensor([0.2, 0.8], dtype=torch.float64), atol=1e-7, rtol=0)


def test_weights_maximise_the_likelihood_of_dev():
    """A grid search in steps of a thousandth finds the same weights."""
    first, second = Unigram(0.5, 0.25, 0.25), Unigram(0.05, 0.15, 0.8)

    fitted = mixed(Config(), first, second).weights[0].item()

    targets = torch.stack([part.probs[DEV[2]] for part in (first, second)])
    grid = torch.linspace(0.001, 0.999, 999)[:, None]
    best = grid[(grid * targets[0] + (1 - grid) * targets[1]).log().sum(dim=1).argmax()].item()
    assert fitted == pytest.approx(best, abs=0.002)


def test_a_part_that_is_never_right_gets_no_weight():
    """The other part gets all of it."""
    right = Unigram(0.34, 0.33, 0.33)

    weights = mixed(
        Config(), right, Unigram(1e-6, 1e-6, 1 - 2e-6), dev=[(*DEV[:2], torch.tensor([1, 1, 0, 0, 1, 0]), DEV[3])]
    )

    assert weights.weights[0] > 0.99


def test_a_name_with_count_two_equals_two_names():
    """The fit weights targets by their counts."""
    probs = torch.tensor([[0.9, 0.1], [0.2, 0.8]], dtype=torch.float64)

    counted = fit_weights(probs, torch.tensor([2.0, 1.0], dtype=torch.float64))

    repeated = fit_weights(probs[[0, 0, 1]], torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(counted, repeated)


@pytest.mark.parametrize(
    "setting",
    [
        {"of": "ngram"}, {"of": "ngram,lstm"}, {"of": "ngram,ngram"}, {"of": "ngram,mixture"}, {"of": ""},
        {"weights": "1"}, {"weights": "1,-1"}, {"weights": "0,0"}, {"weights": "one,two"},
        {"weights": "1,nan"}, {"weights": "inf,1"},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_errors(setting):
    """The error names the setting and the valid values."""
    with pytest.raises(InvalidOption, match=rf"mixture.{next(iter(setting))}=.* is invalid. hint: use"):
        Config(**setting)
