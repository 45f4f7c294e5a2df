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

LISTS = st.lists(st.text("abé \u3000", min_size=1, max_size=7), min_size=1, max_size=9)


def parse(text):
    """n-grams of an ARPA file, each with the logarithms of its probability and backoff; a reader of its own."""
    counts = {int(n): int(count) for n, count in re.findall(r"^ngram (\d)=(\d+)$", text, re.MULTILINE)}
    found = {}
    for n, section in re.findall(r"^\\(\d)-grams:\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL):
        for line in section.split("\n"):
            log_prob, words, *backoff = line.split("\t")
            found[tuple(words.split())] = float(log_prob), float(backoff[0]) if backoff else 0
            assert len(words.split()) == int(n)
    assert counts == {n: sum(len(ngram) == n for ngram in found) for n in counts}
    assert text.startswith("\\data\\\n")
    assert text.endswith("\n\\end\\\n")
    return found


def log_prob(found, context, word):
    """Katz's rule, as every reader of the format applies it."""
    if (*context, word) in found:
        return found[(*context, word)][0]
    return found.get(context, (0, 0))[1] + log_prob(found, context[1:], word)


def nll(found, words, order):
    """nll of a name in nats, from base 10 logarithms."""
    sentence = ["<s>", *words, "</s>"]
    places = range(1, len(sentence))
    return -math.log(10) * sum(
        log_prob(found, tuple(sentence[max(0, i - order + 1) : i]), sentence[i]) for i in places
    ) / len(places)  # fmt: skip


@settings(max_examples=25)
@given(LISTS, st.integers(2, 8), st.integers(1, 3))
def test_another_reader_gets_the_nll_of_the_model(built, names, order, min_count):
    """On names that were seen and on the same backwards, spaces and other alphabets included."""
    names = [name.strip() for name in names if name.strip()] or ["a"]
    con = built(names, order=order, min_count=min_count)
    vocab = read_vocab(con)
    model = Model.from_ngrams(read_ngrams(con, vocab), Config(order, min_count))
    asked = [*names, *(name[::-1] for name in names)]

    found = parse("".join(f"{line}\n" for line in lines(con, vocab)))
    words = [[{" ": "U+0020", "\u3000": "U+3000"}.get(ch, ch) for ch in name] for name in asked]

    assert [nll(found, name, order) for name in words] == pytest.approx(nll_of_names(model, vocab, asked), abs=1e-6)


def test_every_context_is_an_ngram_of_the_order_below(built):
    """KenLM refuses a file in which the context of an n-gram is none."""
    con = built(["emma", "olivia", "ava", "mia"], min_count=2)

    found = parse("".join(f"{line}\n" for line in lines(con, read_vocab(con))))

    assert {ngram[:-1] for ngram in found} - {()} <= set(found)
    assert {ngram[1:] for ngram in found} - {()} <= set(found)


def test_the_words_of_the_format(built):
    """By hand, emma at order 2: <s> is never predicted, </s> goes nowhere, what is unknown is impossible."""
    con = built(["emma"], order=2)

    found = parse("".join(f"{line}\n" for line in lines(con, read_vocab(con))))

    assert [ngram for ngram in found if len(ngram) == 1] == [(w,) for w in ("<unk>", "<s>", "</s>", "a", "e", "m")]
    assert found["<unk>",] == (-99, 0)
    assert found["<s>",][0] == -99
    assert found["</s>",][1] == 0
    assert {ngram for ngram in found if len(ngram) == 2} == {
        ("<s>", "e"), ("e", "m"), ("m", "m"), ("m", "a"), ("a", "</s>")
    }  # fmt: skip
