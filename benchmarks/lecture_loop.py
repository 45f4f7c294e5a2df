"""The lecture's sampling loop, one character at a time, on the tables of an n-gram model, and its expected nll."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.inputs import SEED
from benchmarks.measure import report


def _loop(version: str, n: str) -> None:
    import torch

    from makemore.inference.loading import LoadedModel
    from makemore.models import AutomatonModel
    from makemore.sampling.automaton import automaton_of

    loaded = LoadedModel(Path(version) / "models" / "ngram")
    assert isinstance(loaded.model, AutomatonModel)
    automaton, itos = automaton_of(loaded.model), loaded.vocab.itos
    P, after = torch.from_numpy(automaton.probs).float(), automaton.next.tolist()
    log_probs, g = P.log(), torch.Generator().manual_seed(SEED)
    P[0, 0] = 0  # A name is never empty.

    def draw() -> tuple[list[str], float]:
        names, nats = [], 0.0
        for _ in range(int(n)):
            out, state = "", 0
            while True:
                ix = int(torch.multinomial(P[state], num_samples=1, replacement=True, generator=g).item())
                nats -= log_probs[state, ix].item()
                if ix == 0:
                    break
                out, state = out + itos[ix], after[state][ix]
            names.append(out)
        return names, nats

    report(
        draw,
        lambda drawn: {
            "names": len(drawn[0]),
            "nll": drawn[1] / sum(len(name) + 1 for name in drawn[0]),
            "expected": _expected(automaton),
        },
    )


def _expected(automaton: Any) -> float:
    """Return the expected nats per character, from the probability of each state after each character."""
    import numpy as np

    weights = automaton.probs.copy()
    weights[0, 0] = 0
    weights[0] /= weights[0].sum()
    costs, there = (weights * automaton.nats).sum(axis=1), np.eye(1, len(weights))[0]
    nats = characters = 0.0
    while there.sum() > 1e-9:
        nats, characters = nats + float(there @ costs), characters + float(there.sum())
        on = (there[:, None] * weights)[:, 1:]
        there = np.bincount(automaton.next[:, 1:].ravel(), weights=on.ravel(), minlength=len(weights))
    return nats / characters


if __name__ == "__main__":
    _loop(*sys.argv[1:])
