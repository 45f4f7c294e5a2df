"""A training as it stood at some step, on a disk: safetensors, complete or absent, nothing pickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from makemore.files.atomic import written_aside


def save(path: Path, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
    """Write tensors and plain values; what stood there before stays until all is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as aside:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, aside,
                  {"numbers": json.dumps(numbers, sort_keys=True)})  # fmt: skip


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save` wrote.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            numbers = json.loads(file.metadata()["numbers"])
            return {name: file.get_tensor(name) for name in file.keys()}, numbers  # noqa: SIM118
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read ({str(error).splitlines()[0]}): delete it, and train again."
        ) from error
