"""Checkpoints on disk."""

import math

import pytest
import torch

from makemore.errors import CorruptData
from makemore.training.training_state import read_checkpoint, write_checkpoint


def test_a_checkpoint_round_trips(tmp_path):
    """Tensors to the bit, plain values unchanged, infinity included."""
    path, tensors = tmp_path / "new" / "gru.safetensors", {"a": torch.randn(3, 4), "rng": torch.get_rng_state()}

    write_checkpoint(path, tensors, {"step": 7, "nll": math.inf})

    read, values = read_checkpoint(path)
    assert {name: tensor.tolist() for name, tensor in read.items()} == {
        name: tensor.tolist() for name, tensor in tensors.items()
    }
    assert values == {"step": 7, "nll": math.inf}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_damaged_checkpoint_is_an_error_that_names_the_file(tmp_path, content):
    """The hint says to delete it."""
    (tmp_path / "gru.safetensors").write_bytes(content)

    with pytest.raises(CorruptData, match=r"gru.safetensors: unreadable checkpoint \(.*\). hint: delete it"):
        read_checkpoint(tmp_path / "gru.safetensors")
