"""Stochastic descent for the nets: AdamW, averaged weights, the best on dev kept, resumed where it was killed."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from makemore.data.batches import Batches
from makemore.data.dataset import Names
from makemore.device import threads
from makemore.errors import Diverged
from makemore.evaluation.loss import costs
from makemore.models import Recipe
from makemore.progress import counting
from makemore.training.training_state import State

LOOKS = 30
"""Times that dev is looked at, and the training written down, on the way."""
PATIENCE = 10
"""Looks at dev without a better nll after which training ends."""
DEV = 10_000
"""Distinct names of dev that are looked at."""
CHECK = 50
"""Steps after which the loss is looked at and told."""
WARM_UP = 0.05
"""Share of the steps in which the learning rate rises; it falls in the others, as a cosine does."""

log = logging.getLogger("makemore")


CPU = torch.device("cpu")


@dataclass(frozen=True)
class How:
    """How a model is trained, besides its settings."""

    seed: int
    device: torch.device = CPU
    threads: int = 1
    saved: Path | None = None
    """Where a training writes itself down, and goes on from."""


@dataclass(frozen=True)
class Job:
    """What a training is of: its settings, its names, and those of dev if there are."""

    label: str
    config: Recipe
    names: Names
    dev: Names | None
    how: How


def fit(model: nn.Module, job: Job) -> dict[str, Any]:
    """What the training took: seconds, names read, device; the model has the averaged weights that were best on dev.

    Without dev it has the last ones. On a CPU the same seed gives the same weights, to the bit, whether the training
    ran through or was killed and went on from what it had written to `job.how.saved`.

    Raises:
        Diverged: the loss is no number; `job.how.saved` holds the training as it was before.
    """
    batches = Batches(job.names, job.config.batch_size, seed=job.how.seed, device=job.how.device)
    dev = Batches(job.dev, job.config.batch_size, seed=0, device=job.how.device) if job.dev else None
    state = State.begin(model.to(job.how.device), job.config)
    with _own_randomness(job), threads(job.how.threads):
        _descend(state, job, batches, dev)
    state.show(state.best)
    model.cpu().eval()
    return {
        "train_seconds": round(state.seconds, 3), "names_read": batches.read(state.step), "device": job.how.device.type
    }  # fmt: skip


def _descend(state: State, job: Job, batches: Batches, dev: Batches | None) -> None:
    steps = min(-(-job.config.names // batches.batch_size), job.config.epochs * batches.per_pass)
    every = -(-steps // LOOKS)
    if job.how.saved and job.how.saved.exists():
        _go_on(state, job, job.how.saved, steps)
    started = time.perf_counter() - state.seconds
    with counting(job.label, steps) as say:
        while state.step < steps and state.stale < PATIENCE:
            loss = batch_loss(state.model, batches, state.step)
            state.advance(loss, job.config.learning_rate * schedule(state.step / steps))
            look = state.step % every == 0 or state.step == steps
            if not look and state.step % CHECK:
                continue
            nll = _finite(loss.item(), state, job)
            state.seconds = time.perf_counter() - started
            say(state.step, f"nll {nll:.3f}, {batches.read(state.step) / state.seconds:,.0f} names/s")
            if look:
                _finite(float(sum(tensor.sum() for tensor in state.average)), state, job)
                # Without dev the latest weights are the best that there are.
                state.look(nll_of(state, dev) if dev else -float(state.step))
                if job.how.saved:
                    state.save(job.how.saved)


def _go_on(state: State, job: Job, saved: Path, steps: int) -> None:
    try:
        state.load(saved)
        log.info("%s: goes on from step %s of %s", job.label, f"{state.step:,}", f"{steps:,}")
    except ValueError as error:
        log.warning("%s: begins anew: %s", job.label, error)
        saved.unlink()


def batch_loss(model: nn.Module, batches: Batches, number: int) -> Tensor:
    """The loss of a batch: its weighted costs, over what a batch weighs on average."""
    batch = batches[number]
    return (costs(model(batch.xs, batch.keep), batch.ys) * batch.weights).sum() / batches.mean_characters


def schedule(done: float) -> float:
    """Share of the highest learning rate, up to 1, when this share of the steps is done."""
    if done < WARM_UP:
        return 0.01 + 0.99 * done / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


@torch.no_grad()
def nll_of(state: State, names: Batches) -> float:
    """nll of the average of the weights on `DEV` of these names."""
    kept = state.show(state.average)
    state.model.eval()
    nats = characters = 0.0
    for batch in names.by_length(DEV):
        nats += float((costs(state.model(batch.xs, batch.keep), batch.ys) * batch.weights).sum())
        characters += float(batch.weights.sum())
    state.model.train()
    state.show(kept)
    return nats / characters


def _finite(loss: float, state: State, job: Job) -> float:
    if math.isfinite(loss):
        return loss
    kept = (
        f" The weights of step {state.best_step:,} are in {job.how.saved}."
        if job.how.saved and job.how.saved.exists()
        else ""
    )
    raise Diverged(
        f"{job.label}: the loss is {loss} at step {state.step:,}: lower --set {job.label}.learning_rate, "
        f"which is {job.config.learning_rate:g}.{kept}"
    )


@contextmanager
def _own_randomness(job: Job) -> Iterator[None]:
    """Random numbers of dropout from the job's seed; a caller's own stay as they are."""
    on_gpu = job.how.device.type == "cuda"
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if on_gpu else []):
        # torch.manual_seed would seed a GPU that is not used, too.
        torch.default_generator.manual_seed(job.how.seed)
        if on_gpu:
            torch.cuda.manual_seed(job.how.seed)
        yield
