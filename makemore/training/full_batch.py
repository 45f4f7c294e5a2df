"""Full-batch gradient descent, as the lecture trains its one-layer net."""

import math

import torch
from torch import Tensor

from makemore.data.dataset import Rows
from makemore.device import threads
from makemore.errors import Diverged
from makemore.evaluation.net_loss import nll
from makemore.models import FullBatchRecipe
from makemore.progress import track

TOLERANCE = 1e-6
"""Increase of the loss, in nats, that float32 rounding explains."""


def initial_weights(vocab_size: int, seed: int) -> Tensor:
    """Weights W (V, V) from a normal distribution; the lecture's seed gives the lecture's W."""
    return torch.randn((vocab_size, vocab_size), generator=torch.Generator().manual_seed(seed))


def descend(W: Tensor, rows: Rows, config: FullBatchRecipe, label: str = "training") -> float:
    """Train W in place for `config.steps` steps and return the loss before the last one.

    The loss is the lecture's, mean nll + regularisation * mean of W squared. The counts are sufficient statistics: the
    loss and its gradient equal those over all examples, at a cost that does not grow with the list.

    A step that increases the loss is undone and the learning rate halved: the lecture's rate of 50 oscillates on lists
    of a few names. On lists of hundreds this never happens, and each step is the lecture's.
    Raise Diverged if the initial loss is not finite.
    """
    contexts, which = rows.contexts()
    xs, examples, ys = (torch.from_numpy(ids) for ids in (contexts[:, 0], which, rows.next))
    weights = torch.from_numpy(rows.count).double()
    learning_rate, best = config.learning_rate, math.inf
    kept, gradient = W.detach().clone(), torch.zeros_like(W)

    def objective() -> Tensor:
        return nll(W[xs], examples, ys, weights) + config.regularisation * (W**2).mean()

    def step_from_kept(rate: float) -> None:
        W.detach().copy_(kept - rate * gradient)

    W.requires_grad_()
    with threads():
        for step in track(range(config.steps), label, config.steps):
            loss = objective()
            if loss.item() <= best + TOLERANCE and math.isfinite(loss.item()):
                best, kept = loss.item(), W.detach().clone()
                [gradient] = torch.autograd.grad(loss, W)
            elif step == 0:
                raise Diverged(f"{label}: the initial loss is {loss.item()}", f"lower --set {label}.regularisation")
            else:
                learning_rate /= 2
            step_from_kept(learning_rate)
        if not objective().item() <= best + TOLERANCE:
            step_from_kept(0)
    W.requires_grad_(False)
    return best
