"""Count rows of names by a plain dict, for tests that need no database."""

from collections import Counter

import numpy as np

from makemore.dataset import Rows


def rows_of(names, vocab):
    """The distinct (context, next) rows of names, sorted, as a dataset has them."""
    counts = Counter(
        (vocab.stoi[ch1], vocab.stoi[ch2]) for name in names for ch1, ch2 in zip(f".{name}", f"{name}.", strict=True)
    )
    rows = np.array([(*pair, count) for pair, count in sorted(counts.items())], dtype=np.int64)
    return Rows(rows[:, :1], rows[:, 1], rows[:, 2])
