"""Training of nets: what it reaches, what it keeps, and that a kill changes nothing."""

import math
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from makemore.data.batches import Batches
from makemore.data.dataset import Names
from makemore.errors import Diverged
from makemore.evaluation.loss import nll_of_names
from makemore.models import configure
from makemore.training.minibatch import batch_loss, schedule
from makemore.vocab import Vocab
from tests.conftest import ROOT
from tests.rows import trained

NAMES = [a + b + c + d for a in "jkmnr" for b in "aei" for c in "lnt" for d in ("", "a", "ey")]
DEV = [a + b + c + d for a in "jkmnr" for b in "ou" for c in "lnt" for d in ("", "a", "ey")]
VOCAB = Vocab.of(NAMES + DEV)
SMALL = {
    "bow": {"n_embd": 8, "n_hidden": 8},
    "mlp": {"n_embd": 4, "n_hidden": 16, "block_size": 4},
    "rnn": {"n_embd": 4, "n_hidden": 16},
    "gru": {"n_embd": 4, "n_hidden": 16},
    "transformer": {"n_embd": 8, "n_head": 2, "n_layer": 2},
}


def small(model_type, **settings):
    return configure(model_type, SMALL[model_type] | {"epochs": 3, "batch_size": 8} | settings)


def weights(model):
    return torch.cat([parameter.flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("model_type", SMALL)
def test_a_net_learns_a_list_by_heart(model_type):
    """Without dropout its nll comes near that of the list's own names, all as probable as each other."""
    config = small(model_type, epochs=40, dropout=0, learning_rate=0.01, weight_decay=0)

    model, told = trained(model_type, config, NAMES, VOCAB)

    nats = sum(nll * (len(name) + 1) for nll, name in zip(nll_of_names(model, VOCAB, NAMES), NAMES, strict=True))
    assert nats / len(NAMES) < math.log(len(NAMES)) + (1.5 if model_type == "bow" else 0.4)
    assert told["names_read"] == 40 * len(NAMES)


@pytest.mark.parametrize("model_type", SMALL)
def test_the_seed_alone_decides_the_weights(model_type):
    """Twice the same seed is the same weights to the bit, and nobody else's random numbers are touched."""
    torch.manual_seed(7)
    before = torch.get_rng_state()

    first, again, other = (
        weights(trained(model_type, small(model_type), NAMES, VOCAB, dev=DEV, seed=seed)[0]) for seed in (1, 1, 2)
    )

    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("model_type", SMALL)
def test_a_training_that_stopped_goes_on_to_the_same_weights(model_type, tmp_path, monkeypatch):
    """Stopped in the middle of a pass, dropout and averages included."""
    whole, _ = trained(model_type, small(model_type), NAMES, VOCAB, dev=DEV)
    saved = tmp_path / "saved.safetensors"
    with monkeypatch.context() as patch:
        _stop_at_step(patch, 23)
        with pytest.raises(KeyboardInterrupt):
            trained(model_type, small(model_type), NAMES, VOCAB, dev=DEV, saved=saved)

    resumed, told = trained(model_type, small(model_type), NAMES, VOCAB, dev=DEV, saved=saved)

    assert torch.equal(weights(resumed), weights(whole))
    assert told["names_read"] >= 3 * len(NAMES)


def _stop_at_step(patch, last):
    from makemore.training import minibatch

    batch_loss = minibatch.batch_loss

    def stopping(model, batches, number):
        if number == last:
            raise KeyboardInterrupt
        return batch_loss(model, batches, number)

    patch.setattr(minibatch, "batch_loss", stopping)


TRAIN = """
import sys
from pathlib import Path
from tests.training.test_minibatch import DEV, NAMES, VOCAB, small
from tests.rows import trained
trained("gru", small("gru", epochs=20), NAMES, VOCAB, dev=DEV, saved=Path(sys.argv[1]))
"""


def test_a_training_that_was_killed_goes_on_to_the_same_weights(tmp_path, caplog):
    """kill -9 between two of its writings; the file is whole, and another process ends where it would have."""
    caplog.set_level("INFO", "makemore")
    saved = tmp_path / "saved.safetensors"
    process = subprocess.Popen([sys.executable, "-c", TRAIN, str(saved)], cwd=ROOT)
    while not saved.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()

    assert process.wait() == -signal.SIGKILL
    alone, _ = trained("gru", small("gru", epochs=20), NAMES, VOCAB, dev=DEV)
    resumed, _ = trained("gru", small("gru", epochs=20), NAMES, VOCAB, dev=DEV, saved=saved)
    assert "gru: goes on from step" in caplog.text
    assert torch.equal(weights(resumed), weights(alone))


def test_the_best_weights_on_dev_are_kept():
    """Names of another kind are dev: the longer it trains the worse they get, and the early weights are the best."""
    names, dev = ["abab", "cdcd"] * 4, ["acbd", "dbca"]
    vocab = Vocab.of(names + dev)
    early = small("gru", epochs=2, dropout=0, learning_rate=0.01)
    late = small("gru", epochs=400, dropout=0, learning_rate=0.01)

    kept, told = trained("gru", late, names, vocab, dev=dev)
    without, long_told = trained("gru", late, names, vocab)

    assert nll_of_names(kept, vocab, dev).mean() < nll_of_names(without, vocab, dev).mean() - 0.5
    assert (
        nll_of_names(kept, vocab, dev).mean()
        < nll_of_names(trained("gru", early, names, vocab)[0], vocab, dev).mean() + 0.1
    )
    assert told["names_read"] < long_told["names_read"]


@pytest.mark.parametrize(
    ("lines", "batch_size", "settings", "expected"),
    [(3, 64, {"epochs": 7}, 21), (10, 8, {"epochs": 2}, 20), (10, 4, {"epochs": 40, "names": 9}, 10), (9, 9, {}, 27)],
)
def test_a_list_is_read_as_often_as_the_settings_say(lines, batch_size, settings, expected, monkeypatch):
    """A short list ends after its passes, a long one after its names, in whole batches; and the number is told."""
    from makemore.training import minibatch

    read, batch_loss = [], minibatch.batch_loss
    monkeypatch.setattr(
        minibatch,
        "batch_loss",
        lambda model, batches, n: (read.append(len(batches[n].xs)), batch_loss(model, batches, n))[1],
    )

    _, told = trained("bow", small("bow", batch_size=batch_size, **settings), NAMES[:lines], VOCAB)

    assert sum(read) == told["names_read"] == expected


def test_the_loss_of_a_pass_is_that_of_the_whole_list():
    """Whatever the batches and the weights of the names: the sum over batches is the list's nll, times its batches."""
    counts, lengths = np.array([1, 2, 30, 400]), np.array([4, 2, 5, 1])
    texts = ["jala", "je", "miley", "k"]
    names = Names(VOCAB.stream(texts), lengths, counts, counts.mean())
    model, _ = trained("gru", small("gru"), NAMES, VOCAB)
    batches = Batches(names, 3, seed=1, device=torch.device("cpu"))

    with torch.no_grad():
        total = sum(batch_loss(model, batches, number).item() for number in range(batches.per_pass))

    nlls = nll_of_names(model, VOCAB, texts)
    expected = (counts * (lengths + 1) * nlls).sum() / (counts * (lengths + 1)).sum()
    assert total == pytest.approx(expected * len(batches.which) / 3, rel=1e-5)


@pytest.mark.parametrize("content", [b"", "of another model"])
def test_a_file_that_is_of_no_use_is_left_behind(tmp_path, content, caplog):
    """Damaged, or of a model of other shapes: the training begins anew and says so, and nobody has to clear up."""
    saved = tmp_path / "saved.safetensors"
    if content:
        trained("gru", small("gru", n_hidden=8, epochs=1), NAMES, VOCAB, saved=saved)
    else:
        saved.write_bytes(content)
    alone, _ = trained("gru", small("gru", epochs=1), NAMES, VOCAB)

    model, _ = trained("gru", small("gru", epochs=1), NAMES, VOCAB, saved=saved)

    assert torch.equal(weights(model), weights(alone))
    assert "gru: begins anew" in caplog.text


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here: training on one is not tested")
@pytest.mark.parametrize("model_type", SMALL)
def test_a_net_is_trained_on_a_gpu(model_type, tmp_path):
    """It learns as it does on a CPU, goes on from what it wrote down, and comes back to the CPU."""
    config, gpu = (
        small(model_type, epochs=20, dropout=0.1),
        {"device": torch.device("cuda"), "saved": tmp_path / "saved"},
    )

    model, told = trained(model_type, config, NAMES, VOCAB, dev=DEV, **gpu)
    again, _ = trained(model_type, config, NAMES, VOCAB, dev=DEV, **gpu)

    assert told["device"] == "cuda"
    assert torch.equal(weights(model), weights(again))
    assert nll_of_names(model, VOCAB, NAMES).mean() < math.log(len(VOCAB)) - 0.5


def test_weights_that_are_no_numbers_are_never_kept(monkeypatch):
    """The loss is that of before a step: what the last step does is looked at, too."""
    from makemore.training.training_state import State

    advance = State.advance

    def spoiled(state, loss, rate):
        advance(state, loss, rate)
        state.average[0].fill_(math.nan)

    monkeypatch.setattr(State, "advance", spoiled)

    with pytest.raises(Diverged, match="bow: the loss is nan at step"):
        trained("bow", small("bow", epochs=1), NAMES, VOCAB)


def test_divergence_stops_with_what_to_lower_and_keeps_the_last_good_weights(tmp_path, monkeypatch):
    """The file holds the training as it was when it was last looked at."""
    from makemore.training import checkpoint, minibatch

    saved, batch_loss = tmp_path / "saved.safetensors", minibatch.batch_loss
    monkeypatch.setattr(
        minibatch,
        "batch_loss",
        lambda model, batches, number: batch_loss(model, batches, number) * (math.nan if number >= 30 else 1),
    )

    with pytest.raises(
        Diverged, match=r"bow: the loss is nan at step 3\d: lower --set bow.learning_rate.*step \d+ are in"
    ):
        trained("bow", small("bow", epochs=10), NAMES, VOCAB, saved=saved)

    tensors, _ = checkpoint.load(saved)
    assert all(torch.isfinite(tensor).all() for name, tensor in tensors.items() if name != "rng")


def test_the_learning_rate_rises_then_falls_to_nothing():
    """A short rise, a half cosine."""
    rates = [schedule(done / 1000) for done in range(1001)]

    assert 0 < rates[0] < 0.05
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
