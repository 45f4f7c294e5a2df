import re
import time
from itertools import product
from random import Random
from string import ascii_lowercase

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from makemore.errors import UnsatisfiableRequest
from makemore.sampling import dfa
from makemore.sampling.constraints import constraint
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


def accepts(form, vocab, text):
    """Whether the automaton ends in an accepting state when it has read the text."""
    state = 0 if len(form.next) else -1
    for ix in vocab.encode(text):
        state = form.next[state, ix] if state >= 0 else -1
    return bool(state >= 0 and form.accepts[state])


def accepted(form, texts=TEXTS, vocab=VOCAB):
    return [text for text in texts if accepts(form, vocab, text)]


def assert_well_formed(form):
    """The types; nothing follows the end; states all reached, all live, no two of them equivalent."""
    count = len(form.next)
    assert (form.next.dtype, form.accepts.dtype, form.accepts.shape) == (np.int32, np.bool_, (count,))
    assert (form.next[:, 0] == -1).all()
    reached, live = np.arange(count) == 0, form.accepts.copy()
    for _ in range(count):
        ahead = form.next[reached]
        reached[ahead[ahead >= 0]] = True
        live |= np.append(live, False)[form.next].any(axis=1)
    assert reached.all()
    assert live.all()
    # Moore (1956), in plain Python: what differs after n characters differs after n + 1.
    kind = form.accepts.tolist()
    for _ in range(count):
        kind = [(kind[state], *(-1 if ix < 0 else kind[ix] for ix in form.next[state])) for state in range(count)]
        number = {row: ix for ix, row in enumerate(dict.fromkeys(kind))}
        kind = [number[row] for row in kind]
    assert len(set(kind)) == count


@settings(max_examples=200)
@given(WORDS, WORDS, WORDS, st.none() | PATTERNS, st.lists(st.text("abcé.", min_size=1, max_size=3), max_size=3))
@example("ab", "ba", "bab", None, [])
@example("", "", "", "(a|b)*a(a|b){2}", ["aaa", "ba"])
def test_what_is_accepted_is_what_python_says(prefix, suffix, contains, pattern, ban):
    """Every text of up to 5 characters: as startswith, endswith, in and re.fullmatch have it."""
    expected = [
        text
        for text in TEXTS
        if text.startswith(prefix) and text.endswith(suffix) and contains in text
        and (pattern is None or re.fullmatch(pattern, text)) and not any(word in text for word in ban)
    ]  # fmt: skip

    form = constraint(VOCAB, prefix=prefix, suffix=suffix, contains=contains, pattern=pattern, ban=ban)

    assert accepted(form) == expected
    assert_well_formed(form)


@settings(max_examples=300)
@given(PATTERNS)
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
def test_a_pattern_is_read_as_python_reads_it(pattern):
    """Every text of up to 5 characters, as re.fullmatch has it."""
    form = constraint(VOCAB, pattern=pattern)

    assert accepted(form) == [text for text in TEXTS if re.fullmatch(pattern, text)]
    assert_well_formed(form)


def test_nothing_asked_is_one_state_that_stays():
    """Any text, the empty one too."""
    form = constraint(LATIN)

    assert form.next.tolist() == [[-1] + [0] * 26]
    assert form.accepts.tolist() == [True]


def test_a_vocab_without_a_character_has_the_empty_text():
    """Its automaton has one column, the end's."""
    assert constraint(Vocab.of([])).next.tolist() == [[-1]]
    assert constraint(Vocab.of([]), pattern=".+").next.shape == (0, 1)


@pytest.mark.parametrize(
    ("asked", "states"),
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
def test_the_number_of_states_is_that_of_the_textbook(asked, states):
    """A word of n characters needs n + 1 states; that the 13th character from the end is an a, 2 to the 13th."""
    assert constraint(LATIN, **asked).next.shape == (states, 27)


@pytest.mark.parametrize(
    "asked",
    [
        {"pattern": "zoë"},
        {"pattern": r"a\.b"},
        {"prefix": "a", "pattern": "b.*"},
        {"contains": "nn", "ban": ["n"]},
        {"pattern": "[^a-z]", "ban": ["n"]},
        {"prefix": "ab", "suffix": "ba", "pattern": ".{,2}"},
    ],
)
def test_what_no_text_is_has_no_states(asked):
    """The caller says so; it is not an error that a pattern has letters of another alphabet."""
    form = constraint(LATIN, **asked)

    assert form.next.shape == (0, 27)
    assert form.accepts.shape == (0,)


def test_letters_that_the_vocab_lacks_only_take_away():
    """[a-zà-ÿ] is what of it there is; a banned text with a stranger is in no name, as is one with the end."""
    form = constraint(LATIN, pattern="[a-zà-ÿ]+|zoë", ban=["oë", "a.", "."])

    assert form.next.tolist() == [[-1] + [1] * 26, [-1] + [1] * 26]


@given(
    st.text(min_size=1, max_size=8),
    st.sampled_from([r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", ".", r"[\d\s]", "[^a-z]"]),
)
@example("e\u0301", r"\w")
@example("é٣५\u00a0\U0001d7d8", r"\d")
@example("𐐀👩‍🚀", r"\w")
@example("\n\x00", ".")
def test_classes_are_those_of_unicode(text, pattern):
    """Digits of any script, combining characters, those beyond U+FFFF: each character is as re has it."""
    vocab = Vocab.of([text.replace(".", "")])

    form = constraint(vocab, pattern=pattern)

    expected = [ch for ch in vocab.chars[1:] if re.fullmatch(pattern, ch, re.DOTALL)]
    assert accepted(form, vocab.chars[1:], vocab) == expected


@pytest.mark.parametrize("word", ["e\u0301", "👩‍🚀", "𐐀𐐀"])
def test_a_character_is_a_code_point(word):
    """As in the vocab: a letter and its accent that combine are two, an astral one is one."""
    vocab = Vocab.of([word, "abc"])
    texts = ["a" + word, word + "a", word, word[:1], "a" + word[::-1]]

    assert accepted(constraint(vocab, prefix=word), texts, vocab) == [t for t in texts if t.startswith(word)]
    assert accepted(constraint(vocab, suffix=word), texts, vocab) == [t for t in texts if t.endswith(word)]
    assert accepted(constraint(vocab, pattern=f".*{word}"), texts, vocab) == [t for t in texts if t.endswith(word)]
    assert accepted(constraint(vocab, ban=[word]), texts, vocab) == [t for t in texts if word not in t]


@pytest.mark.parametrize("option", ["prefix", "suffix", "contains"])
def test_a_character_that_the_vocab_lacks_is_named(option):
    """No such name exists, and it is said why."""
    with pytest.raises(UnsatisfiableRequest) as error:
        constraint(LATIN, **{option: "zoë"})

    assert str(error.value) == (
        f"--{option} 'zoë' has 'ë', which is not among the 27 characters of this vocab: no such name exists."
    )


@pytest.mark.parametrize("option", ["prefix", "suffix", "contains"])
def test_the_end_is_no_character_of_a_name(option):
    """It has an id, but stands in no name."""
    with pytest.raises(UnsatisfiableRequest, match=rf"--{option} 'a\.b' has '\.', which marks the end of a name"):
        constraint(LATIN, **{option: "a.b"})


def test_nothing_cannot_be_banned():
    """It is in every name."""
    with pytest.raises(ValueError, match="--ban '' is in every name"):
        constraint(LATIN, ban=["a", ""])


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("ab(?=c)", "'(?=' at character 3 is a look-ahead"),
        ("a(?!b)", "'(?!' at character 2 is a look-ahead"),
        ("(?<=a)b", "'(?<' at character 1 is a look-behind"),
        ("a(?<!a)b", "'(?<' at character 2 is a look-behind"),
        ("(?P<x>a)(?P=x)", "'(?P<' at character 1 is a named group"),
        ("(?>a)", "'(?>' at character 1 is an atomic group"),
        ("a(?#b)", "'(?#' at character 2 is a comment"),
        ("(a)?(?(1)b)", "'(?(' at character 5 is a condition"),
        ("(?i)a", "'(?' at character 1 is a flag"),
        ("(?i:a)", "'(?' at character 1 is a flag"),
        (r"(a)\1", r"'\1' at character 4 is an escape of another kind"),
        (r"a\b", r"'\b' at character 2 is an escape of another kind"),
        (r"\x41", r"'\x' at character 1 is an escape of another kind"),
        (r"a[b\x41]", "'[' at character 2 is a class with an escape of another kind"),
        ("ab+?", "'+?' at character 3 is a lazy repeat"),
        ("ab{2}?", "'{2}?' at character 3 is a lazy repeat"),
        ("ab*+", "'*+' at character 3 is a possessive repeat"),
        ("a^b", "'^' at character 2 is an anchor elsewhere than at the start"),
        ("(a$)", "'$' at character 3 is an anchor elsewhere than at the end"),
        ("a{b}", "'{' at character 2 is no number of repeats"),
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
def test_what_is_not_of_the_subset_is_refused_by_its_place(pattern, said):
    """The construct, the character that it is at, and what a pattern is made of instead."""
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        constraint(LATIN, pattern=pattern)

    assert str(error.value).startswith(f"--pattern '{pattern}': {said}")
    assert r"A pattern is made of characters, \. and the like, ., [a-z]" in str(error.value)


@pytest.mark.parametrize(("pattern", "said"), [("[[a]]", "possible nested set"), ("[a||b]", "possible set union")])
def test_what_python_will_read_otherwise_is_refused(pattern, said):
    """Its warning is an error here; what to write instead is said."""
    with pytest.raises(ValueError, match=re.escape(rf"{said}; write \ before what is a character.")):
        constraint(LATIN, pattern=pattern)


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
def test_a_pattern_that_would_fill_the_memory_is_refused(pattern):
    """Before it does: the limit and what to do are in the message, which stays short."""
    with pytest.raises(ValueError, match="comes to more than 10,000 states: repeat less often, or put less") as error:
        constraint(LATIN, pattern=pattern)

    assert len(str(error.value)) < 250


def test_groups_are_not_nested_without_end():
    """Neither Python's parser nor ours runs out of stack in the user's face."""
    with pytest.raises(ValueError, match="its groups are nested too deep"):
        constraint(LATIN, pattern="(" * 5000 + "a" + ")" * 5000)


@pytest.mark.parametrize(
    ("pattern", "states"), [("a{3000}", 3001), ("((a{0}){1000000}){1000000}", 1), ("(" * 50 + "a" + ")*" * 50, 1)]
)
def test_what_is_large_as_text_only_is_not_refused(pattern, states):
    """Thousands of states are few enough; a million times nothing is nothing."""
    assert len(constraint(LATIN, pattern=pattern).next) == states


@pytest.mark.parametrize("asked", [{"ban": ["anna", "bob"]}, {"prefix": "ab", "contains": "nn"}])
def test_what_is_too_much_together_is_refused(asked, monkeypatch):
    """With the limit at 20 numbers; as it is, it takes seconds to come to it."""
    monkeypatch.setattr(dfa, "LARGEST_TABLE", 20)

    with pytest.raises(ValueError, match=r"^what is asked of names comes to more than \d+ states of \d kinds of char"):
        constraint(LATIN, **asked)


def test_a_table_of_all_characters_is_bounded_too():
    """Two classes of characters, but seventy thousand columns."""
    astral = Vocab.of([chr(0x20000 + ix) for ix in range(70_000)])

    with pytest.raises(ValueError, match=r"comes to 1,001 states of 70,001 characters, .* ask for less at once\."):
        constraint(astral, pattern=".{1000}")


def test_large_alphabets_and_long_lists_are_quick():
    """Three thousand characters of which a pattern tells two kinds; a thousand banned texts in the product."""
    rng = Random(2147483647)
    chinese = Vocab.of([ascii_lowercase, *map(chr, range(0x4E00, 0x4E00 + 2974))])
    banned = ["".join(rng.choices(ascii_lowercase, k=6)) for _ in range(1000)]
    start = time.process_time()

    wide = constraint(chinese, pattern=".*[aeiou]{2}.*")
    long = constraint(LATIN, prefix="m", suffix="a", contains="ari", pattern=".*[aeiou]{2}.*", ban=banned)

    assert time.process_time() - start < 2
    assert wide.next.shape == (3, 3001)
    texts = ["mariaa", f"maariau{banned[0]}a", "aaria", f"maari{banned[1]}a"]
    assert accepted(long, texts, LATIN) == texts[:1]
