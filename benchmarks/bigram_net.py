"""bigram_net, compared with the lecture's one-hot loop: 200 steps from the same W to the same W."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Row, seconds, times
from benchmarks.inputs import Inputs
from benchmarks.measure import Contender, measure, python, report

TARGET = 150
TOLERANCE = 1e-4
SEED = 2147483647


def figure(inputs: Inputs, repeats: int) -> Figure:
    names = str(inputs.names)
    lecture, ours = measured = measure(
        [
            Contender("lecture, one-hot", python("bigram_net", "lecture", names)),
            Contender("bigram_net", python("bigram_net", "ours", names)),
        ],
        repeats,
    )
    difference = _difference(lecture.result["W"], ours.result["W"])
    if difference > TOLERANCE:
        raise AssertionError(f"W differs by {difference:g}, more than {TOLERANCE:g}: the two train differently.")
    ratio = times(lecture, ours)
    total_ratio = (lecture.wall + lecture.result["prepare"]) / (ours.wall + ours.result["prepare"])
    return Figure(
        "bigram_net",
        repeats,
        [
            Row(
                "bigram_net, 200 steps",
                lecture,
                ours,
                f"{ratio:.0f} times faster, W within {difference:.1g}",
                f"{TARGET} times, same W within {TOLERANCE:.0e}",
                ratio >= TARGET,
            )
        ],
        measured,
        [
            f"Both train on {lecture.result['examples']:,} bigrams, ours as {ours.result['rows']:,} distinct rows with "
            "counts. Timed: the 200 steps.",
            f"Preparation from names in memory takes {seconds(lecture.result['prepare'])} for the lecture's pairs and "
            f"{seconds(ours.result['prepare'])} for our rows; including it, ours is {total_ratio:.0f} times faster.",
            "torch runs the one-hot loop on all cores, so it suffers most from other load. By the shortest times, "
            f"ours is {lecture.range[0] / ours.range[0]:.0f} times faster.",
            f"Largest difference of W: {difference:.2g}. Last losses: {lecture.result['loss']:.6f} and "
            f"{ours.result['loss']:.6f}.",
        ],
    )


def _lecture(path: str) -> None:
    import time

    import torch
    import torch.nn.functional as F

    words = Path(path).read_text(encoding="utf-8").splitlines()
    started = time.perf_counter()
    stoi = {ch: ix for ix, ch in enumerate([".", *sorted(set("".join(words)))])}
    inputs, targets = [], []
    for word in words:
        chs = [".", *word, "."]
        for ch1, ch2 in zip(chs, chs[1:], strict=False):  # noqa: RUF007  as in the lecture
            inputs.append(stoi[ch1])
            targets.append(stoi[ch2])
    xs, ys = torch.tensor(inputs), torch.tensor(targets)
    prepare = time.perf_counter() - started

    def work() -> tuple[Any, float]:
        rng = torch.Generator().manual_seed(SEED)
        W = torch.randn((len(stoi), len(stoi)), generator=rng, requires_grad=True)
        for _ in range(200):
            xenc = F.one_hot(xs, num_classes=len(stoi)).float()
            logits = xenc @ W
            counts = logits.exp()
            probs = counts / counts.sum(1, keepdim=True)
            loss = -probs[torch.arange(len(ys)), ys].log().mean() + 0.01 * (W**2).mean()
            W.grad = None
            loss.backward()  # type: ignore[no-untyped-call]
            assert W.grad is not None
            W.data += -50 * W.grad
        return W, float(loss)

    report(work, lambda result: {"W": result[0].tolist(), "loss": result[1], "examples": len(ys), "prepare": prepare})


def _ours(path: str) -> None:
    import time

    import polars as pl

    from makemore import vocab
    from makemore.data import dataset
    from makemore.models import bigram_net
    from makemore.relations.bigram_counts import count_bigrams
    from makemore.training.full_batch import descend, initial_weights

    names = Path(path).read_text(encoding="utf-8").splitlines()
    started = time.perf_counter()
    frame = pl.DataFrame({"name": names}).with_columns(content_id=1, split=pl.lit("train"), weight=pl.lit(1, pl.Int64))
    counts = count_bigrams([frame])
    chars = vocab.Vocab((vocab.END, *sorted({*counts["ch1"], *counts["ch2"]} - {vocab.END})))
    pairs = counts.select(pl.col("ch1", "ch2").replace_strict(chars.stoi, return_dtype=pl.Int64), "count")
    rows = dataset.Rows(pairs["ch1"].to_numpy()[:, None], pairs["ch2"].to_numpy(), pairs["count"].to_numpy())
    prepare = time.perf_counter() - started
    config = bigram_net.Config()
    W = initial_weights(len(chars), SEED)
    report(
        lambda: descend(W, rows, config),
        lambda loss: {"W": W.tolist(), "loss": loss, "rows": len(pairs), "prepare": prepare},
    )


def _difference(first: list[list[float]], second: list[list[float]]) -> float:
    return max(abs(a - b) for row, other in zip(first, second, strict=True) for a, b in zip(row, other, strict=True))


if __name__ == "__main__":
    {"lecture": _lecture, "ours": _ours}[sys.argv[1]](sys.argv[2])
