import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makemore.vocab import Vocab, code_points

NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=".")))


def test_vocab_of_the_lecture_is_its_26_letters_after_the_dot(lecture_names):
    """The lecture's stoi: '.' is 0, 'a' is 1 and 'z' is 26."""
    vocab = Vocab.of(lecture_names)

    assert "".join(vocab.chars) == ".abcdefghijklmnopqrstuvwxyz"
    assert (vocab.stoi["."], vocab.stoi["a"], vocab.stoi["z"]) == (0, 1, 26)


def test_characters_are_in_code_point_order():
    """Not in the order of any language, nor by UTF-16 units: an astral character comes after U+FFxx."""
    vocab = Vocab.of(["Żoë", "😀", "\uff21", "a"])

    assert vocab.chars == (".", "a", "o", "ë", "Ż", "\uff21", "😀")


def test_no_names_give_the_dot_alone():
    """A vocab always has its end."""
    assert Vocab.of([]).chars == (".",)


def test_emma_streams_as_in_the_lecture():
    """xs of emma are 0 5 13 13 1 and ys 5 13 13 1 0 in the alphabet of 27."""
    stream = Vocab.of(["abcdefghijklmnopqrstuvwxyz"]).stream(["emma"])

    assert stream[:-1].tolist() == [0, 5, 13, 13, 1]
    assert stream[1:].tolist() == [5, 13, 13, 1, 0]


@given(NAMES)
def test_a_stream_is_its_names_between_dots(names):
    """Ids of a stream, read character by character, are '.', then each name and '.'."""
    vocab = Vocab.of(names)

    streamed = "".join(vocab.itos[ix] for ix in vocab.stream(names).tolist())

    assert streamed == ("." + "".join(f"{name}." for name in names) if names else "")


@given(NAMES)
def test_decode_undoes_encode(names):
    """Names padded with 0 to one length come back as they were."""
    vocab = Vocab.of(names)
    ids = np.zeros((len(names), max(map(len, names), default=0) + 1), dtype=np.int64)
    for row, name in zip(ids, names, strict=True):
        row[: len(name)] = vocab.encode(name)

    assert vocab.decode(ids).to_list() == names


def test_decode_leaves_out_what_pads_a_row():
    """A row may be as long as the longest name, or longer, or be no name at all; characters may take several bytes."""
    vocab = Vocab.of(["aé😀"])

    names = vocab.decode(np.array([[1, 0, 0], [0, 0, 0], [1, 2, 3], [3, 3, 0]]))

    assert names.to_list() == ["a", "", "aé😀", "😀😀"]


@pytest.mark.parametrize("names", [0, 3])
def test_decode_of_rows_without_a_column_is_empty_names(names):
    """Sampling no character at all gives names of no character."""
    assert Vocab.of(["ab"]).decode(np.zeros((names, 0), dtype=np.int64)).to_list() == [""] * names


@pytest.mark.parametrize(
    ("characters", "dtype"), [(255, "uint8"), (256, "uint16"), (65535, "uint16"), (65536, "uint32")]
)
def test_ids_are_of_the_smallest_type_that_holds_them(characters, dtype):
    """255 characters and '.' have ids up to 255, which is the last that one byte holds."""
    vocab = Vocab.of([chr(0x10000 + i) for i in range(characters)])

    assert vocab.dtype == dtype
    assert vocab.stream([vocab.chars[-1]]).tolist() == [0, characters, 0]


@pytest.mark.parametrize("refuse", [lambda vocab, name: vocab.stream(["emma", name]), Vocab.encode])
@pytest.mark.parametrize("stranger", ["emmā", "emm😀", "emm\x00", "emmn"])
def test_a_character_that_the_vocab_lacks_is_refused(refuse, stranger):
    """The message has the name, the character, the size of the vocab and the next step."""
    with pytest.raises(ValueError, match="not among the 4 characters of this vocab") as error:
        refuse(Vocab.of(["emma"]), stranger)

    assert f"{stranger!r} has {stranger[3]!r}" in str(error.value)
    assert "Ingest the list that it comes from, then train again." in str(error.value)


@given(st.lists(st.text()))
def test_the_first_character_that_the_vocab_lacks_is_the_trouble_of_a_name(names):
    """Told of all names at once, as `encode` tells of each."""
    vocab = Vocab((".", "e", "m", "ø"))

    told = vocab.reject_reasons(pl.Series(names, dtype=pl.String))

    strangers = [next((ch for ch in name if ch not in vocab.stoi), None) for name in names]
    assert told.to_list() == [
        None if ch is None else f"has {ch!r}, which is not among the 4 characters of this vocab" for ch in strangers
    ]


@pytest.mark.parametrize("refuse", [lambda vocab, name: vocab.stream(["emma", name]), Vocab.encode])
def test_a_dot_inside_a_name_is_refused(refuse):
    """It cannot be told from the end."""
    with pytest.raises(ValueError, match=r"'em.ma' holds '\.', which marks the start and the end"):
        refuse(Vocab.of(["emma"]), "em.ma")


@pytest.mark.parametrize("chars", [(), ("a", "."), (".", "a", "a"), (".", ".")])
def test_a_vocab_starts_with_the_dot_and_repeats_nothing(chars):
    """An alphabet of another program is refused before an id of it is used."""
    with pytest.raises(ValueError, match=r"starts with '\.' and holds each character once"):
        Vocab(chars)


@given(st.text())
def test_code_points_are_those_of_ord(text):
    """One number a character, astral ones too."""
    assert code_points(text).tolist() == [ord(ch) for ch in text]
