"""Errors: one line, and a text before it."""

import pytest

from makemore.errors import CorruptVersion, InvalidInput, MakemoreError, NotFound, SomeModelsFailed


@pytest.mark.parametrize("kind", [MakemoreError, InvalidInput, NotFound, CorruptVersion])
def test_a_prefix_keeps_the_class_and_the_hint(kind):
    """The error itself stays as it is."""
    error = kind("line 1 is invalid", "fix it")

    prefixed = error.prefixed("a.txt: ")

    assert type(prefixed) is kind
    assert str(prefixed) == "a.txt: line 1 is invalid. hint: fix it"
    assert (prefixed.message, prefixed.hint) == ("a.txt: line 1 is invalid", "fix it")
    assert str(error) == "line 1 is invalid. hint: fix it"


def test_a_prefix_keeps_all_else(tmp_path):
    """Such as the version that was published without a model."""
    prefixed = SomeModelsFailed("gru failed", tmp_path).prefixed("run: ")

    assert (str(prefixed), prefixed.version) == ("run: gru failed", tmp_path)
