"""The command line, as a user meets it: exit code, stdout and stderr apart."""

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from makemore.files.tables import metadata_of
from tests.conftest import ENGLISH

MAKEMORE = str(Path(sys.executable).with_name("makemore"))


def test_step_by_step_to_golden_numbers(ok, lecture_list, tmp_path):
    """Each step by its command, on the lecture's list, with no holdout and no smoothing."""
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
    assert ok("verify", *home).endswith(": as published\n")


def test_ssa_lists_with_counts(ok, tmp_path):
    """yobYYYY.txt has no header: --columns names its fields, and each name counts as often as it says."""
    (tmp_path / "yob2020.txt").write_text("Olivia,F,17641\nEmma,F,15656\nLiam,M,19777\nNoah,M,x\n")
    home = ["--home", tmp_path / "home"]

    told = ok("ingest", tmp_path / "yob2020.txt", "--columns", "name,sex,count", "--lower", *home)
    ok("build", "--holdout", 0, *home)
    ok("train", "--models", "bigram", "--samples", 5, *home)
    starts = json.loads(ok("query", "select ch, count from first_letters", "--format", "json", *home))
    rejects = json.loads(ok("query", "select row, raw, reason from rejects", "--format", "json", *home))

    assert "3 names, 1 rejected" in told
    assert starts == [{"ch": "l", "count": 19777}, {"ch": "o", "count": 17641}, {"ch": "e", "count": 15656}]
    assert rejects == [{"row": 4, "raw": "Noah,x", "reason": "has a count that is no whole number from 1"}]


def test_models_are_compared_best_first(ok, published):
    """Their nll with its error, the difference with its interval, and their samples beside train, resampled."""
    told = ok("compare", "--home", published)

    number = r"[\d.]+"
    lines = [line for line in told.splitlines() if re.match(r"\w+ +[\d.]+ +[\d.]+ ± ", line)]
    assert [line.split()[0] for line in lines] == ["ngram", "bigram", "bigram_net"]
    assert re.search(
        rf"^ngram +1.4964 +1.9707 ± 0.0186 +1.9782 ± 0.0185 +– +[\d,]+ +{number} +[\d,]+$", told, re.MULTILINE
    )
    assert re.search(
        rf"^bigram +2.4075 +2.4157 ± {number} +2.4132 ± {number} +\+0.4350 \(\+{number} to \+{number}\) +729 ",
        told,
        re.MULTILINE,
    )
    assert re.search(rf"^train, resampled +{number} % +100.0 % +0 +{number} +{number}$", told, re.MULTILINE)


def test_any_list_is_evaluated_with_the_model_that_is_asked_for(ok, published):
    """The names of train apart; a list without them, or a name alone, has one number."""
    line = ok("evaluate", "--names", ENGLISH, "--model", "bigram", "--home", published)

    assert re.fullmatch(
        r"bigram +nll 2\.4089 ± 0\.0037  bits per name 24\.09  names 6,818: "
        r"2\.4075 on 5,459 seen in train, 2\.4144 on the others\n",
        line,
    )


def test_a_split_that_is_declared(ok, tmp_path):
    """Someone else's division: each of its lists says its split, and the same bytes may stand in two."""
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
    """And a file holds them with their nll."""
    first = ok("sample", "-n", 5, "--model", "bigram", "--seed", 1, "--home", published)

    assert len(first.splitlines()) == 5
    assert ok("sample", "-n", 5, "--model", "bigram", "--seed", 1, MAKEMORE_HOME=str(published)) == first


@pytest.mark.parametrize("suffix", ["txt", "csv", "jsonl", "parquet"])
def test_samples_go_into_a_file(ok, published, tmp_path, suffix):
    """The suffix is the format; nothing is printed, and nothing half-written stays beside."""
    file = tmp_path / f"names.{suffix}"
    readers = {
        "txt": lambda: file.read_text().splitlines(),
        "csv": lambda: list(pl.read_csv(file)["name"]),
        "jsonl": lambda: list(pl.read_ndjson(file)["name"]),
        "parquet": lambda: list(pl.read_parquet(file)["name"]),
    }

    told = ok("sample", "-n", 7, "--seed", 2, "--home", published, "-o", file)

    assert told == ""
    assert readers[suffix]() == ok("sample", "-n", 7, "--seed", 2, "--home", published).splitlines()
    beside = [] if suffix == "parquet" else [metadata_of(file)]
    assert sorted(tmp_path.iterdir()) == sorted([file, *beside])


def test_a_query_is_a_table_to_look_at(ok, published):
    """Or CSV, JSON and Parquet for programs; a file by its suffix."""
    sql = "select ix, ch from vocab order by ix limit 2"

    table = ok("query", sql, "--home", published)

    assert "│ 0  ┆ .  │" in table
    assert ok("query", sql, "--format", "csv", "--home", published) == "ix,ch\n0,.\n1,a\n"
    assert json.loads(ok("query", sql, "--format", "json", "--home", published)) == [
        {"ix": 0, "ch": "."},
        {"ix": 1, "ch": "a"},
    ]


def test_damage_is_found_and_named(makemore, ok, tmp_path):
    """verify ends with 1 and the file's name; versions lists what there is."""
    (tmp_path / "list.txt").write_text("emma\nava\n")
    home = ["--home", tmp_path / "home"]
    ok("ingest", tmp_path / "list.txt", *home)
    ok("build", "--holdout", 0, *home)
    ok("train", "--samples", 3, *home)
    counts = next((tmp_path / "home").glob("versions/*/counts.parquet"))
    counts.chmod(0o644)
    counts.write_bytes(b"")

    done = makemore("verify", *home)

    assert done.returncode == 1
    assert "counts.parquet: checksum mismatch, 0 bytes" in done.stdout
    assert done.stderr == (
        f"makemore: 1 of 1 versions are not as they were published: do not use {counts.parent.name}.\n"
    )
    assert ok("versions", *home).startswith(f"{counts.parent.name}  2 names  bigram ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest"], "no list is named: name a file, a folder, a glob or a URL"),
        (["ingest", "nowhere.txt"], "nowhere.txt does not exist."),
        (["run", "nowhere.txt"], "nowhere.txt does not exist."),
        (["ingest", "tests"], "tests holds no list: a list ends in .txt, .csv"),
        (["ingest", "LICENSE"], "LICENSE: no format for 'a file without suffix'"),
        (["build"], "has no list: take one in with `makemore ingest LIST"),
        (["build", "--holdout", "60"], "--holdout 60 is out of range. hint: use 0 to 45"),
        (["train"], "has no list: take one in with"),
        (["train", "--models", "lstm"], "has no list: take one in with"),
        (["sample"], "has no version. hint: run `makemore run LIST"),
        (["query", "select 1"], "has no version. hint: run"),
        (["verify"], "has no version. hint: run"),
        (["sample", "--home", "PUBLISHED", "-n", "0"], "-n 0: use 1 or more."),
        (["sample", "--home", "PUBLISHED", "--model", "gru"], "has no model 'gru'. hint: use one of bigram"),
        (["sample", "--home", "PUBLISHED", "--version", "../x"], "has no version '../x'. hint: the newest is"),
        (["sample", "--home", "PUBLISHED", "-o", "names.docx"], "names.docx: no format for '.docx'"),
        (["query", "select no from vocab", "--home", "PUBLISHED"], 'Binder Error: Referenced column "no" not found'),
        (["evaluate", "--names", "nowhere.txt", "--home", "PUBLISHED"], "nowhere.txt"),
        (["evaluate", "--names", "examples/names/greek.txt", "--home", "PUBLISHED"], "is not in this vocab of 27"),
        (["evaluate", "--names", "x.txt", "--model", "gru", "--home", "PUBLISHED"], "has no model 'gru'"),
        (["compare"], "has no version. hint: run"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_with_what_to_do(makemore, published, tmp_path, arguments, message):
    """Exit code 1, no traceback, nothing on stdout."""
    arguments = [str(published) if argument == "PUBLISHED" else argument for argument in arguments]

    done = makemore(*arguments, MAKEMORE_HOME=str(tmp_path / "home"))

    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.startswith("makemore: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_option_is_exit_code_2(makemore):
    """As for any command; the nearest right one is named."""
    done = makemore("sample", "--sed", 3)

    assert done.returncode == 2
    assert "Did you mean --seed?" in done.stderr


def test_a_real_process_ends_as_the_tests_say(tmp_path):
    """The installed command: one line on stderr, exit code 1, and no complaint of a library at the end."""
    (tmp_path / "empty.txt").write_text("")
    environment = os.environ | {"MAKEMORE_HOME": str(tmp_path / "home")}

    done = subprocess.run(
        [MAKEMORE, "ingest", "empty.txt"], check=False, capture_output=True, text=True, cwd=tmp_path, env=environment
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"makemore: {tmp_path / 'empty.txt'} has no name in it: it is empty.\n"


@pytest.mark.parametrize("verb", ["ingest", "build", "train"])
def test_a_full_disk_is_one_line_and_the_next_run_succeeds(ok, tmp_path, verb):
    """A file may grow to 100 KB and no further: the step says so, and works once there is room."""
    home, words = tmp_path / "home", {"ingest": ["ingest", ENGLISH], "build": ["build"], "train": ["train"]}
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


def test_a_reader_that_has_enough_is_no_error(published):
    """makemore query | head: no traceback, no complaint."""
    command = f"{MAKEMORE} query 'select * from names' --format csv --home {published} | head -n 1"

    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)

    assert done.stdout == "source_id,row,name,weight,length,bucket,split\n"
    assert done.stderr == ""
