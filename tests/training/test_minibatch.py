"""Training of nets: convergence, determinism, checkpoints, divergence."""

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
def test_a_net_overfits_a_small_list(model_type):
    """Without dropout its nll approaches the entropy of the list."""
    config = small(model_type, epochs=40, batch_size=16, dropout=0, learning_rate=0.02, weight_decay=0)

    model, metrics = trained(model_type, config, NAMES, VOCAB)

    nats = sum(nll * (len(name) + 1) for nll, name in zip(nll_of_names(model, VOCAB, NAMES), NAMES, strict=True))
    assert nats / len(NAMES) < math.log(len(NAMES)) + (1.5 if model_type == "bow" else 0.4)
    assert metrics["names_read"] == 40 * len(NAMES)


@pytest.mark.parametrize("model_type", SMALL)
def test_the_seed_alone_decides_the_weights(model_type):
    """The same seed gives the same weights to the bit, and the random state of the caller is unchanged."""
    torch.manual_seed(7)
    before = torch.get_rng_state()

    first, again, other = (
        weights(trained(model_type, small(model_type), NAMES, VOCAB, dev=DEV, seed=seed)[0]) for seed in (1, 1, 2)
    )

    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("model_type", SMALL)
def test_an_interrupted_training_resumes_to_the_same_weights(model_type, tmp_path, monkeypatch):
    """It stops in the middle of a pass, with dropout and averages."""
    uninterrupted, _ = trained(model_type, small(model_type), NAMES, VOCAB, dev=DEV)
    path = tmp_path / "gru.safetensors"
    with monkeypatch.context() as patch:
        _stop_at_step(patch, 23)
        with pytest.raises(KeyboardInterrupt):
            trained(model_type, small(model_type), NAMES, VOCAB, dev=DEV, checkpoint=path)

    resumed, metrics = trained(model_type, small(model_type), NAMES, VOCAB, dev=DEV, checkpoint=path)

    assert torch.equal(weights(resumed), weights(uninterrupted))
    assert metrics["names_read"] >= 3 * len(NAMES)


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
trained("gru", small("gru", epochs=10), NAMES, VOCAB, dev=DEV, checkpoint=Path(sys.argv[1]))
"""


def test_a_killed_training_resumes_to_the_same_weights(tmp_path, caplog):
    """After kill -9 the checkpoint is complete, and another process resumes from it."""
    caplog.set_level("INFO", "makemore")
    path = tmp_path / "gru.safetensors"
    process = subprocess.Popen([sys.executable, "-c", TRAIN, str(path)], cwd=ROOT)
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()

    assert process.wait() == -signal.SIGKILL
    alone, _ = trained("gru", small("gru", epochs=10), NAMES, VOCAB, dev=DEV)
    resumed, _ = trained("gru", small("gru", epochs=10), NAMES, VOCAB, dev=DEV, checkpoint=path)
    assert "gru: resumed at step" in caplog.text
    assert torch.equal(weights(resumed), weights(alone))


def test_the_best_weights_on_dev_are_kept():
    """Dev has names of another kind: its nll rises in training, and early weights are the best."""
    names, dev = ["abab", "cdcd"] * 4, ["acbd", "dbca"]
    vocab = Vocab.of(names + dev)
    early = small("gru", epochs=2, dropout=0, learning_rate=0.01)
    late = small("gru", epochs=400, dropout=0, learning_rate=0.01)

    kept, metrics = trained("gru", late, names, vocab, dev=dev)
    without, long_metrics = trained("gru", late, names, vocab)

    assert nll_of_names(kept, vocab, dev).mean() < nll_of_names(without, vocab, dev).mean() - 0.5
    assert (
        nll_of_names(kept, vocab, dev).mean()
        < nll_of_names(trained("gru", early, names, vocab)[0], vocab, dev).mean() + 0.1
    )
    assert metrics["names_read"] < long_metrics["names_read"]


@pytest.mark.parametrize(
    ("lines", "batch_size", "settings", "expected"),
    [(3, 64, {"epochs": 7}, 21), (10, 8, {"epochs": 2}, 20), (10, 4, {"epochs": 40, "names": 9}, 10), (9, 9, {}, 27)],
)
def test_the_settings_decide_how_many_names_are_read(lines, batch_size, settings, expected, monkeypatch):
    """A short list ends after `epochs`, a long one after `names`, in full batches; the metrics have the number."""
    from makemore.training import minibatch

    read, batch_loss = [], minibatch.batch_loss
    monkeypatch.setattr(
        minibatch,
        "batch_loss",
        lambda model, batches, n: (read.append(len(batches[n].xs)), batch_loss(model, batches, n))[1],
    )

    _, metrics = trained("bow", small("bow", batch_size=batch_size, **settings), NAMES[:lines], VOCAB)

    assert sum(read) == metrics["names_read"] == expected


def test_the_loss_of_a_pass_is_the_nll_of_the_list():
    """For any batches and weights, the sum over batches is the nll of the list times the number of batches."""
    counts, lengths = np.array([1, 2, 30, 400]), np.array([4, 2, 5, 1])
    texts = ["jala", "je", "miley", "k"]
    names = Names(VOCAB.stream(texts), lengths, counts, counts.mean())
    model, _ = trained("gru", small("gru"), NAMES, VOCAB)
    batches = Batches(names, 3, seed=1, device="cpu")

    with torch.no_grad():
        total = sum(batch_loss(model, batches, number).item() for number in range(batches.per_pass))

    nlls = nll_of_names(model, VOCAB, texts)
    expected = (counts * (lengths + 1) * nlls).sum() / (counts * (lengths + 1)).sum()
    assert total == pytest.approx(expected * len(batches.examples) / 3, rel=1e-5)


@pytest.mark.parametrize("content", [b"", "of another model"])
def test_an_unusable_checkpoint_is_replaced(tmp_path, content, caplog):
    """Damaged, or of a model of other shapes: training starts from scratch and logs a warning."""
    path = tmp_path / "gru.safetensors"
    if content:
        trained("gru", small("gru", n_hidden=8, epochs=1), NAMES, VOCAB, checkpoint=path)
    else:
        path.write_bytes(content)
    alone, _ = trained("gru", small("gru", epochs=1), NAMES, VOCAB)

    model, _ = trained("gru", small("gru", epochs=1), NAMES, VOCAB, checkpoint=path)

    assert torch.equal(weights(model), weights(alone))
    assert "gru: training from scratch" in caplog.text


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here: training on one is not tested")
@pytest.mark.parametrize("model_type", SMALL)
def test_a_net_is_trained_on_a_gpu(model_type, tmp_path):
    """It learns as on a CPU, resumes from its checkpoint, and returns to the CPU."""
    config, gpu = (
        small(model_type, epochs=20, dropout=0.1),
        {"device": "cuda", "checkpoint": tmp_path / "saved"},
    )

    model, metrics = trained(model_type, config, NAMES, VOCAB, dev=DEV, **gpu)
    again, _ = trained(model_type, config, NAMES, VOCAB, dev=DEV, **gpu)

    assert metrics["device"] == "cuda"
    assert torch.equal(weights(model), weights(again))
    assert nll_of_names(model, VOCAB, NAMES).mean() < math.log(len(VOCAB)) - 0.5


def test_weights_that_are_not_finite_are_an_error(monkeypatch):
    """The loss is computed before a step, so the weights after the last step are checked too."""
    from makemore.training.training_state import TrainingState

    advance = TrainingState.advance

    def spoiled(state, loss, rate):
        advance(state, loss, rate)
        next(state.average.parameters()).data.fill_(math.nan)

    monkeypatch.setattr(TrainingState, "advance", spoiled)

    with pytest.raises(Diverged, match="bow: the loss is nan at step"):
        trained("bow", small("bow", epochs=1), NAMES, VOCAB)


def test_divergence_is_an_error_and_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    """The hint names the setting to lower; the checkpoint is of the last evaluation."""
    from makemore.training import minibatch
    from makemore.training.training_state import read_checkpoint

    path, batch_loss = tmp_path / "gru.safetensors", minibatch.batch_loss
    monkeypatch.setattr(
        minibatch,
        "batch_loss",
        lambda model, batches, number: batch_loss(model, batches, number) * (math.nan if number >= 30 else 1),
    )

    with pytest.raises(
        Diverged,
        match=r"bow: the loss is nan at step 3\d; the checkpoint of step \d+ is .*hint: use --set bow.learning_rate",
    ):
        trained("bow", small("bow", epochs=10), NAMES, VOCAB, checkpoint=path)

    tensors, _ = read_checkpoint(path)
    assert all(torch.isfinite(tensor).all() for name, tensor in tensors.items() if name != "rng")


def test_the_learning_rate_rises_then_falls_to_zero():
    """Linear warm-up, then a half cosine."""
    rates = [schedule(done / 1000) for done in range(1001)]

    assert 0 < rates[0] < 0.05
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
