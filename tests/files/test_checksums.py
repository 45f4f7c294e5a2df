"""JSON objects carry their own checksum."""

import hashlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.files.checksums import checksum_matches, with_checksum

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES)


def test_the_checksum_covers_the_other_fields():
    """It is the SHA-256 of their JSON with sorted keys, in ASCII."""
    digest = hashlib.sha256(b'{"a": "\\u00e9", "b": 1}').hexdigest()

    assert with_checksum({"b": 1, "a": "é"}) == {"b": 1, "a": "é", "sha256": digest}


@settings(max_examples=30)
@given(OBJECTS)
def test_an_object_matches_after_a_round_trip_through_json(value):
    """Adding the checksum again changes nothing."""
    again = json.loads(json.dumps(with_checksum(value)))

    assert checksum_matches(again)
    assert with_checksum(again) == again


@settings(max_examples=30)
@given(OBJECTS, OBJECTS)
def test_a_changed_object_does_not_match(value, other):
    """Any added or changed field is detected."""
    changed = {**with_checksum(value), **{key: item for key, item in other.items() if key != "sha256"}}

    assert checksum_matches(changed) == (
        json.dumps(changed, sort_keys=True) == json.dumps(with_checksum(value), sort_keys=True)
    )


def test_an_object_without_a_checksum_matches():
    """Files of an earlier makemore have none."""
    assert checksum_matches({"a": 1})


def test_every_changed_bit_is_detected():
    """This includes the bits of the checksum and of its key."""
    text = json.dumps(with_checksum({"champion": "20261122-020000-3f2a9c", "at": 1.5})).encode()
    for at in range(len(text)):
        for bit in range(8):
            changed = bytearray(text)
            changed[at] ^= 1 << bit
            try:
                value = json.loads(changed)
            except ValueError:
                continue
            assert not checksum_matches(value), changed
