"""SIGINT and SIGTERM end a command in one line, with its exit code and nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from makemore.cli.interruption import stopped_by_signals
from makemore.errors import Interrupted
from tests.conftest import ENGLISH

MAKEMORE = str(Path(sys.executable).with_name("makemore"))
SLOW_QUERY = "select sum(hash(a.range + b.range)) from range(1000000) a, range(1000000) b"


def interrupted(words, has_begun, number=signal.SIGINT, **options):
    """Return exit code and stderr of a command that gets a signal once it has begun to work."""
    process = subprocess.Popen(
        [MAKEMORE, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options
    )
    deadline = time.monotonic() + 60
    while not has_begun() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


def after(seconds):
    """Return a condition that is true after some seconds."""
    start = time.monotonic()
    return lambda: time.monotonic() > start + seconds


@pytest.fixture(scope="module")
def long_list(tmp_path_factory):
    """A list that takes a second to ingest."""
    file = tmp_path_factory.mktemp("lists") / "long.txt"
    names = ENGLISH.read_text().splitlines()
    file.write_text("".join(f"{name}{letter}\n" for letter in "abcdefghijklmnopqrst" * 5 for name in names))
    return file


def test_an_interrupted_ingest_leaves_no_part_of_the_list(ok, long_list, tmp_path):
    """While the list is read. The hint says what is kept."""
    home = tmp_path / "home"

    code, err = interrupted(["ingest", long_list, "--home", home], (home / "makemore.duckdb").exists)

    assert code == 130
    assert err == "makemore: interrupted. hint: run it again: it skips lists that are ingested\n"
    assert {path.name for path in home.iterdir()} <= {"makemore.duckdb", ".lock"}
    (tmp_path / "other.txt").write_text("emma\n")
    ok("ingest", tmp_path / "other.txt", "--home", home)
    assert "names: 1 rows\n" in ok("build", "--home", home)


def test_an_interrupted_training_leaves_no_draft(ok, tmp_path):
    """SIGTERM too, as from systemd; the same command then succeeds."""
    home = tmp_path / "home"
    ok("ingest", ENGLISH, "--home", home)
    ok("build", "--home", home)

    drafted = lambda: any((home / "staging").glob("*/dataset.safetensors"))  # noqa: E731
    code, err = interrupted(["train", "--home", home], drafted, signal.SIGTERM)

    assert code == 143
    assert err == "makemore: interrupted by SIGTERM. hint: run it again: it resumes the training of nets\n"
    assert {path.name for path in home.iterdir()} <= {"makemore.duckdb", ".lock", "versions", "checkpoints"}
    ok("train", "--models", "bigram", "--samples", 5, "--home", home)


def test_an_interrupted_file_of_names_keeps_finished_shards(published, tmp_path):
    """No temporary file is left beside the output; finished shards are complete files."""
    requests, folder = tmp_path / "requests.csv", tmp_path / "out"
    folder.mkdir()
    requests.write_text("n,model\n" + "200000,bigram\n" * 20)

    code, err = interrupted(
        ["generate", "--requests", requests, "-o", folder / "names.parquet", "--home", published],
        lambda: any(folder.glob(".*.shards/*.arrow")),
    )

    assert (code, err) == (130, "makemore: interrupted. hint: run it again: it keeps finished shards\n")
    [shards] = folder.iterdir()
    assert {path.suffix for path in shards.iterdir()} == {".arrow"}


def test_a_query_is_interrupted(published):
    """DuckDB replaces the exception of a signal handler by its own."""
    code, err = interrupted(["query", SLOW_QUERY, "--home", published], after(1))

    assert (code, err) == (130, "makemore: interrupted. hint: run it again\n")


def test_a_command_in_a_pipe_is_interrupted(published):
    """Nothing is printed when its standard output is flushed at exit."""
    code, err = interrupted(["sample", "-n", 100_000_000, "--home", published], after(1))

    assert code == 130
    assert len(err.splitlines()) == 1


def test_a_replaced_exception_is_still_an_interruption():
    """Imports of C extensions, for example, raise an ImportError instead."""

    def replaced():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError from None

    with pytest.raises(Interrupted), stopped_by_signals():
        replaced()


def test_a_signal_during_the_clean_up_does_not_stop_it():
    """Polars raises KeyboardInterrupt itself before the handler of the signal runs."""
    cleaned = []

    def cleaning():
        try:
            raise KeyboardInterrupt
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            cleaned.append(True)

    with pytest.raises(KeyboardInterrupt), stopped_by_signals():
        cleaning()

    assert cleaned
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
