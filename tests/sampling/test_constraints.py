"""The automata of constraints, compared with Python's string methods and regular expressions."""

import re
import time
from itertools import product
from random import Random
from string import ascii_lowercase

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from makemore.errors import InvalidOption, UnsatisfiableRequest
from makemore.sampling import dfa
from makemore.sampling.constraints import text_dfa
from makemore.vocab import Vocab

VOCAB = Vocab.of(["abc"])
LATIN = Vocab.of([ascii_lowercase])
TEXTS = ["".join(chars) for length in range(6) for chars in product("abc", repeat=length)]

ATOMS = st.sampled_from(
    ["a", "b", "c", "é", ".", r"\.", r"\-", r"\w", r"\W", r"\d", "[ab]", "[^a]", "[b-é]", "[^é-]", r"[\W\]c]"]
)
REPEATS = st.sampled_from(["*", "+", "?", "{2}", "{0}", "{1,2}", "{2,}", "{,2}", "{0,3}"])
PATTERNS = st.recursive(
    ATOMS | st.just(""),
    lambda part: (
        st.lists(part, min_size=2, max_size=3).map("".join)
        | st.lists(part, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})")
        | st.builds("(?:{}){}".format, part, REPEATS)
        | st.builds("{}{}".format, ATOMS, REPEATS)
    ),
    max_leaves=6,
)
WORDS = st.text("abc", max_size=3)


def accepts(automaton, vocab, text):
    """Whether the automaton is in an accepting state after the text."""
    state = 0 if len(automaton.next) else -1
    for ix in vocab.encode(text):
        state = automaton.next[state, ix] if state >= 0 else -1
    return bool(state >= 0 and automaton.accepts[state])


def accepted(automaton, texts=TEXTS, vocab=VOCAB):
    return [text for text in texts if accepts(automaton, vocab, text)]


def assert_well_formed(automaton):
    """Check types; that nothing follows the end; that states are reachable, live and pairwise inequivalent."""
    count = len(automaton.next)
    assert (automaton.next.dtype, automaton.accepts.dtype, automaton.accepts.shape) == (np.int32, np.bool_, (count,))
    assert (automaton.next[:, 0] == -1).all()
    reached, live = np.arange(count) == 0, automaton.accepts.copy()
    for _ in range(count):
        following = automaton.next[reached]
        reached[following[following >= 0]] = True
        live |= np.append(live, False)[automaton.next].any(axis=1)
    assert reached.all()
    assert live.all()
    # Moore (1956): refine the states by their continuations.
    kind = automaton.accepts.tolist()
    for _ in range(count):
        kind = [(kind[state], *(-1 if ix < 0 else kind[ix] for ix in automaton.next[state])) for state in range(count)]
        number = {row: ix for ix, row in enumerate(dict.fromkeys(kind))}
        kind = [number[row] for row in kind]
    assert len(set(kind)) == count


@settings(max_examples=200)
@given(WORDS, WORDS, WORDS, st.just("") | PATTERNS, st.lists(st.text("abcé.", min_size=1, max_size=3), max_size=3))
@example("ab", "ba", "bab", "", [])
@example("", "", "", "(a|b)*a(a|b){2}", ["aaa", "ba"])
def test_accepted_texts_satisfy_all_constraints(prefix, suffix, contains, pattern, ban):
    """For all texts of up to 5 characters, `startswith`, `endswith`, `in` and `re.fullmatch` agree."""
    expected = [
        text
        for text in TEXTS
        if text.startswith(prefix) and text.endswith(suffix) and contains in text
        and (not pattern or re.fullmatch(pattern, text)) and not any(word in text for word in ban)
    ]  # fmt: skip

    automaton = text_dfa(VOCAB, prefix=prefix, suffix=suffix, contains=contains, pattern=pattern, ban=ban)

    assert accepted(automaton) == expected
    assert_well_formed(automaton)


@settings(max_examples=300)
@given(PATTERNS.filter(bool))
@example("(?:)")
@example("^a|^b$|c$")
@example("^")
@example("$")
@example("a{,}")
@example("(|a)+b")
@example("((a?){2,3}b?)*c")
@example("[]a]|[^]a]")
@example("a]|b}")
@example(r"[a\]]|[\d-]")
@example("(?:(a{2,3}b){2}|c?){,2}")
def test_patterns_match_as_in_python(pattern):
    """For all texts of up to 5 characters, `re.fullmatch` agrees."""
    automaton = text_dfa(VOCAB, pattern=pattern)

    assert accepted(automaton) == [text for text in TEXTS if re.fullmatch(pattern, text)]
    assert_well_formed(automaton)


def test_no_constraint_is_one_state():
    """It accepts any text, including the empty one."""
    automaton = text_dfa(LATIN)

    assert automaton.next.tolist() == [[-1] + [0] * 26]
    assert automaton.accepts.tolist() == [True]


def test_a_vocab_without_characters_has_the_empty_text():
    """Its automaton has one column, that of the end."""
    assert text_dfa(Vocab.of([])).next.tolist() == [[-1]]
    assert text_dfa(Vocab.of([]), pattern=".+").next.shape == (0, 1)


@pytest.mark.parametrize(
    ("options", "states"),
    [
        ({"prefix": "anna"}, 5),
        ({"suffix": "anna"}, 5),
        ({"contains": "anna"}, 5),
        ({"ban": ["anna"]}, 4),
        ({"ban": list("abc")}, 1),
        ({"pattern": ".*[aeiou]{2}.*"}, 3),
        ({"pattern": "(a|b)*a(a|b){12}"}, 2**13),
        ({"pattern": "[a-z]{3,12}"}, 13),
    ],
)
def test_the_automaton_is_minimal(options, states):
    """A word of n characters needs n + 1 states; an a as the 13th character from the end needs 2 ** 13."""
    assert text_dfa(LATIN, **options).next.shape == (states, 27)


@pytest.mark.parametrize(
    "options",
    [
        {"pattern": "zoë"},
        {"pattern": r"a\.b"},
        {"prefix": "a", "pattern": "b.*"},
        {"contains": "nn", "ban": ["n"]},
        {"pattern": "[^a-z]", "ban": ["n"]},
        {"prefix": "ab", "suffix": "ba", "pattern": ".{,2}"},
    ],
)
def test_an_automaton_that_accepts_no_text_has_no_states(options):
    """It is not an error here that a pattern has letters of another alphabet."""
    automaton = text_dfa(LATIN, **options)

    assert automaton.next.shape == (0, 27)
    assert automaton.accepts.shape == (0,)


def test_letters_outside_the_vocab_match_nothing():
    """Of [a-zà-ÿ] the letters a to z remain; no name contains a banned text with an unknown character or the end."""
    automaton = text_dfa(LATIN, pattern="[a-zà-ÿ]+|zoë", ban=["oë", "a.", "."])

    assert automaton.next.tolist() == [[-1] + [1] * 26, [-1] + [1] * 26]


@given(
    st.text(min_size=1, max_size=8),
    st.sampled_from([r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", ".", r"[\d\s]", "[^a-z]"]),
)
@example("e\u0301", r"\w")
@example("é٣५\u00a0\U0001d7d8", r"\d")
@example("𐐀👩‍🚀", r"\w")
@example("\n\x00", ".")
def test_classes_are_those_of_unicode(text, pattern):
    """`re` agrees for digits of any script, combining characters and those beyond U+FFFF."""
    vocab = Vocab.of([text.replace(".", "")])

    automaton = text_dfa(vocab, pattern=pattern)

    expected = [ch for ch in vocab.chars[1:] if re.fullmatch(pattern, ch, re.DOTALL)]
    assert accepted(automaton, vocab.chars[1:], vocab) == expected


@pytest.mark.parametrize("word", ["e\u0301", "👩‍🚀", "𐐀𐐀"])
def test_a_character_is_a_code_point(word):
    """A letter and a combining accent are two characters; a character beyond U+FFFF is one."""
    vocab = Vocab.of([word, "abc"])
    texts = ["a" + word, word + "a", word, word[:1], "a" + word[::-1]]

    assert accepted(text_dfa(vocab, prefix=word), texts, vocab) == [t for t in texts if t.startswith(word)]
    assert accepted(text_dfa(vocab, suffix=word), texts, vocab) == [t for t in texts if t.endswith(word)]
    assert accepted(text_dfa(vocab, pattern=f".*{word}"), texts, vocab) == [t for t in texts if t.endswith(word)]
    assert accepted(text_dfa(vocab, ban=[word]), texts, vocab) == [t for t in texts if word not in t]


@pytest.mark.parametrize("option", ["prefix", "suffix", "contains"])
def test_a_character_outside_the_vocab_is_named(option):
    """The error has the option, the text and the character."""
    with pytest.raises(UnsatisfiableRequest) as error:
        text_dfa(LATIN, **{option: "zoë"})

    assert f"--{option} 'zoë'" in str(error.value)
    assert "'ë', which is not" in str(error.value)


@pytest.mark.parametrize("option", ["prefix", "suffix", "contains"])
def test_the_end_is_rejected_in_a_text(option):
    """'.' has an id, but no name contains it."""
    with pytest.raises(UnsatisfiableRequest, match=rf"--{option} 'a\.b' contains '\.', which marks the end of a name"):
        text_dfa(LATIN, **{option: "a.b"})


def test_the_empty_text_cannot_be_banned():
    """Every name contains it."""
    with pytest.raises(InvalidOption, match="--ban '' is contained in every name"):
        text_dfa(LATIN, ban=["a", ""])


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("ab(?=c)", "'(?=' at character 3 is not supported"),
        ("a(?!b)", "'(?!' at character 2 is not supported"),
        ("(?<=a)b", "'(?<' at character 1 is not supported"),
        ("a(?<!a)b", "'(?<' at character 2 is not supported"),
        ("(?P<x>a)(?P=x)", "'(?P<' at character 1 is not supported"),
        ("(?>a)", "'(?>' at character 1 is not supported"),
        ("a(?#b)", "'(?#' at character 2 is not supported"),
        ("(a)?(?(1)b)", "'(?(' at character 5 is not supported"),
        ("(?i)a", "'(?' at character 1 is not supported"),
        ("(?i:a)", "'(?' at character 1 is not supported"),
        (r"(a)\1", r"'\1' at character 4 is not supported"),
        (r"a\b", r"'\b' at character 2 is not supported"),
        (r"\x41", r"'\x' at character 1 is not supported"),
        (r"a[b\x41]", "'[' at character 2 is not supported"),
        ("ab+?", "'+?' at character 3 is not supported"),
        ("ab{2}?", "'{2}?' at character 3 is not supported"),
        ("ab*+", "'*+' at character 3 is not supported"),
        ("a^b", "'^' at character 2 is not supported"),
        ("(a$)", "'$' at character 3 is not supported"),
        ("a{b}", "'{' at character 2 is not supported"),
        ("(ab", "missing ), unterminated subpattern at character 1"),
        ("ab)", "unbalanced parenthesis at character 3"),
        ("[ab", "unterminated character set at character 1"),
        ("[z-a]", "bad character range z-a at character 2"),
        ("*a", "nothing to repeat at character 1"),
        ("^*", "nothing to repeat at character 2"),
        ("a**", "multiple repeat at character 3"),
        ("a{3,2}", "min repeat greater than max repeat at character 3"),
        ("a\\", "bad escape (end of pattern) at character 2"),
        (r"\y", r"bad escape \y at character 1"),
    ],
)
def test_unsupported_patterns_are_rejected_with_the_position(pattern, message):
    """The error has the construct, its position and the supported syntax."""
    with pytest.raises(InvalidOption, match=re.escape(message)) as error:
        text_dfa(LATIN, pattern=pattern)

    assert str(error.value).startswith(f"--pattern '{pattern}': {message}")
    assert r"hint: use characters, \. and the like, ., [a-z]" in str(error.value)


@pytest.mark.parametrize(("pattern", "message"), [("[[a]]", "possible nested set"), ("[a||b]", "possible set union")])
def test_patterns_that_python_warns_of_are_rejected(pattern, message):
    """Their meaning will change in a later version of Python."""
    with pytest.raises(InvalidOption, match=f"{message}. hint: escape it with a backslash"):
        text_dfa(LATIN, pattern=pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a|b)*a(a|b){20}",
        "(a|b)*a(a|b){300}",
        ".{1,100000}",
        "((a{100}){100}){100}",
        "a{10001}",
        "(.{0,3}){3333}",
        f"a{{{'9' * 30}}}",
        f"a{{{'9' * 5000}}}",
        "a?" * 3000,
        "(a?b?c?d?){2500}",
    ],
)
def test_patterns_that_would_fill_the_memory_are_rejected(pattern):
    """The error comes early; it has the limit and a hint, and it is short."""
    with pytest.raises(InvalidOption, match="has more than 10,000 states") as error:
        text_dfa(LATIN, pattern=pattern)

    assert len(str(error.value)) < 250


def test_deeply_nested_groups_are_rejected():
    """Neither Python's parser nor ours ends with a RecursionError."""
    with pytest.raises(InvalidOption, match="groups are nested too deep"):
        text_dfa(LATIN, pattern="(" * 5000 + "a" + ")" * 5000)


@pytest.mark.parametrize(
    ("pattern", "states"), [("a{3000}", 3001), ("((a{0}){1000000}){1000000}", 1), ("(" * 50 + "a" + ")*" * 50, 1)]
)
def test_patterns_with_large_numbers_but_few_states_are_accepted(pattern, states):
    """Thousands of states are few enough, and a repeated empty text stays empty."""
    assert len(text_dfa(LATIN, pattern=pattern).next) == states


@pytest.mark.parametrize("options", [{"ban": ["anna", "bob", "carlo"]}, {"pattern": ".{5}", "ban": ["anna", "bob"]}])
def test_constraints_that_are_too_large_together_are_rejected(options, monkeypatch):
    """The test lowers the limit, since reaching it takes seconds."""
    monkeypatch.setattr(dfa, "MAX_TABLE_SIZE", 80)

    with pytest.raises(InvalidOption, match=r"^the constraints need \d+ states of \d character classes"):
        text_dfa(LATIN, **options)


def test_the_table_of_all_characters_is_bounded():
    """The pattern has two classes of characters, but seventy thousand columns."""
    astral = Vocab.of([chr(0x20000 + ix) for ix in range(70_000)])

    with pytest.raises(InvalidOption, match="need 1,001 states of 70,001 character classes"):
        text_dfa(astral, pattern=".{1000}")


def test_large_alphabets_and_long_lists_are_fast():
    """Three thousand characters in two classes; a thousand banned texts together with four other constraints."""
    rng = Random(2147483647)
    chinese = Vocab.of([ascii_lowercase, *map(chr, range(0x4E00, 0x4E00 + 2974))])
    banned = ["".join(rng.choices(ascii_lowercase, k=6)) for _ in range(1000)]
    start = time.process_time()

    wide = text_dfa(chinese, pattern=".*[aeiou]{2}.*")
    long = text_dfa(LATIN, prefix="m", suffix="a", contains="ari", pattern=".*[aeiou]{2}.*", ban=banned)

    assert time.process_time() - start < 2
    assert wide.next.shape == (3, 3001)
    texts = ["mariaa", f"maariau{banned[0]}a", "aaria", f"maari{banned[1]}a"]
    assert accepted(long, texts, LATIN) == texts[:1]
