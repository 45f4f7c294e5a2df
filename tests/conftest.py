"""Shared fixtures: the list of the lecture, a published version, the command line, a Prefect server."""

import io
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import duckdb
import polars as pl
import pytest
from hypothesis import settings

# Set before torch is imported: with several test processes its threads would spin while they wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from makemore.cli import main
from makemore.home import locked_home
from makemore.ingest import store
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.relations import catalog

ROOT = Path(__file__).parent.parent
ENGLISH = ROOT / "examples" / "names" / "english.txt"
LECTURE = ROOT.parent / "shared" / "data" / "names.txt"
NGRAM_RELATIONS = (
    "content_bigram_counts", "content_names", "ngram_adjusted", "ngram_backoffs", "ngram_counts", "ngram_discounts",
    "ngram_parts", "ngram_probs", "split_bigram_counts", "split_names", "vocab",
)  # fmt: skip
"""The relations that an n-gram model reads, and those that they read in turn: half of all."""

# Test machines are sometimes slow; a slow example is not a failure.
settings.register_profile("makemore", deadline=None)
settings.load_profile("makemore")


def pytest_configure():
    """Put the files of tests into memory, unless --basetemp says otherwise or /dev/shm is small.

    A version is published with some fifty waits for the disk: a quarter of the time of many tests.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 4e9:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


@pytest.fixture(scope="session")
def lecture_list():
    """Path of the list of the lecture, which is not part of the repository."""
    if not LECTURE.exists():
        pytest.skip(f"no list of the lecture at {LECTURE}: golden numbers are not checked")
    return LECTURE


@pytest.fixture(scope="session")
def lecture_names(lecture_list):
    """The 32,033 names of the lecture."""
    return lecture_list.read_text().splitlines()


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """Home with one version of the bundled English list, read-only."""
    home = tmp_path_factory.mktemp("published")
    with locked_home(home, "the tests"):
        ingest.ingest(home, str(ENGLISH), ReadOptions())
        build_relations(home, BuildOptions())
        publish.make_version(home, TrainOptions())
    return home


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Path of a wheel of the checkout."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--no-build-isolation")
    subprocess.run([*pip, "--wheel-dir", folder, ROOT], check=True)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture
def playground(makemore, published, tmp_path, monkeypatch):
    """Writable folder like a checkout with one version in artifacts/, as the working directory.

    Depends on `makemore`, which would otherwise change the working directory later.
    """
    for path in ROOT.iterdir():
        if path.name != "artifacts" and not path.name.startswith("."):
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "requests.csv").write_text("n,prefix\n5,ma\n")
    (tmp_path / "yob2020.txt").write_text("Olivia,F,17641\nLiam,M,19777\n")
    shutil.copytree(published, tmp_path / "artifacts")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAKEMORE_HOME", "artifacts")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def makemore(capsys, monkeypatch):
    """Function that runs a command in this process and returns its exit code, stdout and stderr."""
    monkeypatch.chdir(ROOT)
    # The command line logs to the stderr of the test, which is closed when the test ends.
    for attribute, value in {"handlers": [], "propagate": True}.items():
        monkeypatch.setattr(logging.getLogger("makemore"), attribute, value)

    def run(*words, stdin="", **env):
        monkeypatch.setattr(sys, "argv", ["makemore", *map(str, words)])
        stdin = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        for variable, value in env.items():
            monkeypatch.setenv(variable, value)
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=printed.out, stderr=printed.err)

    return run


@pytest.fixture
def terminal(makemore):
    """Function that runs a command and returns its interleaved stdout and stderr, and its exit code."""

    def run(*words):
        shown = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with redirect_stdout(shown), redirect_stderr(shown):
            code = makemore(*words).returncode
        return shown.buffer.getvalue().decode(), code or 0

    log = logging.getLogger("makemore")
    level = log.level
    # Prefect, once imported by another test, lowers the level.
    log.setLevel(logging.WARNING)
    yield run
    log.setLevel(level)


@pytest.fixture
def ok(makemore):
    """Function that runs a command, asserts success and returns its stdout."""

    def run(*words, **options):
        done = makemore(*words, **options)
        assert done.returncode in (0, None), done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def built():
    """Function that builds relations of sql/, by default all, from names and weights, in an in-memory database."""

    def build(names, weights=None, *, holdout=0, smoothing=1.0, order=6, min_count=1, relations=None):
        con = duckdb.connect()
        store.create_tables(con)
        source = store.Source("names.txt", "0a30b555", 1, {}, datetime(2026, 11, 22, tzinfo=UTC))
        weights = weights or [1] * len(names)
        entries = pl.DataFrame({"row": range(1, len(names) + 1), "name": names, "weight": weights})
        store.ingest(
            con, source, [(entries, pl.DataFrame(schema={"row": pl.Int64, "raw": pl.String, "reason": pl.String}))]
        )
        con.execute(
            "create table settings as select ?::integer as holdout, ?::double as smoothing, "
            "?::integer as ngram_order, ?::bigint as ngram_min_count",
            [holdout, smoothing, order, min_count],
        )
        selects = catalog.selects()
        list(catalog.build(con, {name: selects[name] for name in relations or selects}))
        return con

    return build


@pytest.fixture(scope="session")
def lecture(built, lecture_names):
    """Relations of the lecture: its list, no holdout, no smoothing; in memory, read-only."""
    return built(lecture_names, smoothing=0.0)


@pytest.fixture
def webhook():
    """Server that records posted JSON in `posted` and answers with `status`; its `url` contains a secret."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            server.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_):
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.posted, server.status = [], 200
        server.url = f"http://127.0.0.1:{server.server_port}/hooks/secret"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory):
    """Prefect server for all tests of flows, which takes half a minute to start.

    The value is the path of a copy of its empty database. Only the test process with the tests of flows starts it: see
    Makefile.
    """
    # Imported by name, since its settings have to precede the import of Prefect.
    import_module("makemore.flows")
    from prefect.settings import (
        PREFECT_API_DATABASE_CONNECTION_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )
    from prefect.testing.utilities import prefect_test_harness

    with (
        prefect_test_harness(server_startup_timeout=180),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        database, folder = (
            str(PREFECT_API_DATABASE_CONNECTION_URL.value()).partition(":///")[2],
            tmp_path_factory.mktemp("db"),
        )
        with sqlite3.connect(database) as source, sqlite3.connect(folder / "prefect.db") as copy:
            source.backup(copy)
        yield folder / "prefect.db"


@pytest.fixture
def prefect_home(prefect_server, tmp_path):
    """Prefect home with an initialised database, which halves the start-up time."""
    shutil.copy(prefect_server, tmp_path)
    return tmp_path
