"""Full-batch gradient descent, as the lecture trains its one-layer net."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from makemore.data.dataset import Rows
from makemore.device import threads
from makemore.evaluation.loss import nll
from makemore.progress import track

ROUNDING = 1e-6
"""Nats by which a loss may differ from itself: weights are float32."""


def descend(model: Any, rows: Rows, config: Any, label: str = "training") -> float:
    """The loss before the last of `config.steps` full-batch steps of gradient descent, which change the model.

    The loss is the lecture's, mean nll + regularisation * mean(W**2). The counts are sufficient statistics:
    over the distinct rows, weighted by their counts, it is the same number with the same gradient as over
    all examples, at a cost that does not grow with the list.

    A step after which the loss is higher was too long: it is taken back, and steps are half as long from there
    on. That keeps the lecture's rate of 50 from throwing W to and fro on lists of a few names; on lists of
    hundreds it never happens, and each step is the lecture's.

    Raises:
        ValueError: the loss is no number from the start.
    """
    contexts, which = map(torch.from_numpy, rows.contexts())
    ys = torch.from_numpy(rows.next)
    weights = torch.from_numpy(rows.count).double()
    parameters = list(model.parameters())
    rate, best = config.learning_rate, math.inf
    kept: list[torch.Tensor] = []
    gradients: list[torch.Tensor] = []

    def objective() -> torch.Tensor:
        cost = nll(model(contexts)[:, -1], which, ys, weights)
        return cost + torch.as_tensor(config.regularisation * model.penalty())

    with threads():
        for step in track(range(config.steps), label, config.steps):
            loss = objective()
            if loss.item() <= best + ROUNDING and math.isfinite(loss.item()):
                best, kept = loss.item(), [parameter.detach().clone() for parameter in parameters]
                gradients = list(torch.autograd.grad(loss, parameters))
            elif step == 0:
                raise ValueError(
                    f"{label}: the loss is {loss.item()} before the first step: lower --set {label}.regularisation."
                )
            else:
                rate /= 2
            _move(parameters, kept, gradients, rate)
        if not objective().item() <= best + ROUNDING:
            _move(parameters, kept, gradients, 0)
    return best


def _move(
    parameters: list[torch.nn.Parameter], starts: Sequence[torch.Tensor], gradients: list[torch.Tensor], rate: float
) -> None:
    """Set parameters to a step of this length from where they started."""
    with torch.no_grad():
        for parameter, start, gradient in zip(parameters, starts, gradients, strict=True):
            parameter.copy_(start - rate * gradient)
