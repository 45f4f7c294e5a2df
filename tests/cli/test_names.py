"""The commands `sample` and `generate`: constraints, files, unsatisfiable requests and killed jobs."""

import signal
import subprocess
import sys

import polars as pl
import pytest

from makemore.sampling import sample, samplers
from tests.conftest import ROOT

RUN = """
import os, signal, sys
from makemore.cli import app
from makemore.pipeline import sample as sampling
from makemore.sampling import sample, samplers

generate = sampling._generate
sample.SHARD_SIZE = samplers.BLOCK_SIZE

def killed(generation, shard):
    if shard == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return generate(generation, shard)

sampling._generate = killed
app(sys.argv[1:], result_action="return_value")
"""
"""Run a command with small shards and kill it at the start of the third one."""


def test_constrained_names_are_printed(makemore, published):
    """Stdout has only the names; stderr has the share of unconstrained names that satisfy the constraints."""
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
    assert done.stderr == "ngram: 1.2778959 % of unconstrained names satisfy these constraints\n"


def test_dash_is_stdout(ok, published):
    """`-o -` prints the same as no `-o`."""
    printed = ok("sample", "-n", 5, "--seed", 1, "--home", published)

    assert ok("sample", "-n", 5, "--seed", 1, "--home", published, "-o", "-") == printed


def test_an_unsatisfiable_request_is_exit_code_3(makemore, published, tmp_path):
    """One line has the number of names; no file is written."""
    done = makemore(
        "sample", "-n", 100, "--pattern", "m.", "--distinct", "--home", published, "-o", tmp_path / "names.csv"
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "makemore: ngram: only 26 names satisfy these constraints, 100 were requested. "
        "request: -n 100 --pattern m. --distinct\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--prefix", "zë"], 3, "--prefix 'zë'"),
        (["--best", "-n", "27", "--max-length", "1"], 3, "only 26 names satisfy these constraints, 27 were requested"),
        (["--pattern", "(a"], 2, "(a"),
        (["--pattern", "a(?=b)"], 2, "'(?=' at character 2 is not supported"),
        (["--not-in", "nowhere.txt"], 1, "nowhere.txt does not exist"),
        (["--ban", "nowhere.txt"], 1, "nowhere.txt does not exist"),
        (["--ban", "LICENSE"], 1, "LICENSE has an unknown suffix. hint: use .txt, .csv"),
        (["--temperature", "0"], 2, "--temperature 0.0 is out of range"),
        (["--top-p", "0"], 2, "--top-p 0.0 is out of range"),
        (["--min-length", "9", "--max-length", "8"], 2, "--max-length 8 is out of range. hint: use 9"),
        (["-o", "names.parquet.gz"], 2, "Parquet files are compressed already"),
        (["-o", "nowhere/names.csv"], 1, "nowhere is not a folder"),
    ],
)
def test_an_error_is_one_line(makemore, published, arguments, code, message):
    """There is no traceback, and stdout is empty."""
    done = makemore("sample", *arguments, "--home", published)

    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_requests_of_a_file(ok, published, tmp_path):
    """Names of all requests go to one file, with their ids; lists are relative to the request file."""
    (tmp_path / "issued.txt").write_text("maria\n")
    (tmp_path / "requests.csv").write_text(
        "id,n,model,prefix,distinct,not_in\ngirls,30,ngram,mar,1,issued.txt\nany,5,,,,\n"
    )

    output = ok("generate", "--requests", tmp_path / "requests.csv", "-o", tmp_path / "names.csv", "--home", published)

    names = pl.read_csv(tmp_path / "names.csv")
    girls = names.filter(request="girls")["name"]
    assert "names.csv: 35 names of 2 requests" in output
    assert names["request"].to_list() == ["girls"] * 30 + ["any"] * 5
    assert girls.str.starts_with("mar").all()
    assert girls.n_unique() == 30
    assert "maria" not in girls


def test_a_killed_job_resumes_to_the_same_bytes(published, ok, tmp_path, monkeypatch):
    """After kill -9 in the third of four shards there is no file; the same command then completes it."""
    command = ["sample", "-n", "60000", "--model", "bigram", "--seed", "1", "--home", str(published), "-o"]
    monkeypatch.setattr(sample, "SHARD_SIZE", samplers.BLOCK_SIZE)

    killed = subprocess.run(
        [sys.executable, "-c", RUN, *command, str(tmp_path / "names.parquet")], cwd=ROOT, check=False
    )
    leftovers = [path.name for path in tmp_path.iterdir()]
    ok(*command, tmp_path / "names.parquet")
    ok(*command, tmp_path / "complete.parquet")

    assert killed.returncode == -signal.SIGKILL
    assert "names.parquet" not in leftovers
    assert any(name.endswith(".shards") for name in leftovers)
    assert (tmp_path / "names.parquet").read_bytes() == (tmp_path / "complete.parquet").read_bytes()
    assert len(pl.read_parquet(tmp_path / "names.parquet")) == 60_000
