"""Many names as one tree of prefixes."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from makemore.sampling.trie import child, children, trie_of
from makemore.vocab import Vocab

VOCAB = Vocab((".", "a", "b", "é"))


def texts(trie):
    """The prefix of each node, read from the root."""
    found = [""]
    for parent, last in zip(trie.parent[1:], trie.last[1:], strict=True):
        found.append(found[parent] + VOCAB.chars[last])
    return found


@given(st.lists(st.text("abé", min_size=1, max_size=5)))
def test_nodes_are_the_prefixes_of_the_names(names):
    """Each once, those of one length together, and a name among them is marked; a set of Python says the same."""
    trie = trie_of(pl.Series(names, dtype=pl.String), VOCAB)

    found = texts(trie)
    assert sorted(found) == sorted({name[:i] for name in names for i in range(len(name) + 1)} | {""})
    assert {text for text, is_name in zip(found, trie.is_name, strict=True) if is_name} == set(names)
    for depth in range(trie.depth + 1):
        assert {len(text) for text in found[trie.level(depth)]} == {depth}


@given(st.lists(st.text("abé", min_size=1, max_size=4), max_size=12))
def test_children_are_found_from_their_parent(names):
    """One by its character, and all of some nodes, as a dictionary of the texts has them."""
    trie = trie_of(pl.Series(names, dtype=pl.String), VOCAB)
    found, nodes = texts(trie), np.arange(len(trie))
    node_of = {text: node for node, text in enumerate(found)}

    for ix in (1, 2, 3):
        expected = [node_of.get(text + VOCAB.chars[ix], 0) for text in found]
        assert child(trie, nodes, np.full(len(nodes), ix)).tolist() == expected
    which, below = children(trie, nodes)
    pairs = {(found[i], found[j]) for i, j in zip(which, below, strict=True)}
    assert pairs == {(text[:-1], text) for text in found if text}


def test_names_that_the_vocab_cannot_spell_are_left_out():
    """No model makes them; a '.' inside is the end of a name."""
    trie = trie_of(pl.Series(["ab", "xa", "a.b", "", "bz", "é"]), VOCAB)

    assert texts(trie) == ["", "a", "é", "ab"]
    assert trie.is_name.tolist() == [False, False, True, True]


def test_no_name_is_a_root_alone():
    """Then nothing is left out."""
    trie = trie_of(pl.Series([], dtype=pl.String), VOCAB)

    assert (len(trie), trie.depth) == (1, 0)
    assert child(trie, np.array([0]), np.array([1])).tolist() == [0]
