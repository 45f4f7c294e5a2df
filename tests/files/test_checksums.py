"""An object that carries its own hash."""

import hashlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.files.checksums import is_whole, sealed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES)


def test_the_hash_is_that_of_all_else():
    """As anyone computes it: JSON with sorted keys, ASCII."""
    digest = hashlib.sha256(b'{"a": "\\u00e9", "b": 1}').hexdigest()

    assert sealed({"b": 1, "a": "é"}) == {"b": 1, "a": "é", "sha256": digest}


@settings(max_examples=30)
@given(OBJECTS)
def test_what_was_sealed_is_whole_after_a_file(value):
    """And sealed anew it is the same."""
    again = json.loads(json.dumps(sealed(value)))

    assert is_whole(again)
    assert sealed(again) == again


@settings(max_examples=30)
@given(OBJECTS, OBJECTS)
def test_what_was_changed_is_not_whole(value, other):
    """Whatever was added, changed or taken away."""
    changed = {**sealed(value), **{key: told for key, told in other.items() if key != "sha256"}}

    assert is_whole(changed) == (json.dumps(changed, sort_keys=True) == json.dumps(sealed(value), sort_keys=True))


def test_what_was_never_sealed_is_taken_as_it_is():
    """Files of an earlier makemore have no hash of their own."""
    assert is_whole({"a": 1})


def test_every_byte_counts():
    """Those of the hash and of its name too: what can still be read is not whole."""
    text = json.dumps(sealed({"champion": "20261122-020000-3f2a9c", "at": 1.5})).encode()
    for at in range(len(text)):
        for bit in range(8):
            changed = bytearray(text)
            changed[at] ^= 1 << bit
            try:
                value = json.loads(changed)
            except ValueError:
                continue
            assert not is_whole(value), changed
