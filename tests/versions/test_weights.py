"""A saved model is loaded unchanged or not at all."""

import numpy as np
import pytest

from makemore.errors import CorruptVersion
from makemore.versions import weights


def test_a_loaded_model_equals_the_saved_one(version, model):
    """Counts, settings and characters survive."""
    loaded, vocab = weights.load_model(version.model_folder("bigram"))

    assert np.array_equal(loaded.N, model.N)
    assert loaded.config == model.config
    assert vocab.chars == (".", "é")


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_damaged_model_is_not_loaded(version, file):
    """Bytes that are neither JSON nor safetensors raise one error with the next command."""
    path = version.model_folder("bigram") / file
    path.chmod(0o644)
    path.write_bytes(b"\x00" * 20)

    with pytest.raises(CorruptVersion, match=rf"{file}: .*hint: run `makemore verify`"):
        weights.load_model(path.parent)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_model_with_one_changed_byte_is_not_loaded(version, file):
    """Neither safetensors nor JSON detects the change; the manifest does."""
    path = version.model_folder("bigram") / file
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)

    with pytest.raises(CorruptVersion, match=rf"{file}: checksum mismatch"):
        weights.load_model(path.parent)
