"""Minibatch training of nets: AdamW, averaged weights, early stopping on dev, checkpoints."""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from makemore.data.batches import Batches
from makemore.data.dataset import Names
from makemore.device import threads
from makemore.errors import CorruptData, Diverged
from makemore.evaluation.net_loss import costs
from makemore.models import LanguageModel, Recipe, TrainedModel
from makemore.progress import counting
from makemore.training.settings import TrainingSettings
from makemore.training.training_state import TrainingState

EVALUATIONS = 30
"""Evaluations on dev, each followed by a checkpoint, in a training without early stopping."""
PATIENCE = 10
"""Evaluations without a better nll on dev after which training stops."""
MAX_DEV_NAMES = 10_000
"""Distinct names of dev in an evaluation."""
LOG_INTERVAL = 50
"""Steps between checks of the loss; each check stalls the GPU."""
WARM_UP = 0.05
"""Share of the steps in which the learning rate rises."""

log = logging.getLogger("makemore")


@dataclass(frozen=True)
class TrainingJob:
    """Model type, config and data of one training."""

    model_type: str
    config: Recipe
    names: Names
    dev: Names
    settings: TrainingSettings


def initialised(cls: type[LanguageModel], config: Recipe, vocab_size: int, seed: int) -> TrainedModel:
    """Return a net with the initial parameters of a seed."""
    with torch.random.fork_rng(devices=[]):  # layers draw random parameters when they are built
        model = cls(vocab_size, config)
    assert isinstance(model, TrainedModel)
    model.initialise(torch.Generator().manual_seed(seed))
    return model


def fit(model: TrainedModel, job: TrainingJob) -> dict[str, Any]:
    """Train the model in place and return metrics: seconds, names read, device.

    The model gets the averaged weights with the lowest nll on dev, or the last ones if dev is empty. On a CPU the same
    seed gives the same weights to the bit, resumed or not. If it diverges, keep the last checkpoint and raise Diverged.
    """
    config, settings, net = job.config, job.settings, cast(nn.Module, model)
    batches = Batches(job.names, config.batch_size, seed=settings.seed, device=settings.device)
    dev = Batches(job.dev, config.batch_size, seed=0, device=settings.device) if len(job.dev) else None
    state = TrainingState.begin(net, config, settings.device)
    with _own_random_state(settings), threads(settings.threads):
        _run(state, job, batches, dev)
    state.restore_best()
    net.cpu().eval()
    seconds, names_read = round(state.seconds, 3), batches.read(state.step)
    return {"train_seconds": seconds, "names_read": names_read, "device": settings.device}


def batch_loss(model: nn.Module, batches: Batches, number: int) -> Tensor:
    """Weighted nll of a batch, summed and divided by the mean weight of a batch."""
    batch = batches[number]
    return (costs(model(batch.xs, batch.keep), batch.ys) * batch.weights).sum() / batches.mean_characters


def schedule(progress: float) -> float:
    """Factor of the peak learning rate after this share of the steps: linear warm-up, then cosine decay to 0."""
    if progress < WARM_UP:
        return 0.01 + 0.99 * progress / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))


def _run(state: TrainingState, job: TrainingJob, batches: Batches, dev: Batches | None) -> None:
    steps = min(-(-job.config.names // batches.batch_size), job.config.epochs * batches.per_pass)
    interval, checkpoint = -(-steps // EVALUATIONS), job.settings.checkpoint
    if checkpoint and checkpoint.exists():
        _resume(state, job.model_type, checkpoint, steps)
    started = time.perf_counter() - state.seconds
    with counting(job.model_type, steps) as update_bar:
        while state.step < steps and state.stale < PATIENCE:
            loss = batch_loss(state.model, batches, state.step)
            state.advance(loss, job.config.learning_rate * schedule(state.step / steps))
            is_evaluation = state.step % interval == 0 or state.step == steps
            if not is_evaluation and state.step % LOG_INTERVAL:
                continue
            _check_finite(loss.item(), state, job)
            state.seconds = time.perf_counter() - started
            update_bar(state.step, f"nll {loss.item():.3f}, {batches.read(state.step) / state.seconds:,.0f} names/s")
            if is_evaluation:
                _check_finite(float(sum(tensor.sum() for tensor in state.average.parameters())), state, job)
                # Without dev each average counts as better than the one before.
                state.keep_if_best(_nll(state.average, dev) if dev else -float(state.step))
                if checkpoint:
                    state.save(checkpoint)


def _resume(state: TrainingState, model_type: str, checkpoint: Path, steps: int) -> None:
    try:
        state.load(checkpoint)
        log.info("%s: resumed at step %s of %s", model_type, f"{state.step:,}", f"{steps:,}")
    except CorruptData as error:
        log.warning("%s: training from scratch: %s", model_type, error)
        checkpoint.unlink()


@torch.no_grad()
def _nll(model: nn.Module, names: Batches) -> float:
    nats = characters = 0.0
    for batch in names.by_length(MAX_DEV_NAMES):
        nats += float((costs(model(batch.xs, batch.keep), batch.ys) * batch.weights).sum())
        characters += float(batch.weights.sum())
    return nats / characters


def _check_finite(loss: float, state: TrainingState, job: TrainingJob) -> None:
    if math.isfinite(loss):
        return
    model_type, checkpoint = job.model_type, job.settings.checkpoint
    kept = f"; the checkpoint of step {state.best_step:,} is {checkpoint}" if checkpoint and checkpoint.exists() else ""
    raise Diverged(
        f"{model_type}: the loss is {loss} at step {state.step:,}{kept}",
        f"use --set {model_type}.learning_rate= with less than {job.config.learning_rate:g}",
    )


@contextmanager
def _own_random_state(settings: TrainingSettings) -> Iterator[None]:
    """Seed dropout without changing the random state of the caller."""
    on_gpu = settings.device == "cuda"
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if on_gpu else []):
        # torch.manual_seed would also seed an unused GPU.
        torch.default_generator.manual_seed(settings.seed)
        if on_gpu:
            torch.cuda.manual_seed(settings.seed)
        yield
