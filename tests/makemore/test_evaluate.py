"""The loss by hand, and in its two ways: over rows and over names."""

import math

import pytest
import torch

from makemore.evaluate import nll, nll_of_list, nll_of_names, nll_of_rows
from makemore.models import configure
from makemore.train import train
from makemore.vocab import Vocab
from tests.rows import rows_of

NAMES = ["emma", "olivia", "ava", "emma", "zoë", "李"]
VOCAB = Vocab.of(NAMES)


def test_nll_by_hand():
    """Two contexts: 1/2 counted three times under one, 1/4 once and 1/2 once under the other."""
    logits = torch.tensor([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]]).log()

    value = nll(logits, torch.tensor([0, 1, 1]), torch.tensor([0, 1, 2]), torch.tensor([3.0, 1.0, 1.0]))

    assert float(value) == pytest.approx((3 * math.log(2) + math.log(4) + math.log(2)) / 5)


@pytest.mark.parametrize("model_type", ["bigram", "bigram_net"])
def test_rows_and_names_give_the_same_nll(model_type):
    """Weighted by counts or name by name, padded to the longest: the same mean over all characters."""
    rows = rows_of(NAMES, VOCAB)
    model, _ = train(model_type, configure(model_type, {}), rows, len(VOCAB), seed=1)

    by_name = nll_of_names(model, VOCAB, NAMES)

    assert nll_of_list(by_name, NAMES) == pytest.approx(nll_of_rows(model, rows))
    assert by_name[0] == by_name[3]


def test_an_excluded_pair_is_infinite_and_spoils_no_other_name():
    """A name that the model gives probability zero has infinite nll; its neighbours in the batch keep theirs."""
    model, _ = train("bigram", configure("bigram", {"smoothing": 0}), rows_of(NAMES, VOCAB), len(VOCAB), seed=0)

    alone = nll_of_names(model, VOCAB, ["emma"])
    together = nll_of_names(model, VOCAB, ["emma", "eeeeeeeee"])

    assert together == [alone[0], math.inf]
    assert math.isfinite(alone[0])


def test_a_character_that_the_vocab_lacks_is_named():
    """The error names the name, the character and what to do."""
    model, _ = train("bigram", configure("bigram", {}), rows_of(NAMES, VOCAB), len(VOCAB), seed=0)

    with pytest.raises(ValueError, match=r"'anna' has 'n', which is not among the 11 characters .* train again"):
        nll_of_names(model, VOCAB, ["ava", "anna"])


def test_golden_nll_of_the_lecture(lecture_names):
    """2.4540145 without smoothing, 2.4545768 with 1; 'andrejq' is infinite, then finite."""
    vocab = Vocab.of(lecture_names)
    rows = rows_of(lecture_names, vocab)
    plain, smoothed = (train("bigram", configure("bigram", {"smoothing": s}), rows, 27, seed=0)[0] for s in (0, 1))

    assert nll_of_rows(plain, rows) == pytest.approx(2.4540145, abs=5e-8)
    assert nll_of_rows(smoothed, rows) == pytest.approx(2.4545768, abs=5e-8)
    assert nll_of_names(plain, vocab, ["andrejq"]) == [math.inf]
    assert math.isfinite(nll_of_names(smoothed, vocab, ["andrejq"])[0])
