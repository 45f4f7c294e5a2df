"""Training: counting where the model counts, full-batch gradient descent where it is a net."""

from __future__ import annotations

import math
from typing import Any

import torch

from makemore.dataset import Rows
from makemore.evaluate import nll
from makemore.models import model_class
from makemore.progress import track


def train(model_type: str, config: Any, rows: Rows, vocab_size: int, *, seed: int) -> tuple[Any, float | None]:
    """A model trained on the rows, and its last loss, the penalty included; None where it only counts.

    Raises:
        ValueError: the loss is no longer a number.
    """
    cls = model_class(model_type)
    if hasattr(cls, "from_counts"):
        return cls.from_counts(torch.from_numpy(rows.matrix(vocab_size)), config), None
    model = cls(vocab_size, config)
    model.initialise(torch.Generator().manual_seed(seed))
    return model, descend(model, rows, config, label=model_type)


def descend(model: Any, rows: Rows, config: Any, label: str = "training") -> float:
    """The loss at the last of `config.steps` full-batch steps of gradient descent, which change the model.

    The loss is the lecture's, mean nll + regularisation * mean(W**2). The counts are sufficient statistics:
    over the distinct rows, weighted by their counts, it is the same number with the same gradient as over
    all examples, at a cost that does not grow with the list.

    Raises:
        ValueError: the loss is no longer a number.
    """
    contexts, ys = torch.from_numpy(rows.context), torch.from_numpy(rows.next)
    weights = torch.from_numpy(rows.count).to(torch.get_default_dtype())
    optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate)
    value = math.nan
    for step in track(range(config.steps), label, config.steps):
        optimizer.zero_grad()
        loss = nll(model(contexts)[:, -1], ys, weights) + config.regularisation * model.penalty()
        loss.backward()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise ValueError(
                f"{label}: the loss is {value} at step {step + 1} of {config.steps}. "
                f"Lower the learning rate: --set {label}.learning_rate={config.learning_rate / 10:g}."
            )
        optimizer.step()
    return value
