"""A training on a disk."""

import math

import pytest
import torch

from makemore.training import checkpoint


def test_what_is_written_is_read(tmp_path):
    """Tensors to the bit, numbers as they were, an infinite one too."""
    path, tensors = tmp_path / "new" / "gru.safetensors", {"a": torch.randn(3, 4), "rng": torch.get_rng_state()}

    checkpoint.save(path, tensors, {"step": 7, "nll": math.inf})

    read, numbers = checkpoint.load(path)
    assert {name: tensor.tolist() for name, tensor in read.items()} == {
        name: tensor.tolist() for name, tensor in tensors.items()
    }
    assert numbers == {"step": 7, "nll": math.inf}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, content):
    """It is of no use to anyone: delete it."""
    (tmp_path / "gru.safetensors").write_bytes(content)

    with pytest.raises(ValueError, match=r"gru.safetensors cannot be read \(.*\): delete it, and train again"):
        checkpoint.load(tmp_path / "gru.safetensors")
