"""A model on a disk: its settings and characters as JSON, its tensors as safetensors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from makemore.database import LOOK
from makemore.errors import CorruptVersion
from makemore.files.atomic import written_aside
from makemore.models import configure, model_class
from makemore.versions.store import as_published, read_json, write_json
from makemore.vocab import Vocab


def save_model(folder: Path, model_type: str, model: Any, vocab: Vocab) -> None:
    """Write config.json and model.safetensors to a model's folder.

    Raises:
        OSError: the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(
        folder / "config.json",
        {"model_type": model_type, "chars": list(vocab.chars), "config": asdict(model.config)},
    )
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    with written_aside(folder / "model.safetensors") as aside:
        try:
            save_file(tensors, aside)
        except SafetensorError as error:
            # A full disk, which all else tells of by an OSError.
            raise OSError(f"{aside} cannot be written: {error}") from error


def load_model(folder: Path) -> tuple[Any, Vocab]:
    """The model of a folder that `save_model` wrote, and its vocab; the parts of a mixture from the folders beside it.

    Raises:
        CorruptVersion: a file is missing or damaged.
    """
    file = as_published(folder / "config.json")
    told = read_json(file)
    try:
        vocab = Vocab(tuple(told["chars"]))
        cls, config = model_class(told["model_type"]), configure(told["model_type"], told["config"])
        parts = [load_model(folder.parent / part)[0] for part in getattr(config, "parts", ())]
        model = cls(len(vocab), config, parts) if parts else cls(len(vocab), config)
        file = as_published(folder / "model.safetensors")
        model.load_state_dict(load_file(file))
    except CorruptVersion:
        raise
    except Exception as error:
        raise CorruptVersion(f"{file} cannot be loaded ({str(error).splitlines()[0]}): {LOOK}.") from error
    return model.eval(), vocab
