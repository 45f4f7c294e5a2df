"""Names side by side: rows of ids cut out of the one row in which all names stand."""

from __future__ import annotations

import torch
from torch import Tensor


def windows(ids: Tensor, start: Tensor, length: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs and targets (B, T) of names, and which of them are of a name (B, T).

    `ids` is a row as `Vocab.stream` makes it; each name's first '.' lies at its `start` (B,), and it has `length` (B,)
    characters, the first of them the most. After the end of a name stands what follows in the row: no model looks
    ahead, and it is not counted.
    """
    places = torch.arange(int(length[0]) + 2, device=ids.device)
    window = ids[(start[:, None] + places).clamp(max=len(ids) - 1)].long()
    return window[:, :-1], window[:, 1:], places[:-1] <= length[:, None]
