"""The mixture: a weighted mean of other models' probabilities, with weights fitted on dev."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy.typing as npt
import torch
from torch import Tensor, nn

from makemore.models import LanguageModel, ModelConfig, NetModel, model_types
from makemore.models._net import Module, as_net

EM_STEPS = 200
"""Steps of expectation maximisation, far beyond convergence."""


@dataclass(frozen=True)
class Config(ModelConfig):
    of: str = "ngram,transformer"  # model types to mix, separated by commas; the same version has to train them
    weights: str = ""  # weight of each model type, separated by commas; fitted on dev if empty

    def __post_init__(self) -> None:
        others = {*model_types()} - {"mixture"}
        if not others.issuperset(self.parts) or len(set(self.parts)) != len(self.parts) or len(self.parts) < 2:
            raise self.invalid("of", f"use two or more of {', '.join(sorted(others))}, separated by commas")
        if self.weights and (
            len(self.given) != len(self.parts) or min(self.given) < 0 or not 0 < sum(self.given) < float("inf")
        ):
            raise self.invalid("weights", f"use a number of 0 or more for each of {self.of}")

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.of.split(","))

    @property
    def needs_dev(self) -> bool:
        return not self.weights

    @property
    def given(self) -> tuple[float, ...]:
        try:
            return tuple(float(weight) for weight in self.weights.split(","))
        except ValueError:
            raise self.invalid("weights", "use numbers, separated by commas") from None


class Model(Module):
    """Linear interpolation (Jelinek and Mercer 1980) of K models. Logits are log-probs."""

    weights: Tensor

    def __init__(self, vocab_size: int, config: Config) -> None:
        super().__init__()
        self.config = config
        self.nets = nn.ModuleList()  # the parts, for torch
        self._parts: Sequence[LanguageModel] = ()
        self.register_buffer("weights", torch.full((len(config.parts),), 1 / len(config.parts)))

    @classmethod
    def from_models(
        cls, parts: Sequence[LanguageModel], dev: Iterable[tuple[Tensor, Tensor, Tensor, Tensor]], config: Config
    ) -> Self:
        """Take the given weights, or else those that maximise the likelihood of dev, or else equal weights."""
        model = cls(0, config)
        model._parts = parts
        model.nets.extend(cast(nn.Module, as_net(part)) for part in parts)
        if config.weights:
            model.weights.copy_(torch.tensor(config.given) / sum(config.given))
            return model
        with torch.inference_mode():
            batches = [(model._target_probs(xs, keep, ys), counts.double()) for xs, keep, ys, counts in dev]
        if batches:
            model.weights.copy_(fit_weights(*(torch.cat(column) for column in zip(*batches, strict=True))))
        return model

    def parts(self) -> Sequence[LanguageModel]:
        return self._parts

    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """Return the weights; the parts are saved on their own."""
        return {"weights": self.weights.cpu().numpy()}

    def load_tensors(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        self.weights.copy_(torch.from_numpy(tensors["weights"]))
        self.eval()

    def forward(self, idx: Tensor) -> Tensor:
        return self._mix([net(idx) for net in self.nets])

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        return tuple(net.initial_state(batch) for net in cast(Iterable[NetModel], self.nets))

    def step(self, ix: Tensor, state: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        nets = cast(Iterable[NetModel], self.nets)
        steps = [net.step(ix, before) for net, before in zip(nets, state, strict=True)]
        return self._mix([logits for logits, _ in steps]), tuple(after for _, after in steps)

    def _target_probs(self, xs: Tensor, keep: Tensor, ys: Tensor) -> Tensor:
        """Probability (N, K) of each target under each net."""
        probs = [net(xs).double().softmax(dim=-1).transpose(0, 1)[keep.T] for net in self.nets]
        return torch.stack([p.gather(1, ys[:, None])[:, 0] for p in probs], dim=1)

    def _mix(self, logits: list[Tensor]) -> Tensor:
        log_probs = torch.stack([part.double().log_softmax(dim=-1) for part in logits], dim=-1)
        return (log_probs + self.weights.double().log()).logsumexp(dim=-1)


def fit_weights(probs: Tensor, counts: Tensor) -> Tensor:
    """Weights (K,) that maximise the likelihood of N targets with `probs` (N, K) and `counts` (N,); they sum to 1.

    Expectation maximisation (Dempster, Laird and Rubin 1977).
    """
    weights = torch.full((probs.shape[1],), 1 / probs.shape[1], dtype=torch.float64)
    for _ in range(EM_STEPS):
        shares = probs * weights
        weights = (shares / shares.sum(dim=1, keepdim=True) * counts[:, None]).sum(dim=0) / counts.sum()
    return weights
