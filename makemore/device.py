"""Where nets are trained, and on how many threads: a GPU where there is one, else one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def choose(device: str) -> torch.device:
    """The device of 'auto', 'cpu' or 'cuda'.

    Raises:
        ValueError: 'cuda' is asked for, and torch sees no GPU.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch sees no GPU here. Use --device cpu, or a torch that was built for CUDA.")
    return torch.device(device)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread: sums in one order, so the same weights on any machine.

    Nor is it slower: matrices are small here, and threads that wait for each other spin.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
