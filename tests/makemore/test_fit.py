"""Training of nets: what it reaches, what it keeps, and that a kill changes nothing."""

import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from makemore.evaluate import nll_of_names
from makemore.fit import Diverged, schedule
from makemore.models import configure
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
    assert told["names_read"] == pytest.approx(40 * len(NAMES), abs=8)


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
    from makemore import fit

    batch_loss = fit.batch_loss

    def stopping(model, batches, number):
        if number == last:
            raise KeyboardInterrupt
        return batch_loss(model, batches, number)

    patch.setattr(fit, "batch_loss", stopping)


TRAIN = """
import sys
from pathlib import Path
from safetensors.torch import save_file
from tests.makemore.test_fit import DEV, NAMES, VOCAB, small
from tests.rows import trained
config = small("gru", epochs=int(sys.argv[3]))
model, _ = trained("gru", config, NAMES, VOCAB, dev=DEV, saved=Path(sys.argv[1]))
save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, sys.argv[2])
"""


def test_a_training_that_was_killed_goes_on_to_the_same_weights(tmp_path):
    """kill -9 between two of its writings; the file is whole, and the next run ends where it would have."""
    saved, alone, resumed = tmp_path / "saved.safetensors", tmp_path / "alone", tmp_path / "resumed"

    def command(*arguments):
        return [sys.executable, "-c", TRAIN, *map(str, arguments), "60"]

    subprocess.run(command(tmp_path / "other.safetensors", alone), check=True, cwd=ROOT)
    process = subprocess.Popen(command(saved, resumed), cwd=ROOT)
    while not saved.exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert not resumed.exists()
    subprocess.run(command(saved, resumed), check=True, cwd=ROOT)
    assert resumed.read_bytes() == alone.read_bytes()


def test_the_best_weights_on_dev_are_kept():
    """Names of another kind are dev: the longer it trains the worse they get, and the early weights are the best."""
    names, dev = ["abab", "cdcd"] * 4, ["acbd", "dbca"]
    vocab = Vocab.of(names + dev)
    early = small("gru", epochs=2, dropout=0, learning_rate=0.01)
    late = small("gru", epochs=400, dropout=0, learning_rate=0.01)

    _, long_told = trained("gru", late, names, vocab)
    kept, told = trained("gru", late, names, vocab, dev=dev)
    without, _ = trained("gru", late, names, vocab)

    assert nll_of_names(kept, vocab, dev).mean() < nll_of_names(without, vocab, dev).mean() - 0.5
    assert (
        nll_of_names(kept, vocab, dev).mean()
        < nll_of_names(trained("gru", early, names, vocab)[0], vocab, dev).mean() + 0.1
    )
    assert told["names_read"] < long_told["names_read"]


def test_a_short_list_ends_after_its_passes_and_a_long_one_after_its_names():
    """Whichever comes first."""
    _, by_passes = trained("bow", small("bow", epochs=2, names=10**6), NAMES, VOCAB)
    _, by_names = trained("bow", small("bow", epochs=40, names=100), NAMES, VOCAB)

    assert by_passes["names_read"] == pytest.approx(2 * len(NAMES), abs=8)
    assert by_names["names_read"] == pytest.approx(100, abs=8)


def test_divergence_stops_with_what_to_lower_and_keeps_the_last_good_weights(tmp_path, monkeypatch):
    """The file holds the training as it was when it was last looked at."""
    from makemore import checkpoint, fit

    saved, batch_loss = tmp_path / "saved.safetensors", fit.batch_loss
    monkeypatch.setattr(
        fit,
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
