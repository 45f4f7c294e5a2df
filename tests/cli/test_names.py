"""The commands of the producer: names as asked, into a file, many requests; what cannot be met; what was killed."""

import signal
import subprocess
import sys

import polars as pl
import pytest

from makemore.sampling import sample
from tests.conftest import ROOT

RUN = """
import os, signal, sys
from makemore.cli import app
from makemore.pipeline import sample as sampling
from makemore.sampling import sample

told = sampling._told
sample.SHARD = sample.BLOCK

def killed(making, shard):
    if shard == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return told(making, shard)

sampling._told = killed
app(sys.argv[1:], result_action="return_value")
"""
"""Runs a command with small shards, and has it killed as the third one begins."""


def test_names_as_asked_are_printed(makemore, published):
    """On stdout names and nothing else; on stderr how probable they were together."""
    done = makemore(
        "sample",
        "-n",
        50,
        "--seed",
        1,
        "--prefix",
        "ma",
        "--max-length",
        6,
        "--novel",
        "--distinct",
        "--home",
        published,
    )

    names = done.stdout.splitlines()
    assert (done.returncode, len(set(names))) == (0, 50)
    assert all(name.startswith("ma") and len(name) <= 6 for name in names)
    assert done.stderr == "ngram: a name drawn as it comes is as asked with probability 0.012778959\n"


def test_dash_is_stdout(ok, published):
    """-o - prints what no -o prints."""
    printed = ok("sample", "-n", 5, "--seed", 1, "--home", published)

    assert ok("sample", "-n", 5, "--seed", 1, "--home", published, "-o", "-") == printed


def test_what_cannot_be_met_is_exit_code_3(makemore, published, tmp_path):
    """One line with the number that there is; no file."""
    done = makemore(
        "sample", "-n", 100, "--pattern", "m.", "--distinct", "--home", published, "-o", tmp_path / "names.csv"
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "makemore: ngram: there are 26 such names, and 100 are wanted. Asked for: -n 100 --pattern m. --distinct.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--prefix", "zë"], 3, "--prefix 'zë' has 'ë', which is not among the 27 characters"),
        (["--best", "-n", "27", "--max-length", "1"], 3, "there are 26 such names, and 27 are wanted"),
        (["--pattern", "(a"], 1, "(a"),
        (["--pattern", "a(?=b)"], 1, "look-ahead"),
        (["--not-in", "nowhere.txt"], 1, "nowhere.txt does not exist"),
        (["--ban", "nowhere.txt"], 1, "nowhere.txt does not exist"),
        (["--ban", "LICENSE"], 1, "LICENSE has no suffix of a list: call it .txt, .csv"),
        (["--temperature", "0"], 1, "--temperature 0.0: use more than 0"),
        (["--top-p", "0"], 1, "--top-p 0.0: use more than 0, and at most 1"),
        (["--min-length", "9", "--max-length", "8"], 1, "--max-length 8: use 9 or more"),
        (["-o", "names.parquet.gz"], 1, "a Parquet file is compressed inside: leave .gz out"),
        (["-o", "nowhere/names.csv"], 1, "nowhere is no folder"),
    ],
)
def test_an_error_is_one_line_with_what_to_do(makemore, published, arguments, code, message):
    """No traceback, nothing on stdout."""
    done = makemore("sample", *arguments, "--home", published)

    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_requests_of_a_file(ok, published, tmp_path):
    """One file for all, with their ids; the lists of a request lie beside the CSV."""
    (tmp_path / "issued.txt").write_text("maria\n")
    (tmp_path / "requests.csv").write_text(
        "id,n,model,prefix,distinct,not_in\ngirls,30,ngram,mar,1,issued.txt\nany,5,,,,\n"
    )

    told = ok("generate", "--requests", tmp_path / "requests.csv", "-o", tmp_path / "names.csv", "--home", published)

    names = pl.read_csv(tmp_path / "names.csv")
    girls = names.filter(request="girls")["name"]
    assert "names.csv: 35 names of 2 requests" in told
    assert names["request"].to_list() == ["girls"] * 30 + ["any"] * 5
    assert girls.str.starts_with("mar").all()
    assert girls.n_unique() == 30
    assert "maria" not in girls


def test_a_killed_job_goes_on_to_the_same_bytes(published, ok, tmp_path, monkeypatch):
    """kill -9 in the third of four shards: no file; the same command then ends with the bytes of one left alone."""
    command = ["sample", "-n", "60000", "--model", "bigram", "--seed", "1", "--home", str(published), "-o"]
    monkeypatch.setattr(sample, "SHARD", sample.BLOCK)

    killed = subprocess.run(
        [sys.executable, "-c", RUN, *command, str(tmp_path / "names.parquet")], cwd=ROOT, check=False
    )
    left = [path.name for path in tmp_path.iterdir()]
    ok(*command, tmp_path / "names.parquet")
    ok(*command, tmp_path / "whole.parquet")

    assert killed.returncode == -signal.SIGKILL
    assert "names.parquet" not in left
    assert any(name.endswith(".shards") for name in left)
    assert (tmp_path / "names.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert len(pl.read_parquet(tmp_path / "names.parquet")) == 60_000
