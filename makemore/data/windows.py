"""Padded rows of ids, cut out of the stream of all names."""

from __future__ import annotations

import torch
from torch import Tensor


def windows(ids: Tensor, start: Tensor, length: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs (B, T), targets (B, T), and whether a position belongs to the name (B, T).

    `ids` is a `Vocab.stream`; `start` (B,) is the index of the '.' before each name and `length` (B,) its characters,
    the longest name first. The padding is what follows in the stream: no model looks ahead, and it is not scored.
    """
    pos = torch.arange(int(length[0]) + 2, device=ids.device)
    window = ids[(start[:, None] + pos).clamp(max=len(ids) - 1)].long()
    return window[:, :-1], window[:, 1:], pos[:-1] <= length[:, None]
