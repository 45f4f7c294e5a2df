"""makemore score, as a user meets it: names in the command, in a file or on stdin; lines, or a file out."""

import math
import re

import polars as pl
import pytest

from makemore.reporting.text import score_lines
from tests.conftest import ENGLISH

HELD_OUT = r"more name-like than +(?:<1|>99|\d+) % of held-out names"


def rows(**columns):
    """One row as of `steps.scoring`, but for what is said otherwise."""
    row = {
        "row": 1, "name": "ab", "nll": 1.25, "bits": 5.41, "percentile": 82.6, "seen": True,
        "surprisal": [3.1, 1.25, 1.06], "reject_reason": None,
    }  # fmt: skip
    return pl.DataFrame([row | columns], schema_overrides={"reject_reason": pl.String, "percentile": pl.Float64})


def test_names_are_printed_one_a_line(ok, published):
    """In the order in which they are asked for, aligned; the bits of characters add up to those of the name."""
    told = ok("score", "emma", "olivia", "zzyzx", "--model", "bigram", "--home", published).splitlines()

    assert [line.split()[0] for line in told] == ["emma", "olivia", "zzyzx"]
    assert len({line.index(" nll ") for line in told} | {line.index("  bits ") - 11 for line in told}) == 1
    for line in told:
        name, bits, surprisal = re.fullmatch(
            rf"(\w+) +nll \d\.\d{{4}}  bits ( ?[\d.]+)  {HELD_OUT}  (?:seen in train|not in train )  (.*)", line
        ).groups()
        characters, numbers = surprisal.split()[::2], map(float, surprisal.split()[1::2])
        assert "".join(characters) == f"{name}."
        assert sum(numbers) == pytest.approx(float(bits), abs=0.05 * len(characters) + 0.01)
    assert told == [
        "emma    nll 2.4890  bits 17.95  more name-like than  38 % of held-out names  not in train   "
        "e 4.2  m 5.6  m 4.9  a 1.4  . 1.8",
        *told[1:],
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
def test_a_line_says_what_a_reader_can_see(columns, line):
    """All is said of all alone; a character that cannot stand alone is shown; nothing steers the terminal."""
    [told] = score_lines(rows(**columns))

    assert line in told
    assert told.isprintable() or "\u200c" in told


def test_one_long_name_does_not_move_the_others_out_of_sight():
    """Names are aligned to 32 characters at most."""
    told = list(score_lines(pl.concat([rows(name="ab"), rows(name="a" * 60, surprisal=[1.0] * 61)])))

    assert told[0].index("nll") == 34
    assert told[1].startswith(f"{'a' * 60}  nll")


def test_a_list_is_printed_row_by_row(makemore, published):
    """From stdin as from a file; what has no score says why, and how many they are stands on stderr."""
    lines = b"emma\n\nzo\xc3\xab\n\xff\n" + "é\n".encode("latin-1") + b"olivia"

    done = makemore("score", "--names", "-", "--home", published, stdin=lines)

    assert done.returncode == 0
    assert [" not scored: it " in line for line in done.stdout.splitlines()] == [False, True, True, True, True, False]
    assert (
        "zoë     not scored: it has 'ë', which is not among the 27 characters of this vocab" in done.stdout.splitlines()
    )
    assert done.stderr == "stdin.txt: 4 of 6 rows have no score; each says why\n"


def test_read_options_are_those_of_evaluate(ok, published, tmp_path):
    """A CSV on stdin of another encoding, with columns that are said, folded to lower case."""
    told = ok(
        "score", "--names", "-", "--columns", "sex,name", "--encoding", "utf-16", "--lower", "--home", published,
        stdin="F,Emma\nM,NOAH\n".encode("utf-16"),
    )  # fmt: skip

    assert [line.split()[0] for line in told.splitlines()] == ["emma", "noah"]


def test_a_list_in_a_file_out(ok, published, tmp_path):
    """Nothing is printed; one row a row, and the names of the command fare the same."""
    output = tmp_path / "scores.parquet"

    told = ok("score", "--names", ENGLISH, "--model", "ngram", "--home", published, "-o", output)
    ok("score", "emma", "olivia", "--model", "ngram", "--home", published, "-o", tmp_path / "two.parquet")

    assert told == ""
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
        ([], "say either names, as in `makemore score emma`, or one list of them, with --names FILE."),
        (["emma", "--names", "x.txt"], "say either names, as in"),
        (["emma", "zoë"], "'zoë' has 'ë', which is not among the 27 characters of this vocab. Ingest the list"),
        (["emma", "a.b"], "'a.b' is no name: it holds '.', which marks start and end. Correct it or leave it out."),
        (["emma", ""], "'' is no name: it is empty."),
        (["emma", "--model", "gru"], "has no model 'gru'. hint: use one of bigram, bigram_net"),
        (["emma", "--version", "x"], "has no version 'x'. hint: the newest is"),
        (["--names", "nowhere.txt"], "nowhere.txt does not exist."),
        (["--names", "LICENSE"], "LICENSE: no format for 'a file without suffix'"),
        (["emma", "-o", "scores.txt"], "scores.txt: text holds names alone, not what they score: use .csv"),
        (["emma", "-o", "nowhere/scores.csv"], "nowhere is no folder: make it"),
        (["--names", "x.docx", "-o", "scores.docx"], "scores.docx: no format for '.docx'"),
    ],
)
def test_an_error_is_one_line_with_what_to_do(makemore, published, arguments, message):
    """Exit code 1, nothing on stdout: not even what the other names score."""
    done = makemore("score", *arguments, "--home", published)

    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.startswith("makemore: ")
    assert len(done.stderr.splitlines()) == 1
