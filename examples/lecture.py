"""Follow the lecture "building makemore", part 1, from start to end, with functions of makemore.

    python examples/lecture.py [LIST]

LIST has one name a line (default: examples/names/english.txt). docs/lecture.md explains each step.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from makemore.data.dataset import Rows, xs_ys
from makemore.evaluation.loss import nll_of_names, nll_of_rows
from makemore.evaluation.net_loss import nll
from makemore.models import bigram, bigram_net
from makemore.relations.bigram_counts import count_bigrams
from makemore.training.full_batch import descend, initial_weights
from makemore.vocab import Vocab

SEED = 2147483647
path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "names" / "english.txt"
names = [name for line in path.read_text(encoding="utf-8").splitlines() if (name := line.strip())]
vocab = Vocab.of(names)
V, stoi = len(vocab), vocab.stoi
print(f"names           {len(names):,}: {', '.join(names[:5])}, ... of {V - 1} characters and '.'")


def five_names(P: Tensor) -> str:
    """Return five names: each character is drawn from the row of P of the previous one, until '.' is drawn."""
    rng, ids = torch.Generator().manual_seed(SEED), [0]
    while ids.count(0) < 6:
        ids.append(int(torch.multinomial(P[ids[-1]], 1, generator=rng)))
    return "".join(vocab.itos[ix] for ix in ids)[1:-1].replace(".", " ")


def boldness(P: Tensor | np.ndarray) -> float:
    """Return the mean over rows of the highest probability: 1/V for a uniform distribution."""
    return float(np.asarray(P).max(axis=1).mean())


# Count how often each character follows each other one. Rows: first character. Columns: second.
counts = count_bigrams([pl.DataFrame({"content_id": 1, "split": "train", "name": names, "weight": 1})])
N = np.zeros((V, V), dtype=np.int64)
for ch1, ch2, count in counts.select("ch1", "ch2", "count").iter_rows():
    N[stoi[ch1], stoi[ch2]] = count
top = counts.select("ch1", "ch2", "count").sort("count", "ch1", "ch2", descending=[True, False, False]).head(5)
print(f"bigrams         {N.sum():,}: {', '.join(f'({ch1} {ch2}) {count}' for ch1, ch2, count in top.iter_rows())}")

# Each row, divided by its sum, is the distribution of the next character: sample from it, compute the nll.
counted, smoothed = (bigram.Model.from_counts(N, bigram.Config(smoothing)) for smoothing in (0, 1))
seen = np.argwhere(N)
rows = Rows(context=seen[:, :1], next=seen[:, 1], count=N[N > 0])
print(f"samples         {five_names(torch.from_numpy(counted.P))}")
print(f"nll             {nll_of_rows(counted, rows):.4f}, with smoothing 1 {nll_of_rows(smoothed, rows):.4f}")
odd = "andrejq" if set("andrejq") <= stoi.keys() else names[0][::-1]
((plain,), (smooth,)) = (nll_of_names(model, vocab, [odd]) for model in (counted, smoothed))
print(f"{odd:15} {plain:.4f}, with smoothing 1 {smooth:.4f}")

# The same as a net: one example for each bigram; one-hot times W is a row of W; the loss is the mean nll.
xs, ys = (torch.from_numpy(ids).long() for ids in xs_ys(names, vocab))
print(f"xs, ys          {names[0]}: {xs[: len(names[0]) + 1].tolist()}, {ys[: len(names[0]) + 1].tolist()}")
W, config = initial_weights(V, SEED), bigram_net.Config(regularisation=0)
one_hot = nll(nn.functional.one_hot(xs, V).float() @ W, torch.arange(len(ys)), ys, torch.ones(len(ys)))
net = bigram_net.Model.from_weights(W.numpy(), config)
print(f"untrained net   {one_hot:.4f} over {len(xs):,} examples, {nll_of_rows(net, rows):.4f} over {len(seen)} rows")
print(f"net             {descend(W, rows, config):.4f} after {config.steps} steps, approaching the counts")
print(f"its samples     {five_names(W.softmax(dim=1))}")

# W = log N is the counting model itself; regularisation flattens the rows, as smoothing does.
logs = bigram_net.Model.from_weights(torch.from_numpy(N).log().numpy(), config)
print(f"W = log N       {nll_of_rows(logs, rows):.4f}, the nll of the counts")
for smoothing, weight in ((0, 0), (100, 0.1), (10_000, 10)):
    W = initial_weights(V, SEED)
    descend(W, rows, bigram_net.Config(regularisation=weight))
    P, Q = bigram.Model.from_counts(N, bigram.Config(smoothing)).P, W.softmax(dim=1)
    print(f"boldness        {boldness(P):.3f} at smoothing {smoothing}, {boldness(Q):.3f} at regularisation {weight}")
