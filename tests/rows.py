"""Training data built from names by plain Python, for tests without a database."""

from collections import Counter

import numpy as np

from makemore.data.dataset import Names, Rows
from makemore.training.settings import TrainingSettings
from makemore.training.train import Corpus, train


def rows_of(names, vocab):
    """The distinct (context, next) rows of names, sorted as in a dataset."""
    counts = Counter(
        (vocab.stoi[ch1], vocab.stoi[ch2]) for name in names for ch1, ch2 in zip(f".{name}", f"{name}.", strict=True)
    )
    rows = np.array([(*pair, count) for pair, count in sorted(counts.items())], dtype=np.int64)
    return Rows(rows[:, :1], rows[:, 1], rows[:, 2])


def names_of(names, vocab):
    """The distinct names, sorted, as training reads them."""
    counts = sorted(Counter(names).items())
    lengths = np.array([len(name) for name, _ in counts], dtype=np.int64)
    return Names(vocab.stream([name for name, _ in counts]), lengths, np.array([n for _, n in counts]), 1.0)


def trained(model_type, config, names, vocab, *, seed=1, dev=(), **settings):
    """Train a model on names; return it with the metrics of its training."""
    splits = {"train": names, "dev": dev}
    corpus = Corpus(
        len(vocab),
        rows=lambda: rows_of(names, vocab),
        ngrams=lambda: None,
        names=lambda split: names_of(splits[split], vocab),
        model=lambda part: None,
    )
    return train(model_type, config, corpus, TrainingSettings(seed, **settings))
