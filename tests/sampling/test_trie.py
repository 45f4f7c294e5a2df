"""Tries of names."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from makemore.sampling.trie import Trie
from makemore.vocab import Vocab

VOCAB = Vocab((".", "a", "b", "é"))


def texts(trie):
    """Prefix of each node, read from the root."""
    found = [""]
    for parent, last in zip(trie.parent[1:], trie.last[1:], strict=True):
        found.append(found[parent] + VOCAB.chars[last])
    return found


@given(st.lists(st.text("abé", min_size=1, max_size=5)))
def test_nodes_are_the_prefixes_of_the_names(names):
    """Each prefix is one node, in the level of its length, and names are marked; sets of texts give the same."""
    trie = Trie.of(pl.Series(names, dtype=pl.String), VOCAB)

    found = texts(trie)
    assert sorted(found) == sorted({name[:i] for name in names for i in range(len(name) + 1)} | {""})
    assert {text for text, is_name in zip(found, trie.is_name, strict=True) if is_name} == set(names)
    for depth in range(trie.depth + 1):
        assert {len(text) for text in found[trie.level(depth)]} == {depth}


@given(st.lists(st.text("abé", min_size=1, max_size=4), max_size=12))
def test_children_are_found_from_their_parent(names):
    """A child by its character, and all children, agree with a dictionary of the texts."""
    trie = Trie.of(pl.Series(names, dtype=pl.String), VOCAB)
    found, nodes = texts(trie), np.arange(len(trie))
    node_of = {text: node for node, text in enumerate(found)}

    for ix in (1, 2, 3):
        expected = [node_of.get(text + VOCAB.chars[ix], 0) for text in found]
        assert trie.child(nodes, np.full(len(nodes), ix)).tolist() == expected
    which, below = trie.children(nodes)
    pairs = {(found[i], found[j]) for i, j in zip(which, below, strict=True)}
    assert pairs == {(text[:-1], text) for text in found if text}


def test_names_outside_the_vocab_are_ignored():
    """No model generates them; a '.' would end the name."""
    trie = Trie.of(pl.Series(["ab", "xa", "a.b", "", "bz", "é"]), VOCAB)

    assert texts(trie) == ["", "a", "é", "ab"]
    assert trie.is_name.tolist() == [False, False, True, True]


def test_the_trie_of_no_names_is_a_root():
    """The root has no children."""
    trie = Trie.of(pl.Series([], dtype=pl.String), VOCAB)

    assert (len(trie), trie.depth) == (1, 0)
    assert trie.child(np.array([0]), np.array([1])).tolist() == [0]
