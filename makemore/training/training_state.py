"""A training between two steps: all that the next step depends on, and how it is written and read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from makemore.models import Recipe
from makemore.training import checkpoint

LONGEST_GRADIENT = 1.0
"""Norm that a gradient is clipped to."""
WEIGHTS = ("model", "average", "best", "exp_avg", "exp_avg_sq")
"""What is as large as the model."""
MEMORY = 0.999
"""Of the average of the weights, which is what is evaluated and kept: as if over the last thousand steps."""


@dataclass
class State:
    """Weights, their average and its best so far on dev, the optimiser, and where the training stands."""

    model: nn.Module
    optimiser: torch.optim.AdamW
    average: list[Tensor]
    best: list[Tensor]
    step: int = 0
    nll: float = math.inf
    """Of `best`, on dev."""
    best_step: int = 0
    stale: int = 0
    """Looks at dev since `best`."""
    seconds: float = 0.0

    @classmethod
    def begin(cls, model: nn.Module, config: Recipe) -> State:
        """Before the first step."""
        decays = {id(parameter) for parameter in _matrices(model)}
        groups = [
            {"params": [p for p in model.parameters() if (id(p) in decays) == decay], "weight_decay": amount}
            for decay, amount in ((True, config.weight_decay), (False, 0.0))
        ]
        optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)
        return cls(model, optimiser, _copy(model.parameters()), _copy(model.parameters()))

    def advance(self, loss: Tensor, rate: float) -> None:
        """Take the step that a batch's loss asks for."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), LONGEST_GRADIENT)
        self.optimiser.step()
        self.step += 1
        # A young average forgets faster: it would remember the random start for a thousand steps.
        memory = min(MEMORY, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self.average, _copy(self.model.parameters(), clone=False), 1 - memory)

    def look(self, nll: float) -> None:
        """Keep the average if its nll on dev is the best so far."""
        if nll < self.nll:
            self.best, self.nll, self.best_step, self.stale = _copy(self.average), nll, self.step, 0
        else:
            self.stale += 1

    def show(self, weights: list[Tensor]) -> list[Tensor]:
        """Give the model these weights; those that it had."""
        before = _copy(self.model.parameters())
        for parameter, weight in zip(self.model.parameters(), weights, strict=True):
            parameter.data.copy_(weight)
        return before

    def save(self, path: Path) -> None:
        """Write all of it, random numbers to come included."""
        tensors = {f"{name}.{i}": tensor for name, group in self._tensors() for i, tensor in enumerate(group)}
        told = {"step": self.step, "nll": self.nll, "best_step": self.best_step, "stale": self.stale}
        checkpoint.save(path, tensors | self._random_state(), told | {"seconds": self.seconds})

    def load(self, path: Path) -> None:
        """Be what `save` wrote.

        Raises:
            ValueError: it cannot be read, or is of another model; nothing has changed then.
        """
        tensors, told = checkpoint.load(path)
        expected = {f"{name}.{i}": tensor.shape for name in WEIGHTS for i, tensor in enumerate(self.model.parameters())}
        if {name: tensor.shape for name, tensor in tensors.items() if name.partition(".")[0] in WEIGHTS} != expected:
            raise ValueError(f"{path} is of a model of other shapes.")
        for parameter in self.model.parameters():
            # What AdamW makes itself at its first step.
            zeros = [torch.zeros((), device=parameter.device), torch.zeros_like(parameter), torch.zeros_like(parameter)]
            self.optimiser.state[parameter] = dict(zip(("step", "exp_avg", "exp_avg_sq"), zeros, strict=True))
        for name, group in self._tensors():
            for i, tensor in enumerate(group):
                tensor.copy_(tensors[f"{name}.{i}"])
        torch.set_rng_state(tensors["rng"])
        if self._on_gpu:
            torch.cuda.set_rng_state(tensors["rng.cuda"])
        for name, value in told.items():
            setattr(self, name, value)

    @property
    def _on_gpu(self) -> bool:
        return next(self.model.parameters()).is_cuda

    def _random_state(self) -> dict[str, Tensor]:
        state = {"rng": torch.get_rng_state()}
        return state | ({"rng.cuda": torch.cuda.get_rng_state()} if self._on_gpu else {})

    def _tensors(self) -> Iterator[tuple[str, list[Tensor]]]:
        yield "model", _copy(self.model.parameters(), clone=False)
        yield "average", self.average
        yield "best", self.best
        for name in ("step", "exp_avg", "exp_avg_sq"):
            yield name, [self.optimiser.state[parameter][name] for parameter in self.model.parameters()]


def _copy(tensors: Iterable[Tensor], *, clone: bool = True) -> list[Tensor]:
    return [tensor.detach().clone() if clone else tensor.detach() for tensor in tensors]


def _matrices(model: nn.Module) -> Iterator[Tensor]:
    """What weight decay shrinks: not norms, biases or embeddings, whose rows for rare characters would only shrink."""
    for module in model.modules():
        if not isinstance(module, nn.Embedding):
            yield from (p for p in module.parameters(recurse=False) if p.dim() == 2)
