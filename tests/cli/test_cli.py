"""The command line: exit codes, stdout and stderr."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from makemore import cli
from makemore.errors import Interrupted, InvalidOption, NeedsAttention, NotFound, UnsatisfiableRequest
from makemore.files.tables import metadata_of
from tests.conftest import ENGLISH

MAKEMORE = str(Path(sys.executable).with_name("makemore"))


def test_step_by_step_to_golden_numbers(ok, lecture_list, tmp_path):
    """The steps give the golden numbers of the lecture's list, without holdout and smoothing."""
    home = ["--home", tmp_path]

    assert "names.txt: 32,033 names, 0 rejected" in ok("ingest", lecture_list, *home)
    assert "split_names: 29,494 rows" in ok("build", "--holdout", 0, "--smoothing", 0, *home)
    trained = ok("train", "--set", "bigram_net.regularisation=0", *home)
    compared = ok("compare", *home).splitlines()
    andrejq = ok("evaluate", "--names", "-", *home, stdin="andrejq\n")
    frequent = ok(
        "query", "select ch1, ch2, count from bigram_counts order by count desc limit 2", "--format", "csv", *home
    )
    metrics = json.loads(next(tmp_path.glob("versions/*/models/bigram_net/metrics.json")).read_text())

    assert "Published" in trained
    assert "bigram       nll train 2.4540145" in trained
    assert [line.split()[:2] for line in compared[2:4]] == [["bigram", "2.4540"], ["bigram_net", "2.4623"]]
    assert metrics["loss"] == pytest.approx(2.46239, abs=5e-6)
    assert andrejq.splitlines()[0] == "bigram       nll inf ± inf  bits per name inf  names 1"
    assert frequent == "ch1,ch2,count\nn,.,6763\na,.,6640\n"
    assert ok("verify", *home).endswith(": ok\n")


def test_ssa_lists_with_counts(ok, tmp_path):
    """yobYYYY.txt has no header: --columns names its columns, and the count of a line is its weight."""
    (tmp_path / "yob2020.txt").write_text("Olivia,F,17641\nEmma,F,15656\nLiam,M,19777\nNoah,M,x\n")
    home = ["--home", tmp_path / "home"]

    ingested = ok("ingest", tmp_path / "yob2020.txt", "--columns", "name,sex,count", "--lower", *home)
    ok("build", "--holdout", 0, *home)
    ok("train", "--models", "bigram", "--samples", 5, *home)
    starts = json.loads(ok("query", "select ch, count from first_letters", "--format", "json", *home))
    rejects = json.loads(ok("query", "select row, raw, reason from rejects", "--format", "json", *home))

    assert "3 names, 1 rejected" in ingested
    assert starts == [{"ch": "l", "count": 19777}, {"ch": "o", "count": 17641}, {"ch": "e", "count": 15656}]
    assert rejects == [{"row": 4, "raw": "Noah,x", "reason": "has an invalid count"}]


def test_compare_prints_the_best_model_first(ok, published):
    """It prints nll with standard errors, differences with intervals, and the quality of the samples."""
    printed = ok("compare", "--home", published)

    number = r"[\d.]+"
    lines = [line for line in printed.splitlines() if re.match(r"\w+ +[\d.]+ +[\d.]+ ± ", line)]
    assert [line.split()[0] for line in lines] == ["ngram", "bigram", "bigram_net"]
    assert re.search(
        rf"^ngram +1.4964 +1.9707 ± 0.0186 +1.9782 ± 0.0185 +– +[\d,]+ +{number} +[\d,]+$", printed, re.MULTILINE
    )
    assert re.search(
        rf"^bigram +2.4075 +2.4157 ± {number} +2.4132 ± {number} +\+0.4350 \(\+{number} to \+{number}\) +729 ",
        printed,
        re.MULTILINE,
    )
    assert re.search(rf"^train, resampled +{number} % +100.0 % +0 +{number} +{number}$", printed, re.MULTILINE)


def test_a_list_is_evaluated_with_one_model(ok, published):
    """The nll is given for all names, for the names in train and for the others."""
    line = ok("evaluate", "--names", ENGLISH, "--model", "bigram", "--home", published)

    assert re.fullmatch(
        r"bigram +nll 2\.4089 ± 0\.0037  bits per name 24\.09  names 6,818: "
        r"2\.4075 on 5,459 seen in train, 2\.4144 on the others\n",
        line,
    )


def test_a_list_can_declare_its_split(ok, tmp_path):
    """`--split` puts all names of a list in one split, and the same bytes can be in two splits."""
    for name in ("train", "test"):
        (tmp_path / f"{name}.txt").write_text("Emma\nava\n")
        ok("ingest", tmp_path / f"{name}.txt", "--split", name, "--home", tmp_path / "home")

    ok("build", "--home", tmp_path / "home")
    ok("train", "--models", "bigram", "--samples", 5, "--home", tmp_path / "home")
    splits = ok(
        "query", "select split, lines from split_sizes", "--format", "csv", "--home", tmp_path / "home"
    ).splitlines()

    assert splits == ["split,lines", "test,2", "train,2"]


def test_the_same_seed_prints_the_same_names(ok, published):
    """The home can be an option or an environment variable."""
    first = ok("sample", "-n", 5, "--model", "bigram", "--seed", 1, "--home", published)

    assert len(first.splitlines()) == 5
    assert ok("sample", "-n", 5, "--model", "bigram", "--seed", 1, MAKEMORE_HOME=str(published)) == first


@pytest.mark.parametrize("suffix", ["txt", "csv", "jsonl", "parquet"])
def test_samples_are_written_to_a_file(ok, published, tmp_path, suffix):
    """The suffix is the format; nothing is printed, and no partial file is left."""
    file = tmp_path / f"names.{suffix}"
    readers = {
        "txt": lambda: file.read_text().splitlines(),
        "csv": lambda: list(pl.read_csv(file)["name"]),
        "jsonl": lambda: list(pl.read_ndjson(file)["name"]),
        "parquet": lambda: list(pl.read_parquet(file)["name"]),
    }

    printed = ok("sample", "-n", 7, "--seed", 2, "--home", published, "-o", file)

    assert printed == ""
    assert readers[suffix]() == ok("sample", "-n", 7, "--seed", 2, "--home", published).splitlines()
    metadata = [] if suffix == "parquet" else [metadata_of(file)]
    assert sorted(tmp_path.iterdir()) == sorted([file, *metadata])


def test_a_query_prints_a_table(ok, published):
    """With --format it prints CSV and JSON."""
    sql = "select ix, ch from vocab order by ix limit 2"

    table = ok("query", sql, "--home", published)

    assert "│ 0  ┆ .  │" in table
    assert ok("query", sql, "--format", "csv", "--home", published) == "ix,ch\n0,.\n1,a\n"
    assert json.loads(ok("query", sql, "--format", "json", "--home", published)) == [
        {"ix": 0, "ch": "."},
        {"ix": 1, "ch": "a"},
    ]


def test_verify_names_a_damaged_file(makemore, ok, tmp_path):
    """verify exits with 1 and prints the file; versions still lists the version."""
    (tmp_path / "list.txt").write_text("emma\nava\n")
    home = ["--home", tmp_path / "home"]
    ok("ingest", tmp_path / "list.txt", *home)
    ok("build", "--holdout", 0, *home)
    ok("train", "--models", "bigram", "--samples", 3, *home)
    counts = next((tmp_path / "home").glob("versions/*/counts.parquet"))
    counts.chmod(0o644)
    counts.write_bytes(b"")

    done = makemore("verify", *home)

    assert done.returncode == 1
    assert "counts.parquet: checksum mismatch, 0 bytes" in done.stdout
    assert f"is damaged: {counts.parent.name}. hint: do not use {counts.parent.name}\n" in done.stderr
    assert ok("versions", *home).startswith(f"{counts.parent.name}  2 names  bigram ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest"], "no list given. hint: name a file, a folder, a glob or a URL, or set lists in makemore.toml"),
        (["run"], "no list given. hint: name a file, a folder, a glob or a URL, or set lists in makemore.toml"),
        (["ingest", "nowhere.txt"], "nowhere.txt does not exist"),
        (["run", "nowhere.txt"], "nowhere.txt does not exist"),
        (["ingest", "tests"], "tests. hint: a list ends in .txt, .csv"),
        (["ingest", "LICENSE"], "LICENSE: unknown suffix ''"),
        (["build"], "has no list. hint: run `makemore ingest"),
        (["build", "--holdout", "60"], "--holdout 60 is out of range. hint: use 0 to 45"),
        (["train"], "has no list. hint: run `makemore ingest"),
        (["train", "--models", "lstm"], "unknown model type 'lstm'. hint: use one of bigram"),
        (["sample"], "has no version. hint: run `makemore run LIST"),
        (["query", "select 1"], "has no version. hint: run"),
        (["verify"], "has no version. hint: run"),
        (["sample", "--home", "PUBLISHED", "-n", "0"], "-n 0 is out of range. hint: use 1 to"),
        (["sample", "--home", "PUBLISHED", "--model", "gru"], "has no model 'gru'. hint: use one of bigram"),
        (["sample", "--home", "PUBLISHED", "--version", "../x"], "has no version '../x'. hint: the newest is"),
        (["sample", "--home", "PUBLISHED", "-o", "names.docx"], "names.docx: unknown suffix '.docx'"),
        (["query", "select no from vocab", "--home", "PUBLISHED"], 'Binder Error: Referenced column "no" not found'),
        (["evaluate", "--names", "nowhere.txt", "--home", "PUBLISHED"], "nowhere.txt"),
        (["evaluate", "--names", "examples/names/greek.txt", "--home", "PUBLISHED"], "is not in this vocab of 27"),
        (["evaluate", "--names", "x.txt", "--model", "gru", "--home", "PUBLISHED"], "has no model 'gru'"),
        (["compare"], "has no version. hint: run"),
    ],
)  # fmt: skip
def test_an_error_is_one_line(makemore, published, tmp_path, arguments, message):
    """Exit code 1 or 2, nothing on stdout, no traceback."""
    arguments = [str(published) if argument == "PUBLISHED" else argument for argument in arguments]

    done = makemore(*arguments, MAKEMORE_HOME=str(tmp_path / "home"))

    assert (done.returncode in (1, 2), done.stdout) == (True, "")
    assert message in done.stderr
    assert done.stderr.startswith("makemore: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidOption("--seed -1 is out of range"), 2),
        (NotFound("nowhere.txt does not exist"), 1),
        (UnsatisfiableRequest("no name satisfies these constraints"), 3),
        (NeedsAttention("1 problem needs attention"), 4),
        (OSError(28, "No space left on device"), 1),
        (KeyboardInterrupt(), 130),
        (Interrupted(signal.SIGTERM), 143),
    ],
)
def test_an_error_has_its_exit_code(makemore, monkeypatch, error, code):
    """One line on stderr for errors of makemore and of the operating system."""

    def fail(_):
        raise error

    monkeypatch.setattr(cli, "app", fail)
    done = makemore("versions")

    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("makemore: ")
    assert isinstance(error, KeyboardInterrupt) or done.stderr == f"makemore: {error}\n"


def test_another_exception_keeps_its_traceback(makemore, monkeypatch):
    """It is a bug."""
    monkeypatch.setattr(cli, "app", lambda _: {}["missing"])

    with pytest.raises(KeyError):
        makemore("versions")


def test_help_has_a_group_for_each_task(ok):
    """Groups are in the order of the pipeline."""
    groups = re.findall(r"^╭─ (\w+) ", ok("--help"), re.MULTILINE)

    assert groups == ["Run", "Names", "Inspect", "Versions", "Home", "Other"]


def test_an_unknown_option_is_a_usage_error(makemore):
    """Exit code 2, with the most similar option."""
    done = makemore("sample", "--sed", 3)

    assert done.returncode == 2
    assert "Did you mean --seed?" in done.stderr


def test_the_console_script_exits_cleanly(tmp_path):
    """One line on stderr, exit code 1, and no output of a library at exit."""
    (tmp_path / "empty.txt").write_text("")
    environment = os.environ | {"MAKEMORE_HOME": str(tmp_path / "home")}

    done = subprocess.run(
        [MAKEMORE, "ingest", "empty.txt"], check=False, capture_output=True, text=True, cwd=tmp_path, env=environment
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"makemore: {tmp_path / 'empty.txt'} has no valid name: it is empty\n"


@pytest.mark.parametrize("verb", ["ingest", "build", "train"])
def test_a_full_disk_is_one_line_and_the_next_run_succeeds(ok, tmp_path, verb):
    """With files limited to 100 KB the step fails in one line, and succeeds without the limit."""
    home = tmp_path / "home"
    words = {"ingest": ["ingest", ENGLISH], "build": ["build"], "train": ["train", "--models", "bigram"]}
    for step in list(words)[: list(words).index(verb)]:
        ok(*words[step], "--home", home)

    full = subprocess.run(
        [MAKEMORE, *words[verb], "--home", home], check=False, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )  # fmt: skip

    assert full.returncode == 1
    assert len(full.stderr.splitlines()) == 1
    assert full.stderr.startswith("makemore: ")
    ok(*words[verb], "--home", home)


def test_a_closed_pipe_is_not_an_error(published):
    """`makemore query | head` prints nothing on stderr."""
    command = f"{MAKEMORE} query 'select * from names' --format csv --home {published} | head -n 1"

    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)

    assert done.stdout == "source_id,row,name,weight,length,bucket,split\n"
    assert done.stderr == ""


def test_a_dry_run_prints_what_a_run_would_do(makemore, tmp_path):
    """Exit code 0, or 4 for a problem; no home is created."""
    names, home = tmp_path / "names.txt", tmp_path / "home"
    names.write_text("emma\nolivia\nava\n")

    done = makemore("run", names, "--home", home, "--models", "bigram", "--dry-run")
    partial = makemore("run", names, tmp_path / "gone.txt", "--home", home, "--dry-run")

    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [f"{names}: new: 3 names, 0 rejected", "a version is due: no version exists", "would train bigram"],
    )
    assert partial.returncode == 4
    assert f"{tmp_path / 'gone.txt'}: unreadable: " in partial.stdout
    assert not home.exists()
