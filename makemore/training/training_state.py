"""The state of a training between two steps, and its checkpoints: safetensors, complete or absent, never pickled."""

import json
import math
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from makemore.errors import CorruptData
from makemore.files.atomic import written_aside
from makemore.models import Recipe

MAX_GRADIENT_NORM = 1.0
"""Norm to which a gradient is clipped."""
EMA_DECAY = 0.999
"""Decay of the exponential moving average of the weights: it spans about a thousand steps."""
COUNTERS = ("step", "nll", "best_step", "stale", "seconds")
"""Plain values of a checkpoint."""


@dataclass
class TrainingState:
    """Weights, their moving average, the best average so far, the optimiser and counters."""

    model: nn.Module
    optimiser: torch.optim.AdamW
    average: nn.Module  # A copy of the model with averaged weights, in evaluation mode
    best: list[Tensor]  # the averaged weights with the lowest nll
    step: int = 0
    nll: float = math.inf  # of `best`, on dev
    best_step: int = 0
    stale: int = 0  # evaluations since `best`
    seconds: float = 0.0

    @classmethod
    def begin(cls, model: nn.Module, config: Recipe, device: str) -> Self:
        """Move the model to the device and return the state before the first step."""
        average = deepcopy(model).to(device).eval().requires_grad_(False)
        model.to(device).train()
        # Without decay: norms, biases and embeddings, whose rows for rare characters would vanish.
        layers = [module for module in model.modules() if not isinstance(module, nn.Embedding)]
        decayed = {id(p) for layer in layers for p in layer.parameters(recurse=False) if p.dim() == 2}
        groups = [
            {"params": [p for p in model.parameters() if (id(p) in decayed) == decay], "weight_decay": amount}
            for decay, amount in ((True, config.weight_decay), (False, 0.0))
        ]
        optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)
        return cls(model, optimiser, average, _copy(average))

    def advance(self, loss: Tensor, learning_rate: float) -> None:
        """Take one optimiser step on the loss of a batch, and update the average."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRADIENT_NORM)
        self.optimiser.step()
        self.step += 1
        # Decay less at first: the average would otherwise contain the random start for a thousand steps.
        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        for average, parameter in zip(self.average.parameters(), self.model.parameters(), strict=True):
            average.lerp_(parameter.detach(), 1 - decay)

    def keep_if_best(self, nll: float) -> None:
        """Keep a copy of the average if its nll is the lowest so far."""
        if nll < self.nll:
            self.best, self.nll, self.best_step, self.stale = _copy(self.average), nll, self.step, 0
        else:
            self.stale += 1

    @torch.no_grad()
    def restore_best(self) -> None:
        """Set the model's parameters to `best`."""
        for parameter, best in zip(self.model.parameters(), self.best, strict=True):
            parameter.copy_(best)

    def save(self, path: Path) -> None:
        """Write a checkpoint, random states included."""
        tensors = {"rng": torch.get_rng_state()}
        if self._on_gpu:
            tensors["rng.cuda"] = torch.cuda.get_rng_state()
        write_checkpoint(path, tensors | self._tensors(), {name: getattr(self, name) for name in COUNTERS})

    @torch.no_grad()
    def load(self, path: Path) -> None:
        """Restore a checkpoint; raise CorruptData, in the old state, if the file is unreadable or of another model."""
        tensors, counters = read_checkpoint(path)
        for parameter in self.model.parameters():
            # AdamW creates these at its first step.
            zeros = [torch.zeros((), device=parameter.device), torch.zeros_like(parameter), torch.zeros_like(parameter)]
            self.optimiser.state[parameter] = dict(zip(("step", "exp_avg", "exp_avg_sq"), zeros, strict=True))
        own = self._tensors()
        if any(name not in tensors or tensors[name].shape != tensor.shape for name, tensor in own.items()):
            self.optimiser.state.clear()
            raise CorruptData(f"{path}: the checkpoint is of another model")
        for name, tensor in own.items():
            tensor.copy_(tensors[name])
        torch.set_rng_state(tensors["rng"])
        if self._on_gpu:
            torch.cuda.set_rng_state(tensors["rng.cuda"])
        for name in COUNTERS:
            setattr(self, name, counters[name])

    @property
    def _on_gpu(self) -> bool:
        return next(self.model.parameters()).is_cuda

    def _tensors(self) -> dict[str, Tensor]:
        """Tensors of a checkpoint, sharing memory with the state."""
        parameters = list[Tensor](self.model.parameters())
        groups = {"model": parameters, "average": list[Tensor](self.average.parameters()), "best": self.best}
        for name in ("step", "exp_avg", "exp_avg_sq"):
            groups[name] = [self.optimiser.state[parameter][name] for parameter in parameters]
        return {f"{name}.{i}": tensor for name, group in groups.items() for i, tensor in enumerate(group)}


def write_checkpoint(path: Path, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    """Write tensors and plain values, replacing the file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as aside:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, aside,
                  {"values": json.dumps(values, sort_keys=True)})  # fmt: skip


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and plain values; raise CorruptData if the file is unreadable."""
    try:
        with safe_open(path, framework="pt") as file:
            values = json.loads(file.metadata()["values"])
            return {name: file.get_tensor(name) for name in file.keys()}, values  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise CorruptData(f"{path}: unreadable checkpoint ({reason})", "delete it, then train again") from error


def _copy(model: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]
