"""The loss of nets, by hand and against that of count models."""

import math
import random

import numpy as np
import pytest
import torch

from makemore.evaluation import loss, net_loss
from makemore.evaluation.net_loss import costs, nll
from makemore.models._net import as_net
from makemore.models.bigram import Config, Model
from makemore.vocab import Vocab

VOCAB = Vocab((".", "a", "b", "é", "李"))


def test_nll_by_hand():
    """Two contexts: three targets of probability 1/2 in one, targets of 1/4 and 1/2 in the other."""
    logits = torch.tensor([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]]).log()

    value = nll(logits, torch.tensor([0, 1, 1]), torch.tensor([0, 1, 2]), torch.tensor([3.0, 1.0, 1.0]))

    assert float(value) == pytest.approx((3 * math.log(2) + math.log(4) + math.log(2)) / 5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nll_by_hand_in_any_shape(dtype):
    """One cost per target, in the dtype of the logits; infinite for a target of probability 0."""
    logits = torch.tensor([[[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]]], dtype=dtype).log()

    values = costs(logits, torch.tensor([[2, 1]]))

    assert values.tolist() == [[math.inf, pytest.approx(math.log(4))]]
    assert values.dtype == dtype
    assert costs(logits[0], torch.tensor([0, 2])).tolist() == pytest.approx([math.log(2)] * 2)


@pytest.mark.parametrize("limit", [1, 3000, 1 << 23])
@pytest.mark.parametrize("smoothing", [0, 1])
def test_a_count_model_as_a_net_gives_the_same_nats(monkeypatch, limit, smoothing):
    """In batches of one name, of a few, or of all; repeated and impossible names too."""
    monkeypatch.setattr(net_loss, "MAX_ACTIVATIONS", limit)
    monkeypatch.setattr(loss, "MAX_LOGITS", limit)
    rng = random.Random(1)
    names = ["".join(rng.choices(VOCAB.chars[1:], k=rng.randint(1, 30))) for _ in range(100)]
    names += names[:5]
    counts = np.random.default_rng(1).integers(9, size=(5, 5))
    counts[2, 3] = 0
    model = Model.from_counts(counts, Config(smoothing))
    net = as_net(model)

    assert net_loss.nats_of_names(net, VOCAB, names) == pytest.approx(loss.nats_of_names(model, VOCAB, names))
    assert net_loss.nll_of_names(net, VOCAB, names) == pytest.approx(loss.nll_of_names(model, VOCAB, names))
    assert np.isinf(loss.nll_of_names(model, VOCAB, names)).any() == (smoothing == 0)
