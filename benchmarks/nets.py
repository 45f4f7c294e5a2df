"""Sampling of nets on a CPU, compared with the same weights without a cache, on the complete prefix at each step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row
from benchmarks.inputs import SEED, Inputs
from benchmarks.measure import Contender, Measured, measure, python, report
from benchmarks.trained_version import trained_version

TARGET = {"transformer": (10, 5_000), "gru": (None, 20_000)}
"""By model type: speed-up over sampling without a cache, and names per second."""
TRAINED = 20_000
"""Number of names to train on: enough for names of usual length."""
N, BATCH, BATCHES = 100_000, 1_000, 2
CONTENDERS: tuple[tuple[str, str, int, dict[str, str]], ...] = (
    ("complete prefixes", "", BATCHES * BATCH, {}),
    ("complete prefixes", " on one thread", BATCHES * BATCH, {"OMP_NUM_THREADS": "1"}),
    ("ours", "", N, {}),
)
TOLERANCE = 0.02
"""Relative difference of nats per character. Without a cache there are few names."""


def figure(inputs: Inputs, repeats: int) -> Figure:
    settings = tuple(f"{model_type}.names={TRAINED}" for model_type in TARGET)
    version = trained_version(inputs, ",".join(TARGET), settings=settings)
    measured = measure(
        [
            Contender(
                f"{model_type}, {what}{suffix}, {n:,} names",
                python("nets", what, str(version / "models" / model_type)),
                environment,
            )
            for model_type in TARGET
            for what, suffix, n, environment in CONTENDERS
        ],
        repeats,
    )
    # The faster of two: under other load, several threads can be slower than one.
    faster = [
        min(pair, key=lambda contender: contender.wall) for pair in zip(measured[::3], measured[1::3], strict=True)
    ]
    pairs = dict(zip(TARGET, zip(faster, measured[2::3], strict=True), strict=True))
    return Figure(
        "nets",
        repeats,
        [_row(model_type, *pair) for model_type, pair in pairs.items()],
        measured,
        [
            f"Both use the same loaded weights, trained on {TRAINED:,} names: speed depends on training only through "
            "the length of the names. Both return names with nll.",
            f"Complete prefixes: {BATCHES} batches of {BATCH:,} names, with `forward` and torch.multinomial, on "
            "torch's default number of threads and on one; the faster counts. Ours: --device cpu, defaults otherwise.",
            *(
                f"{model_type}: nats/character {complete.result['nll']:.4f} with prefixes, {ours.result['nll']:.4f} "
                f"ours; characters per name {complete.result['length']:.2f} and {ours.result['length']:.2f}."
                for model_type, (complete, ours) in pairs.items()
            ),
        ],
    )


def _row(model_type: str, complete: Measured, ours: Measured) -> Row:
    times, speed = TARGET[model_type]
    ratio = _speed(ours) / _speed(complete)
    right = abs(ours.result["nll"] / complete.result["nll"] - 1) < TOLERANCE
    return Row(
        f"{N:,} names of {model_type}, CPU",
        complete,
        ours,
        f"{_speed(ours):,.0f} names/s, {ratio:.1f} times {_speed(complete):,.0f}",
        (f"{times} times, and " if times else "") + f"{speed:,} names/s",
        ratio >= (times or 0) and _speed(ours) >= speed and right,
    )


def _speed(measured: Measured) -> float:
    return float(measured.result["names"] / measured.wall)


def _complete(folder: str) -> None:
    import torch

    from makemore.inference.loading import LoadedModel
    from makemore.models import NetModel

    loaded, rng = LoadedModel(Path(folder), "cpu"), torch.Generator().manual_seed(SEED)
    net = loaded.model
    assert isinstance(net, NetModel)

    @torch.inference_mode()
    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        idx, nats = torch.zeros((BATCH, 1), dtype=torch.int64), torch.zeros(BATCH)
        going = torch.ones(BATCH, dtype=torch.bool)
        while going.any():
            log_probs = net(idx)[:, -1].log_softmax(dim=-1)
            probs = log_probs.exp()
            probs[:, 0] *= idx.shape[1] > 1  # A name is never empty.
            ix = torch.multinomial(probs, 1, generator=rng) * going[:, None]
            nats -= log_probs.gather(1, ix)[:, 0] * going
            going &= ix[:, 0] != 0
            idx = torch.cat([idx, ix], dim=1)
        return idx[:, 1:], nats

    def draw() -> tuple[list[str], float]:
        names, nats = list[str](), 0.0
        for _ in range(BATCHES):
            idx, costs = batch()
            names, nats = names + loaded.vocab.decode(idx.numpy()).to_list(), nats + float(costs.sum())
        return names, nats

    report(draw, lambda drawn: _result(*drawn))


def _ours(folder: str) -> None:
    from makemore.inference.loading import LoadedModel

    loaded = LoadedModel(Path(folder), "cpu")
    report(
        lambda: loaded.sample(N),
        lambda drawn: _result(
            drawn["name"].to_list(), float((drawn["nll"] * (drawn["name"].str.len_chars() + 1)).sum())
        ),
    )


def _result(names: list[str], nats: float) -> dict[str, Any]:
    characters = sum(map(len, names))
    return {"names": len(names), "nll": nats / (characters + len(names)), "length": characters / len(names)}


if __name__ == "__main__":
    {"complete prefixes": _complete, "ours": _ours}[sys.argv[1]](sys.argv[2])
