"""The ARPA file of the n-grams, read by a parser of the tests."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.data.dataset import read_vocab
from makemore.evaluation.loss import nll_of_names
from makemore.models.ngram import Config, Model
from makemore.relations.arpa import lines
from makemore.relations.ngrams import read_ngrams
from tests.conftest import NGRAM_RELATIONS

LISTS = st.lists(st.text("abé \u3000", min_size=1, max_size=7), min_size=1, max_size=9)


def parse(text):
    """Parse an ARPA file into n-grams with the base-10 logarithms of probability and backoff."""
    counts = {int(n): int(count) for n, count in re.findall(r"^ngram (\d)=(\d+)$", text, re.MULTILINE)}
    ngrams = {}
    for n, section in re.findall(r"^\\(\d)-grams:\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL):
        for line in section.split("\n"):
            log_prob, words, *backoff = line.split("\t")
            ngrams[tuple(words.split())] = float(log_prob), float(backoff[0]) if backoff else 0
            assert len(words.split()) == int(n)
    assert counts == {n: sum(len(ngram) == n for ngram in ngrams) for n in counts}
    assert text.startswith("\\data\\\n")
    assert text.endswith("\n\\end\\\n")
    return ngrams


def log_prob(ngrams, context, word):
    """Apply Katz's backoff, as every reader of the format does."""
    if (*context, word) in ngrams:
        return ngrams[(*context, word)][0]
    return ngrams.get(context, (0, 0))[1] + log_prob(ngrams, context[1:], word)


def nll(ngrams, words, order):
    """Return the nll of a name in nats per character."""
    sentence = ["<s>", *words, "</s>"]
    positions = range(1, len(sentence))
    return -math.log(10) * sum(
        log_prob(ngrams, tuple(sentence[max(0, i - order + 1) : i]), sentence[i]) for i in positions
    ) / len(positions)  # fmt: skip


@settings(max_examples=25)
@given(LISTS, st.integers(2, 8), st.integers(1, 3))
def test_the_file_has_the_nll_of_the_model(built, names, order, min_count):
    """For seen names and the reversed ones, with spaces and other alphabets."""
    names = [name.strip() for name in names if name.strip()] or ["a"]
    con = built(names, order=order, min_count=min_count, relations=NGRAM_RELATIONS)
    vocab = read_vocab(con)
    model = Model.from_ngrams(read_ngrams(con, vocab), Config(order, min_count))
    scored = [*names, *(name[::-1] for name in names)]

    ngrams = parse("".join(f"{line}\n" for line in lines(con, vocab)))
    words = [[{" ": "U+0020", "\u3000": "U+3000"}.get(ch, ch) for ch in name] for name in scored]

    assert [nll(ngrams, name, order) for name in words] == pytest.approx(nll_of_names(model, vocab, scored), abs=1e-6)


def test_every_context_is_an_ngram_of_the_order_below(built):
    """KenLM rejects a file without the context of an n-gram."""
    con = built(["emma", "olivia", "ava", "mia"], min_count=2)

    ngrams = parse("".join(f"{line}\n" for line in lines(con, read_vocab(con))))

    assert {ngram[:-1] for ngram in ngrams} - {()} <= set(ngrams)
    assert {ngram[1:] for ngram in ngrams} - {()} <= set(ngrams)


def test_the_special_words_of_the_format(built):
    """By hand, emma at order 2: <s> is never predicted, </s> has no backoff, <unk> has probability 0."""
    con = built(["emma"], order=2)

    ngrams = parse("".join(f"{line}\n" for line in lines(con, read_vocab(con))))

    assert [ngram for ngram in ngrams if len(ngram) == 1] == [(w,) for w in ("<unk>", "<s>", "</s>", "a", "e", "m")]
    assert ngrams["<unk>",] == (-99, 0)
    assert ngrams["<s>",][0] == -99
    assert ngrams["</s>",][1] == 0
    assert {ngram for ngram in ngrams if len(ngram) == 2} == {
        ("<s>", "e"), ("e", "m"), ("m", "m"), ("m", "a"), ("a", "</s>")
    }  # fmt: skip
