"""Devices and threads that torch computes on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from makemore.errors import InvalidOption, extra


def choose_device(device: str) -> str:
    """Return 'cuda' or 'cpu' for 'auto' (a GPU if there is one), 'cpu' or 'cuda'.

    Raises:
        InvalidOption: 'cuda' without a GPU.
        NotFound: torch is not installed.
    """
    if device == "cpu":
        return device
    with extra("train"):
        import torch
    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise InvalidOption("--device cuda: torch finds no GPU", "use --device cpu, or a torch build with CUDA")
    return "cpu"


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def threads(number: int = 1) -> Iterator[None]:
    """Run torch on this many threads, then restore the old number.

    One thread sums in a fixed order, so weights are reproducible. On a busy machine more threads are much slower: they
    spin while they wait for each other.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
