"""xs and ys as in the lecture, and the dataset file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from makemore.data.dataset import read_rows, xs_ys
from makemore.vocab import Vocab
from tests.conftest import ENGLISH
from tests.rows import rows_of

ALPHABET = Vocab((".", *"abcdefghijklmnopqrstuvwxyz"))


def test_emma_is_the_lectures_five_pairs():
    """The lecture's own example: five inputs, five targets."""
    xs, ys = xs_ys(["emma"], ALPHABET)

    assert xs.tolist() == [0, 5, 13, 13, 1]
    assert ys.tolist() == [5, 13, 13, 1, 0]


def test_the_list_of_the_lecture_gives_228_146_pairs(lecture_names):
    """From 32,033 names; the last target is an end."""
    xs, ys = xs_ys(lecture_names, ALPHABET)

    assert len(lecture_names) == 32_033
    assert len(xs) == len(ys) == 228_146
    assert (xs[:5].tolist(), ys[-1]) == ([0, 5, 13, 13, 1], 0)


@given(st.lists(st.text(st.characters(exclude_characters=".", exclude_categories=["Cs"]), min_size=1)))
def test_pairs_are_those_of_the_lectures_loop(names):
    """For any alphabet, pairs and order equal those of a loop over names and characters."""
    vocab = Vocab.of(names)
    expected = [
        (vocab.stoi[ch1], vocab.stoi[ch2]) for name in names for ch1, ch2 in zip(f".{name}", f"{name}.", strict=True)
    ]

    xs, ys = xs_ys(names, vocab)

    assert list(zip(xs.tolist(), ys.tolist(), strict=True)) == expected


@pytest.mark.parametrize(
    ("characters", "dtype"), [(255, "uint8"), (256, "uint16"), (65_535, "uint16"), (65_536, "uint32")]
)
def test_ids_take_the_smallest_type(characters, dtype):
    """One byte up to 256 ids, '.' included, two up to 65,536, then four."""
    names = [chr(0x4E00 + i) if i < 20_000 else chr(0x10000 + i) for i in range(characters)]

    xs, _ = xs_ys(names, Vocab.of(names))

    assert xs.dtype == dtype


def test_the_file_contains_names_in_order_and_the_rows_of_each_split(published):
    """Targets split into the names of the list, and the rows of train equal counts by hand."""
    version = next((published / "versions").iterdir())
    tensors = load_file(version / "dataset.safetensors")
    names = ENGLISH.read_text().splitlines()
    vocab = Vocab.of(names)
    lengths, splits = tensors["names.length"], tensors["names.split"]
    ends = np.cumsum(lengths.astype(int) + 1)
    trained = [name for name, split in zip(names, splits, strict=True) if split == 0]

    rows = read_rows(version / "dataset.safetensors")

    assert ["".join(vocab.itos[ix] for ix in ys[:-1]) for ys in np.split(tensors["ys"], ends[:-1])] == names
    assert {split: rows[split].count.sum() for split in rows} == {
        "train": (lengths[splits == 0] + 1).sum(),
        "dev": (lengths[splits == 1] + 1).sum(),
        "test": (lengths[splits == 2] + 1).sum(),
    }
    expected = rows_of(trained, vocab)
    for tensor in ("context", "next", "count"):
        assert np.array_equal(getattr(rows["train"], tensor), getattr(expected, tensor))
    assert tensors["names.weight"].tolist() == [1] * len(names)
