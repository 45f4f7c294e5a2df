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
PRIOR = 50.0
"""Characters of dev that a bin's own weights are as sure as: with fewer they stay near those of all bins."""
BINS = 16
"""Bins of places, by how well the n-grams know the context: twice as often is one bin on."""


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
        if self.weights and (len(self.given) != len(self.parts) or min(self.given) < 0 or not sum(self.given) > 0):
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

    Where the n-grams are a part, the weights depend on how often they have met the context: a row of `weights`
    (bins, parts) for each power of two. The parts are other models of the same version; they are no part of the
    state_dict.
    """

    block_size = 0
    weights: Tensor

    def __init__(self, vocab_size: int, config: Config, parts: Sequence[Any] = ()) -> None:
        super().__init__()
        self.config = config
        # In a list of its own torch does not take them for modules of this one.
        self.parts = list(parts)
        self.register_buffer("weights", torch.full((BINS, len(config.parts)), 1 / len(config.parts)))

    @classmethod
    def from_models(
        cls, parts: Sequence[Any], dev: Iterable[tuple[Tensor, Tensor, Tensor, Tensor]], config: Config
    ) -> Model:
        """The mixture of these parts whose weights make dev most probable, unless they are given.

        A batch of dev is ids (B, T), which of them count (B, T), and of those, in time order, what follows (N,) and
        how often (N,). There is one at least if `config.needs_dev`.
        """
        model = cls(0, config, parts)
        if config.weights:
            model.weights[:] = torch.tensor(config.given) / sum(config.given)
            return model
        with torch.inference_mode():
            found = [(*model.targets(xs, keep, ys), counts.double()) for xs, keep, ys, counts in dev]
        model.weights.copy_(fit_weights(*(torch.cat(column) for column in zip(*found, strict=True))))
        return model

    def targets(self, xs: Tensor, keep: Tensor, ys: Tensor) -> tuple[Tensor, Tensor]:
        """What each part says of the characters that follow (N, K), and the bins of their contexts (N,)."""
        probs = [part(xs).double().softmax(dim=-1).transpose(0, 1)[keep.T] for part in self.parts]
        return torch.stack([p.gather(1, ys[:, None])[:, 0] for p in probs], dim=1), self.bins(xs).T[keep.T]

    def bins(self, idx: Tensor) -> Tensor:
        """Bin (B, T) of each place: how often, in powers of two, the n-grams have met its context."""
        for part in self.parts:
            if hasattr(part, "states"):
                return _bin(part.total[part.states(idx)])
        return torch.zeros_like(idx)

    def forward(self, idx: Tensor) -> Tensor:
        """Logits (B, T, V) of the character after each of `idx` (B, T): log-probabilities in float64."""
        return self._mixed([part(idx) for part in self.parts], self.bins(idx))

    def initial_state(self, batch: int) -> tuple[Any, ...]:
        """The states of all parts."""
        return tuple(part.initial_state(batch) for part in self.parts)

    def step(self, ix: Tensor, state: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
        """Logits (B, V) of the character after `ix` (B,), and the states of all parts after it."""
        steps = [part.step(ix, before) for part, before in zip(self.parts, state, strict=True)]
        bins = torch.zeros_like(ix)
        for part, (_, after) in zip(self.parts, steps, strict=True):
            if hasattr(part, "states"):
                bins = _bin(part.total[after])
        return self._mixed([logits for logits, _ in steps], bins), tuple(after for _, after in steps)

    def _mixed(self, logits: list[Tensor], bins: Tensor) -> Tensor:
        log_probs = torch.stack([part.double().log_softmax(dim=-1) for part in logits], dim=-1)
        return (log_probs + self.weights[bins].double().log()[..., None, :]).logsumexp(dim=-1)


def fit_weights(probs: Tensor, bins: Tensor, counts: Tensor) -> Tensor:
    """Weights (BINS, K) that make N targets most probable, of which K parts say `probs` (N, K); each row sums to one.

    Expectation and maximisation (Dempster, Laird and Rubin 1977): first one row for all bins, then each its own, with
    that one as a prior.
    """
    overall = torch.full((BINS, probs.shape[1]), 1 / probs.shape[1], dtype=torch.float64)
    overall = _maximised(probs, torch.zeros_like(bins), counts, overall, 0.0)[:1].expand(BINS, -1)
    return _maximised(probs, bins, counts, overall, PRIOR)


def _maximised(probs: Tensor, bins: Tensor, counts: Tensor, start: Tensor, prior: float) -> Tensor:
    weights = start
    for _ in range(ROUNDS):
        shares = probs * weights[bins]
        shares = shares / shares.sum(dim=1, keepdim=True) * counts[:, None]
        totals = (prior * start).index_add(0, bins, shares)
        # A bin without a character of dev, and without a prior, stays as it is.
        weights = torch.where(totals.sum(dim=1, keepdim=True) > 0, totals, weights)
        weights = weights / weights.sum(dim=1, keepdim=True)
    return weights


def _bin(total: Tensor) -> Tensor:
    """Bin of how often a context was met: 0 for never, then one for each power of two."""
    return (total.double() + 1).log2().floor().clamp(max=BINS - 1).long()
