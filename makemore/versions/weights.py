"""Save and load a model: settings and characters as JSON, tensors as safetensors."""

from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from makemore.errors import VERIFY_HINT, CorruptVersion, NotFound
from makemore.files.atomic import write_json, written_aside
from makemore.models import CombinedModel, LanguageModel, configure, model_class
from makemore.versions.version import Version, read_json
from makemore.vocab import Vocab


def save_model(folder: Path, model_type: str, model: LanguageModel, vocab: Vocab) -> None:
    """Write config.json and model.safetensors to a model's folder.

    Raises:
        OSError: the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(
        folder / "config.json",
        {"model_type": model_type, "chars": list(vocab.chars), "config": asdict(model.config)},
    )
    with written_aside(folder / "model.safetensors") as aside:
        try:
            save_file(model.tensors(), aside)
        except SafetensorError as error:
            # A full disk: other writers raise OSError.
            raise OSError(f"{aside} cannot be written: {error}") from error


def load_model(folder: Path) -> tuple[LanguageModel, Vocab]:
    """The model and the vocab of a folder that `save_model` wrote; parts of a mixture come from the folders beside it.

    Raises:
        CorruptVersion: a file is missing, damaged or has a checksum mismatch.
        NotFound: the model is a net, and torch is not installed.
    """
    return _load(Version(folder.parent.parent), folder)


def _load(version: Version, folder: Path) -> tuple[LanguageModel, Vocab]:
    file = version.checked(folder / "config.json")
    saved = read_json(file)
    try:
        vocab = Vocab(tuple(saved["chars"]))
        cls, config = model_class(saved["model_type"]), configure(saved["model_type"], saved["config"])
        if issubclass(cls, CombinedModel):
            model = cls.from_models([_load(version, folder.parent / part)[0] for part in config.parts], [], config)
        else:
            model = cls(len(vocab), config)
        file = version.checked(folder / "model.safetensors")
        model.load_tensors(load_file(file))
    except (CorruptVersion, NotFound):
        raise
    except Exception as error:
        raise CorruptVersion(f"{file}: cannot be loaded ({str(error).splitlines()[0]})", VERIFY_HINT) from error
    return model, vocab
