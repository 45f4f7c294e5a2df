"""The mixture: several models side by side, each with a weight that was fitted on names that none of them saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from makemore.models import model_types

ROUNDS = 200
"""Steps of expectation and maximisation: the weights stand still long before."""


@dataclass(frozen=True)
class Config:
    """Settings of the mixture."""

    of: str = "ngram,transformer"
    """Model types that are mixed, separated by commas; they are trained in the same version."""
    weights: str = ""
    """Weight of each, separated by commas, in place of those that dev gives."""

    def __post_init__(self) -> None:
        unknown = set(self.parts) - set(model_types()) | ({"mixture"} & set(self.parts))
        if unknown or len(set(self.parts)) != len(self.parts) or len(self.parts) < 2:
            others = ", ".join(sorted({*model_types()} - {"mixture"}))
            raise ValueError(f"mixture.of={self.of}: use two or more of {others}, each once, separated by commas.")
        if self.weights and (
            len(self.given) != len(self.parts) or min(self.given) < 0 or not 0 < sum(self.given) < float("inf")
        ):
            raise ValueError(f"mixture.weights={self.weights}: use a number from 0 for each of {self.of}.")

    @property
    def parts(self) -> tuple[str, ...]:
        """Model types that are mixed."""
        return tuple(part.strip() for part in self.of.split(","))

    @property
    def needs_dev(self) -> bool:
        """Whether weights are to be fitted."""
        return not self.weights

    @property
    def given(self) -> tuple[float, ...]:
        """Weights that were given."""
        try:
            return tuple(float(weight) for weight in self.weights.split(","))
        except ValueError as error:
            raise ValueError(f"mixture.weights={self.weights}: use numbers, separated by commas.") from error


class Model(nn.Module):
    """Linear interpolation (Jelinek and Mercer 1980): the weighted mean of the parts' probabilities.

    The parts are other models of the same version; they are no part of the state_dict.
    """

    weights: Tensor

    def __init__(self, vocab_size: int, config: Config, parts: Sequence[Any] = ()) -> None:
        super().__init__()
        self.config = config
        # In a list of its own torch does not take them for modules of this one.
        self.parts = list(parts)
        self.register_buffer("weights", torch.full((len(config.parts),), 1 / len(config.parts)))

    @classmethod
    def from_models(
        cls, parts: Sequence[Any], dev: Iterable[tuple[Tensor, Tensor, Tensor, Tensor]], config: Config
    ) -> Model:
        """The mixture of these parts whose weights make dev most probable, unless they are given.

        A batch of dev is ids (B, T), which of them count (B, T), and of those, in time order, what follows (N,) and
        what each weighs (N,). There is one at least if `config.needs_dev`.
        """
        model = cls(0, config, parts)
        if config.weights:
            model.weights.copy_(torch.tensor(config.given) / sum(config.given))
            return model
        with torch.inference_mode():
            found = [(model.targets(xs, keep, ys), counts.double()) for xs, keep, ys, counts in dev]
        model.weights.copy_(fit_weights(*(torch.cat(column) for column in zip(*found, strict=True))))
        return model

    def targets(self, xs: Tensor, keep: Tensor, ys: Tensor) -> Tensor:
        """How probable each part finds the characters that follow: (N, K)."""
        probs = [part(xs).double().softmax(dim=-1).transpose(0, 1)[keep.T] for part in self.parts]
        return torch.stack([p.gather(1, ys[:, None])[:, 0] for p in probs], dim=1)

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T): log-probabilities in float64."""
        return self._mixed([part(idx) for part in self.parts])

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """The states of all parts."""
        return tuple(part.initial_state(batch) for part in self.parts)

    def step(self, ix: Tensor, state: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        """Logits (B, V) of the character after `ix` (B,), and the states of all parts after it."""
        steps = [part.step(ix, before) for part, before in zip(self.parts, state, strict=True)]
        return self._mixed([logits for logits, _ in steps]), tuple(after for _, after in steps)

    def _mixed(self, logits: list[Tensor]) -> Tensor:
        log_probs = torch.stack([part.double().log_softmax(dim=-1) for part in logits], dim=-1)
        return (log_probs + self.weights.double().log()).logsumexp(dim=-1)


def fit_weights(probs: Tensor, counts: Tensor) -> Tensor:
    """Weights (K,) that make N targets most probable, of which K parts say `probs` (N, K); they sum to one.

    A target counts `counts` (N,) times. Expectation and maximisation (Dempster, Laird and Rubin 1977).
    """
    weights = torch.full((probs.shape[1],), 1 / probs.shape[1], dtype=torch.float64)
    for _ in range(ROUNDS):
        shares = probs * weights
        weights = (shares / shares.sum(dim=1, keepdim=True) * counts[:, None]).sum(dim=0) / counts.sum()
    return weights
