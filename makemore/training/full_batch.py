"""Full-batch gradient descent, as the lecture trains its one-layer net."""

import math

import torch
from torch import Tensor

from makemore.data.dataset import Rows
from makemore.device import threads
from makemore.errors import Diverged
from makemore.evaluation.loss import nll
from makemore.models import FullBatchRecipe, RegularisedModel
from makemore.progress import track

TOLERANCE = 1e-6
"""Increase of the loss, in nats, that float32 rounding explains."""


def descend(model: RegularisedModel, rows: Rows, config: FullBatchRecipe, label: str = "training") -> float:
    """Train the model in place for `config.steps` steps and return the loss before the last one.

    The loss is the lecture's, mean nll + regularisation * penalty. The counts are sufficient statistics: the loss and
    its gradient equal those over all examples, at a cost that does not grow with the list.

    A step that increases the loss is undone and the learning rate halved: the lecture's rate of 50 oscillates on lists
    of a few names. On lists of hundreds this never happens, and each step is the lecture's.
    Raise Diverged if the initial loss is not finite.
    """
    contexts, which = map(torch.from_numpy, rows.contexts())
    ys = torch.from_numpy(rows.next)
    weights = torch.from_numpy(rows.count).double()
    parameters = list(model.parameters())
    learning_rate, best = config.learning_rate, math.inf
    kept, gradients = list[Tensor](), list[Tensor]()

    def objective() -> Tensor:
        cost = nll(model(contexts)[:, -1], which, ys, weights)
        return cost + torch.as_tensor(config.regularisation * model.penalty())

    @torch.no_grad()
    def step_from_kept(rate: float) -> None:
        for parameter, start, gradient in zip(parameters, kept, gradients, strict=True):
            parameter.copy_(start - rate * gradient)

    with threads():
        for step in track(range(config.steps), label, config.steps):
            loss = objective()
            if loss.item() <= best + TOLERANCE and math.isfinite(loss.item()):
                best, kept = loss.item(), [parameter.detach().clone() for parameter in parameters]
                gradients = list(torch.autograd.grad(loss, parameters))
            elif step == 0:
                raise Diverged(f"{label}: the initial loss is {loss.item()}", f"lower --set {label}.regularisation")
            else:
                learning_rate /= 2
            step_from_kept(learning_rate)
        if not objective().item() <= best + TOLERANCE:
            step_from_kept(0)
    return best
