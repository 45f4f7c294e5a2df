"""The vocab: ids, streams, and names outside the vocab."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makemore.errors import InvalidInput
from makemore.vocab import Vocab, code_points

NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=".")))


def test_the_vocab_of_the_lecture_is_the_dot_and_26_letters(lecture_names):
    """The lecture's stoi: '.' is 0, 'a' is 1 and 'z' is 26."""
    vocab = Vocab.of(lecture_names)

    assert "".join(vocab.chars) == ".abcdefghijklmnopqrstuvwxyz"
    assert (vocab.stoi["."], vocab.stoi["a"], vocab.stoi["z"]) == (0, 1, 26)


def test_characters_are_in_code_point_order():
    """Not in a language's order, nor by UTF-16 units: an astral character comes after U+FFxx."""
    vocab = Vocab.of(["Żoë", "😀", "\uff21", "a"])

    assert vocab.chars == (".", "a", "o", "ë", "Ż", "\uff21", "😀")


def test_without_names_the_vocab_is_the_dot():
    """A vocab always contains '.'."""
    assert Vocab.of([]).chars == (".",)


def test_emma_streams_as_in_the_lecture():
    """xs of emma are 0 5 13 13 1 and ys 5 13 13 1 0 in the alphabet of 27."""
    stream = Vocab.of(["abcdefghijklmnopqrstuvwxyz"]).stream(["emma"])

    assert stream[:-1].tolist() == [0, 5, 13, 13, 1]
    assert stream[1:].tolist() == [5, 13, 13, 1, 0]


@given(NAMES)
def test_a_stream_is_its_names_between_dots(names):
    """A stream is '.', then each name followed by '.'."""
    vocab = Vocab.of(names)

    streamed = "".join(vocab.itos[ix] for ix in vocab.stream(names).tolist())

    assert streamed == ("." + "".join(f"{name}." for name in names) if names else "")


@given(NAMES)
def test_decode_undoes_encode(names):
    """Names padded with 0 to one length decode to themselves."""
    vocab = Vocab.of(names)
    ids = np.zeros((len(names), max(map(len, names), default=0) + 1), dtype=np.int64)
    for row, name in zip(ids, names, strict=True):
        row[: len(name)] = vocab.encode(name)

    assert vocab.decode(ids).to_list() == names


def test_decode_skips_padding():
    """Rows may be full, padded or empty; characters may take several bytes."""
    vocab = Vocab.of(["aé😀"])

    names = vocab.decode(np.array([[1, 0, 0], [0, 0, 0], [1, 2, 3], [3, 3, 0]]))

    assert names.to_list() == ["a", "", "aé😀", "😀😀"]


@pytest.mark.parametrize("names", [0, 3])
def test_decode_of_rows_without_a_column_is_empty_names(names):
    """Without columns all names are empty."""
    assert Vocab.of(["ab"]).decode(np.zeros((names, 0), dtype=np.int64)).to_list() == [""] * names


@pytest.mark.parametrize(
    ("characters", "dtype"), [(255, "uint8"), (256, "uint16"), (65535, "uint16"), (65536, "uint32")]
)
def test_ids_have_the_smallest_sufficient_type(characters, dtype):
    """255 characters and '.' have ids up to 255, the largest in one byte."""
    vocab = Vocab.of([chr(0x10000 + i) for i in range(characters)])

    assert vocab.dtype == dtype
    assert vocab.stream([vocab.chars[-1]]).tolist() == [0, characters, 0]


@pytest.mark.parametrize("read", [lambda vocab, name: vocab.stream(["emma", name]), Vocab.encode])
@pytest.mark.parametrize("unknown", ["emmā", "emm😀", "emm\x00", "emmn"])
def test_a_character_outside_the_vocab_is_an_error(read, unknown):
    """The error has the name, the character, the size of the vocab and a hint."""
    with pytest.raises(InvalidInput, match=r"not in this vocab of 4 characters\. hint: ingest") as error:
        read(Vocab.of(["emma"]), unknown)

    assert f"{unknown!r} contains {unknown[3]!r}" in str(error.value)


@given(st.lists(st.text()))
def test_a_reject_reason_names_the_first_character_outside_the_vocab(names):
    """`reject_reasons` checks all names at once."""
    vocab = Vocab((".", "e", "m", "ø"))

    reasons = vocab.reject_reasons(pl.Series(names, dtype=pl.String))

    unknowns = [next((ch for ch in name if ch not in vocab.stoi), None) for name in names]
    assert reasons.to_list() == [
        None if ch is None else f"contains {ch!r}, which is not in this vocab of 4 characters" for ch in unknowns
    ]


@pytest.mark.parametrize("read", [lambda vocab, name: vocab.stream(["emma", name]), Vocab.encode])
def test_a_dot_inside_a_name_is_an_error(read):
    """It marks the end."""
    with pytest.raises(InvalidInput, match=r"'em.ma' contains '\.', which marks the start and the end"):
        read(Vocab.of(["emma"]), "em.ma")


@pytest.mark.parametrize("chars", [(), ("a", "."), (".", "a", "a"), (".", ".")])
def test_a_vocab_starts_with_the_dot_and_repeats_nothing(chars):
    """A vocab of another program is checked before its ids are used."""
    with pytest.raises(InvalidInput, match=r"starts with '\.' and contains each character once"):
        Vocab(chars)


@given(st.text())
def test_code_points_are_those_of_ord(text):
    """One per character, astral ones included."""
    assert code_points(text).tolist() == [ord(ch) for ch in text]
