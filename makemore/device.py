"""Where nets are trained: a GPU where there is one, unless the user says otherwise."""

from __future__ import annotations

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
