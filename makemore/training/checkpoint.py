"""Checkpoints: tensors and plain values in one safetensors file, complete or absent, never pickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from makemore.errors import CorruptData
from makemore.files.atomic import written_aside


def save(path: Path, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    """Write tensors and plain values, replacing the file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as aside:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, aside,
                  {"values": json.dumps(values, sort_keys=True)})  # fmt: skip


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and plain values.

    Raises:
        CorruptData: the file is unreadable.
    """
    try:
        with safe_open(path, framework="pt") as file:
            values = json.loads(file.metadata()["values"])
            return {name: file.get_tensor(name) for name in file.keys()}, values  # noqa: SIM118
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise CorruptData(f"{path}: unreadable checkpoint ({reason})", "delete it, then train again") from error
