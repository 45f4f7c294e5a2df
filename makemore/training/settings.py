"""Settings of a training that are not the model's own."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainingSettings:
    """Random seed of the initial weights, and what only nets use."""

    seed: int
    device: str = "cpu"
    threads: int = 1
    checkpoint: Path | None = None  # file to write checkpoints to, and to resume from
