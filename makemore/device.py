"""Where models compute: a GPU where there is one, else so many threads, which is one unless someone says otherwise."""

from __future__ import annotations

import os
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


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def threads(number: int = 1) -> Iterator[None]:
    """Run torch on so many threads.

    On one, sums are taken in one order: the same weights on any machine of a kind. Two are faster where nothing else
    runs, and far slower where something does: threads that wait for each other spin.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
