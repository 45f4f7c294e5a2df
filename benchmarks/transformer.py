"""Time of the transformer to a test nll, compared with a plain loop: padded names, constant rate, no averaging."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.figure import Figure, Row, times
from benchmarks.inputs import Inputs, reference_split
from benchmarks.measure import Contender, measure, python, report

NLL = 1.97
"""Test nll on the reference split: the best of the reference transformer, after 9,000 steps."""
TARGET = 6
NAMES = 92_000
"""Number of training names after which ours reaches it, found on a dev part of train."""
STEPS = 20_000
"""Limit of the plain loop."""
EVERY = 250
BATCH, PADDED = 32, 16
SEED = 2147483647


def figure(inputs: Inputs, repeats: int) -> Figure:
    names = str(inputs.names)
    plain, ours = measured = measure(
        [
            Contender("plain loop", python("transformer", "plain", names)),
            Contender("transformer", python("transformer", "ours", names)),
        ],
        repeats,
    )
    ratio = times(plain, ours)
    reached = all(run.result["nll"] <= NLL for contender in measured for run in contender.runs)
    return Figure(
        "transformer",
        repeats,
        [
            Row(
                f"transformer to test nll {NLL} on the reference split of {inputs.names.name}",
                plain,
                ours,
                f"{ratio:.1f} times faster" + ("" if reached else ", but not all runs reached it"),
                f"{TARGET} times",
                ratio >= TARGET and reached,
            )
        ],
        measured,
        [
            f"Plain loop: torch's own TransformerEncoderLayer, 4 layers, 4 heads, 64 channels, AdamW at 5e-4, {BATCH} "
            f"names drawn at random a step, padded to {PADDED}. It stops at the first nll of {NLL} or less, "
            f"evaluated every {EVERY} steps (not timed). Steps: {_result(plain, 'steps')}; test nll: "
            f"{_result(plain, 'nll')}.",
            f"Ours: --set transformer.dropout=0 --set transformer.names={NAMES} --threads 2, defaults otherwise; "
            f"the complete training is timed. Test nll, evaluated once at the end: {_result(ours, 'nll')}.",
        ],
    )


def _result(measured: Any, what: str) -> str:
    return ", ".join(f"{run.result[what]:.4f}" if what == "nll" else f"{run.result[what]:,}" for run in measured.runs)


def _plain(path: str) -> None:
    import time
    from pathlib import Path

    import torch
    import torch.nn.functional as F
    from torch import nn

    train, _, test = reference_split(Path(path))
    chars = [".", *sorted(set("".join(train + test)))]
    stoi = {ch: ix for ix, ch in enumerate(chars)}

    def tensors(names: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        xs, ys = torch.zeros((len(names), PADDED), dtype=torch.int64), torch.full((len(names), PADDED), -1)
        for i, name in enumerate(names):
            ids = torch.tensor([0, *(stoi[ch] for ch in name), 0])
            xs[i, : len(ids) - 1], ys[i, : len(ids) - 1] = ids[:-1], ids[1:]
        return xs, ys

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wte, self.wpe = nn.Embedding(len(chars), 64), nn.Embedding(PADDED, 64)
            layer = nn.TransformerEncoderLayer(64, 4, 256, 0.0, "gelu", batch_first=True, norm_first=True)
            self.layers = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
            self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, len(chars), bias=False)
            self.mask = nn.Transformer.generate_square_subsequent_mask(PADDED)

        def forward(self, idx: torch.Tensor) -> Any:
            x = self.layers(self.wte(idx) + self.wpe.weight, mask=self.mask, is_causal=True)
            return self.head(self.norm(x))

    def loss(xs: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(net(xs).flatten(0, 1), ys.flatten(), ignore_index=-1)

    torch.manual_seed(SEED)
    net, (xs, ys), held_out = Net(), tensors(train), tensors(test)
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-4, betas=(0.9, 0.99), weight_decay=0.01)
    wall = cpu = 0.0
    for step in range(1, STEPS + 1):
        started, cpu_started = time.perf_counter(), time.process_time()
        which = torch.randint(len(train), (BATCH,))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss(xs[which], ys[which]))
        optimiser.step()
        wall, cpu = wall + time.perf_counter() - started, cpu + time.process_time() - cpu_started
        if step % EVERY == 0:
            with torch.no_grad():
                nll = loss(*held_out).item()
            print(step, f"{wall:.1f} s", nll, file=sys.stderr, flush=True)
            if nll <= NLL:
                break
    _print(nll, step, wall, cpu)


def _print(nll: float, steps: int, wall: float, cpu: float) -> None:
    import json

    print(json.dumps({"nll": nll, "steps": steps, "wall": wall, "cpu": cpu}))


def _ours(path: str) -> None:
    from collections import Counter
    from pathlib import Path

    import numpy as np

    from makemore.data.dataset import Names
    from makemore.evaluation.loss import nll_of_names
    from makemore.models import configure
    from makemore.training.settings import TrainingSettings
    from makemore.training.train import Corpus, train
    from makemore.vocab import Vocab

    names, _, test = reference_split(Path(path))
    vocab = Vocab.of(names + test)

    def read(names: list[str]) -> Names:
        counts = sorted(Counter(names).items())
        lengths, times = ([len(name) for name, _ in counts], [times for _, times in counts])
        return Names(vocab.stream([name for name, _ in counts]), np.array(lengths, int), np.array(times, int), 1.0)

    def none(*_: str) -> Any:
        raise NotImplementedError

    splits = {"train": names, "dev": []}
    corpus = Corpus(len(vocab), rows=none, ngrams=none, names=lambda split: read(splits[split]), model=none)
    config = configure("transformer", {"names": NAMES, "dropout": 0})
    report(
        lambda: train("transformer", config, corpus, TrainingSettings(SEED, threads=2))[0],
        lambda model: {
            "nll": float(
                (nll_of_names(model, vocab, test) * [len(name) + 1 for name in test]).sum()
                / sum(len(name) + 1 for name in test)
            )
        },
    )


if __name__ == "__main__":
    {"plain": _plain, "ours": _ours}[sys.argv[1]](sys.argv[2])
