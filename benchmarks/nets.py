"""Names of nets on a CPU, beside the same weights without a cache: all that is written is read again at each step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row
from benchmarks.inputs import SEED, Inputs
from benchmarks.measure import Contender, Measured, measure, python, report
from benchmarks.published import published

REACH = {"transformer": (10, 5_000), "gru": (None, 20_000)}
"""By model type: times the speed without a cache, and names a second."""
TRAINED = 20_000
"""Names that each is trained on: enough for names of a usual length."""
N, BATCH, BATCHES = 100_000, 1_000, 2
WAYS: tuple[tuple[str, str, int, dict[str, str]], ...] = (
    ("whole prefixes", "", BATCHES * BATCH, {}),
    ("whole prefixes", " on one thread", BATCHES * BATCH, {"OMP_NUM_THREADS": "1"}),
    ("ours", "", N, {}),
)
NEAR = 0.02
"""Share by which nats a character may differ: without a cache there are few names."""


def figure(inputs: Inputs, repeats: int) -> Figure:
    settings = tuple(f"{model_type}.names={TRAINED}" for model_type in REACH)
    version = published(inputs, ",".join(REACH), settings=settings)
    measured = measure(
        [
            Contender(
                f"{model_type}, {what}{told}, {n:,} names",
                python("nets", what, str(version / "models" / model_type)),
                environment,
            )
            for model_type in REACH
            for what, told, n, environment in WAYS
        ],
        repeats,
    )
    # The faster of the two: threads that wait for each other are slow where something else runs.
    faster = [min(pair, key=lambda made: made.wall) for pair in zip(measured[::3], measured[1::3], strict=True)]
    pairs = dict(zip(REACH, zip(faster, measured[2::3], strict=True), strict=True))
    return Figure(
        "nets",
        repeats,
        [_row(model_type, *pair) for model_type, pair in pairs.items()],
        measured,
        [
            f"Both of the same weights, loaded before, trained on {TRAINED:,} names: speed does not depend on what a "
            "net has learnt but for the length of its names. Nll is told with the names.",
            f"Whole prefixes: {BATCHES} batches of {BATCH:,} names, each until its last name ends, by the model's own "
            "forward and torch.multinomial; on as many threads as torch takes, and on one: the faster counts. Ours: "
            "--device cpu, all else by default.",
            *(
                f"{model_type}: nats a character {whole.told['nll']:.4f} with whole prefixes, {ours.told['nll']:.4f} "
                f"ours; characters a name {whole.told['length']:.2f} and {ours.told['length']:.2f}."
                for model_type, (whole, ours) in pairs.items()
            ),
        ],
    )


def _row(model_type: str, whole: Measured, ours: Measured) -> Row:
    times, speed = REACH[model_type]
    ratio = _speed(ours) / _speed(whole)
    right = abs(ours.told["nll"] / whole.told["nll"] - 1) < NEAR
    return Row(
        f"{N:,} names of {model_type}, CPU",
        whole,
        ours,
        f"{_speed(ours):,.0f} names/s, {ratio:.1f} times {_speed(whole):,.0f}",
        (f"{times} times, and " if times else "") + f"{speed:,} names/s",
        ratio >= (times or 0) and _speed(ours) >= speed and right,
    )


def _speed(measured: Measured) -> float:
    return float(measured.told["names"] / measured.wall)


def _whole(folder: str) -> None:
    import torch

    from makemore.inference.loading import LoadedModel

    loaded, rng = LoadedModel(Path(folder), "cpu"), torch.Generator().manual_seed(SEED)

    @torch.inference_mode()
    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        idx, nats = torch.zeros((BATCH, 1), dtype=torch.int64), torch.zeros(BATCH)
        going = torch.ones(BATCH, dtype=torch.bool)
        while going.any():
            log_probs = loaded.model(idx)[:, -1].log_softmax(dim=-1)
            probs = log_probs.exp()
            probs[:, 0] *= idx.shape[1] > 1  # No name is empty.
            ix = torch.multinomial(probs, 1, generator=rng) * going[:, None]
            nats -= log_probs.gather(1, ix)[:, 0] * going
            going &= ix[:, 0] != 0
            idx = torch.cat([idx, ix], dim=1)
        return idx[:, 1:], nats

    def made() -> tuple[list[str], float]:
        names, nats = list[str](), 0.0
        for _ in range(BATCHES):
            idx, costs = batch()
            names, nats = names + loaded.vocab.decode(idx.numpy()).to_list(), nats + float(costs.sum())
        return names, nats

    report(made, lambda made: _told(*made))


def _ours(folder: str) -> None:
    from makemore.inference.loading import LoadedModel

    loaded = LoadedModel(Path(folder), "cpu")
    report(
        lambda: loaded.sample(N),
        lambda made: _told(made["name"].to_list(), float((made["nll"] * (made["name"].str.len_chars() + 1)).sum())),
    )


def _told(names: list[str], nats: float) -> dict[str, Any]:
    characters = sum(map(len, names))
    return {"names": len(names), "nll": nats / (characters + len(names)), "length": characters / len(names)}


if __name__ == "__main__":
    {"whole prefixes": _whole, "ours": _ours}[sys.argv[1]](sys.argv[2])
