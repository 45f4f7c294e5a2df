"""`makemore score`: names as arguments, in a file or on stdin, to lines or to a file."""

import math
import re

import polars as pl
import pytest

from makemore.reporting.text import score_lines
from tests.conftest import ENGLISH

HELD_OUT = r"more name-like than +(?:<1|>99|\d+) % of held-out names"


def rows(**columns):
    """One row of `score_list` with some columns replaced."""
    row = {
        "row": 1, "name": "ab", "nll": 1.25, "bits": 5.41, "percentile": 82.6, "seen": True,
        "surprisal": [3.1, 1.25, 1.06], "reject_reason": None,
    }  # fmt: skip
    return pl.DataFrame([row | columns], schema_overrides={"reject_reason": pl.String, "percentile": pl.Float64})


def test_names_are_printed_one_per_line(ok, published):
    """In the order of the arguments, aligned; the bits of the characters sum to those of the name."""
    printed = ok("score", "emma", "olivia", "zzyzx", "--model", "bigram", "--home", published).splitlines()

    assert [line.split()[0] for line in printed] == ["emma", "olivia", "zzyzx"]
    assert len({line.index(" nll ") for line in printed} | {line.index("  bits ") - 11 for line in printed}) == 1
    for line in printed:
        name, bits, surprisal = re.fullmatch(
            rf"(\w+) +nll \d\.\d{{4}}  bits ( ?[\d.]+)  {HELD_OUT}  (?:seen in train|not in train )  (.*)", line
        ).groups()
        characters, bits_of_characters = surprisal.split()[::2], map(float, surprisal.split()[1::2])
        assert "".join(characters) == f"{name}."
        assert sum(bits_of_characters) == pytest.approx(float(bits), abs=0.05 * len(characters) + 0.01)
    assert printed == [
        "emma    nll 2.4890  bits 17.95  more name-like than  38 % of held-out names  not in train   "
        "e 4.2  m 5.6  m 4.9  a 1.4  . 1.8",
        *printed[1:],
    ]


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({}, "ab  nll 1.2500  bits  5.41  more name-like than  83 % of held-out names  seen in train  a 3.1  b 1.2"),
        ({"seen": False, "percentile": 99.9}, "than >99 % of held-out names  not in train   a 3.1"),
        ({"percentile": 0.01}, "than  <1 % of held-out names"),
        ({"percentile": 100.0}, "than 100 % of held-out names"),
        ({"percentile": 0.0}, "than   0 % of held-out names"),
        ({"percentile": None}, "bits  5.41  no held-out names to compare with  seen in train  a 3.1"),
        ({"nll": math.inf, "bits": math.inf, "surprisal": [1.0, math.inf, 2.0]}, "nll    inf  bits   inf"),
        ({"name": "a b", "surprisal": [1, 2, 3, 4]}, "a 1.0  ␣ 2.0  b 3.0  . 4.0"),
        ({"name": "न\u093f", "surprisal": [1, 2, 3]}, "न 1.0  ◌\u093f 2.0  . 3.0"),
        ({"name": "a\u200c", "surprisal": [1, 2, 3]}, "a 1.0  U+200C 2.0  . 3.0"),
        ({"name": "a\x1b[1m", "reject_reason": "holds a control character"}, "a\\x1b[1m  not scored: it holds"),
        (
            {"name": "x" * 70, "reject_reason": "is longer than 64 characters"},
            f"{'x' * 31}…  not scored: it is longer than 64",
        ),
        ({"name": "", "reject_reason": "is empty"}, "  not scored: it is empty"),
    ],
)  # fmt: skip
def test_a_line_is_printable(columns, line):
    """Combining and invisible characters are made visible; control characters are escaped."""
    [text] = score_lines(rows(**columns))

    assert line in text
    assert text.isprintable() or "\u200c" in text


def test_one_long_name_does_not_widen_the_column():
    """Names are aligned to 32 characters at most."""
    lines = list(score_lines(pl.concat([rows(name="ab"), rows(name="a" * 60, surprisal=[1.0] * 61)])))

    assert lines[0].index("nll") == 34
    assert lines[1].startswith(f"{'a' * 60}  nll")


def test_a_list_is_printed_row_by_row(makemore, published):
    """From stdin; rejected rows show their reason, and their number is on stderr."""
    lines = b"emma\n\nzo\xc3\xab\n\xff\n" + "é\n".encode("latin-1") + b"olivia"

    done = makemore("score", "--names", "-", "--home", published, stdin=lines)

    assert done.returncode == 0
    assert [" not scored: it " in line for line in done.stdout.splitlines()] == [False, True, True, True, True, False]
    assert (
        "zoë     not scored: it contains 'ë', which is not in this vocab of 27 characters" in done.stdout.splitlines()
    )
    assert done.stderr == "stdin.txt: 4 of 6 rows rejected, each with a reason\n"


def test_read_options_are_those_of_evaluate(ok, published, tmp_path):
    """A CSV on stdin, with given encoding and columns, folded to lower case."""
    printed = ok(
        "score", "--names", "-", "--columns", "sex,name", "--encoding", "utf-16", "--lower", "--home", published,
        stdin="F,Emma\nM,NOAH\n".encode("utf-16"),
    )  # fmt: skip

    assert [line.split()[0] for line in printed.splitlines()] == ["emma", "noah"]


def test_scores_are_written_to_a_file(ok, published, tmp_path):
    """Nothing is printed; names in arguments have the same scores."""
    output = tmp_path / "scores.parquet"

    printed = ok("score", "--names", ENGLISH, "--model", "ngram", "--home", published, "-o", output)
    ok("score", "emma", "olivia", "--model", "ngram", "--home", published, "-o", tmp_path / "two.parquet")

    assert printed == ""
    scores = pl.read_parquet(output)
    assert scores["name"].to_list() == ENGLISH.read_text().splitlines()
    assert scores["percentile"].is_between(0, 100).all()
    two = pl.read_parquet(tmp_path / "two.parquet")
    assert two.columns == scores.columns
    olivia = scores.filter(pl.col("name") == "olivia")["nll"]
    assert two["nll"].to_list()[1:] == pytest.approx(olivia.to_list())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "score takes either names or --names. hint: makemore score emma"),
        (["emma", "--names", "x.txt"], "score takes either names or --names"),
        (["emma", "zoë"], "'zoë' contains 'ë', which is not in this vocab of 27 characters. hint: ingest"),
        (["emma", "a.b"], "which marks start and end. hint: correct it or leave it out"),
        (["emma", ""], "invalid name '': it is empty"),
        (["emma", "--model", "gru"], "has no model 'gru'. hint: use one of bigram, bigram_net"),
        (["emma", "--version", "x"], "has no version 'x'. hint: the newest is"),
        (["--names", "nowhere.txt"], "nowhere.txt does not exist"),
        (["--names", "LICENSE"], "LICENSE: unknown suffix ''"),
        (["emma", "-o", "scores.txt"], "scores.txt: text has no columns for scores. hint: use .csv"),
        (["emma", "-o", "nowhere/scores.csv"], "nowhere is not a folder"),
        (["--names", "x.docx", "-o", "scores.docx"], "scores.docx: unknown suffix '.docx'"),
    ],
)
def test_an_error_is_one_line(makemore, published, arguments, message):
    """Nothing is printed on stdout, not even scores of the other names."""
    done = makemore("score", *arguments, "--home", published)

    assert (done.returncode in (1, 2), done.stdout) == (True, "")
    assert message in done.stderr
    assert done.stderr.startswith("makemore: ")
    assert len(done.stderr.splitlines()) == 1
