"""What several test files need: the lecture's list, a published version, the command line, a Prefect server."""

import io
import json
import logging
import os
import shutil
import sqlite3
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

# Before torch is imported: where several tests run at once, its threads would wait for each other, and spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from makemore.cli import main
from makemore.home import locked_home
from makemore.ingest import store as wh
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.relations import catalog

ROOT = Path(__file__).parent.parent
ENGLISH = ROOT / "examples" / "names" / "english.txt"
LECTURE = ROOT.parent / "shared" / "data" / "names.txt"

# Machines that test are slow now and then; a slow example is no failure.
settings.register_profile("makemore", deadline=None)
settings.load_profile("makemore")


@pytest.fixture(scope="session")
def lecture_list():
    """The path of the lecture's own list, which is not ours to ship."""
    if not LECTURE.exists():
        pytest.skip(f"the lecture's names.txt is not at {LECTURE}: its golden numbers are not checked")
    return LECTURE


@pytest.fixture(scope="session")
def lecture_names(lecture_list):
    """The lecture's 32,033 names."""
    return lecture_list.read_text().splitlines()


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """A home with one version of the bundled English list. Not for tests that write."""
    home = tmp_path_factory.mktemp("published")
    with locked_home(home, "the tests"):
        ingest.ingest(home, str(ENGLISH), ReadOptions())
        build_relations(home, BuildOptions())
        publish.make_version(home, TrainOptions())
    return home


@pytest.fixture
def playground(makemore, published, tmp_path, monkeypatch):
    """A folder that looks like a checkout with one version in artifacts/, to write to; the working directory.

    After `makemore`, which goes to the checkout itself.
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
    """A function of a command's words to its exit code, stdout and stderr, without a new process for each."""
    monkeypatch.chdir(ROOT)
    # The command line logs to the stderr of its process, which here is gone when the test ends.
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
    """A function of a command's words to what a terminal shows of it, both its outputs as one, and to its exit code."""

    def run(*words):
        shown = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with redirect_stdout(shown), redirect_stderr(shown):
            code = makemore(*words).returncode
        return shown.buffer.getvalue().decode(), code or 0

    log = logging.getLogger("makemore")
    level = log.level
    # Prefect, which a command that starts without it has not imported, lets through more.
    log.setLevel(logging.WARNING)
    yield run
    log.setLevel(level)


@pytest.fixture
def ok(makemore):
    """A function of a command's words to its standard output; the command ends well."""

    def run(*words, **options):
        done = makemore(*words, **options)
        assert done.returncode in (0, None), done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def built():
    """A function of names, and of their weights, to a database in memory with every relation of sql/ built in SQL."""

    def build(names, weights=None, *, holdout=0, smoothing=1.0, order=6, min_count=1):
        con = duckdb.connect()
        wh.create_tables(con)
        source = wh.Source("names.txt", "0a30b555", 1, {}, datetime(2026, 11, 22, tzinfo=UTC))
        weights = weights or [1] * len(names)
        entries = pl.DataFrame({"row": range(1, len(names) + 1), "name": names, "weight": weights})
        wh.ingest(
            con, source, [(entries, pl.DataFrame(schema={"row": pl.Int64, "raw": pl.String, "reason": pl.String}))]
        )
        con.execute(
            "create table settings as select ?::integer as holdout, ?::double as smoothing, "
            "?::integer as ngram_order, ?::bigint as ngram_min_count",
            [holdout, smoothing, order, min_count],
        )
        list(catalog.build(con, catalog.selects()))
        return con

    return build


@pytest.fixture(scope="session")
def lecture(built, lecture_names):
    """The lecture's setting in memory: its list, no holdout, no smoothing. Not for tests that write."""
    return built(lecture_names, smoothing=0.0)


@pytest.fixture
def webhook():
    """A server that keeps the JSON that is posted to it, and answers with a status of its own; its URL is a secret."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            server.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_):
            """Nothing: pytest's output is for tests."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.posted, server.status = [], 200
        server.url = f"http://127.0.0.1:{server.server_port}/hooks/secret"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory):
    """A Prefect server for all tests of flows: it takes half a minute to start, so there is one, and few ask for it.

    Its value is the path of its database as it was before any test.

    Of several workers only that starts it which has the tests of flows, the first ones: see Makefile.
    """
    # First, and by name so that no sorting of imports moves it: its settings come before Prefect is imported.
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
        made, copied = (
            str(PREFECT_API_DATABASE_CONNECTION_URL.value()).partition(":///")[2],
            tmp_path_factory.mktemp("db"),
        )
        with sqlite3.connect(made) as source, sqlite3.connect(copied / "prefect.db") as copy:
            source.backup(copy)
        yield copied / "prefect.db"


@pytest.fixture
def prefect_home(prefect_server, tmp_path):
    """A home of Prefect's with a database that is made already, which else takes half of the time of a start."""
    shutil.copy(prefect_server, tmp_path)
    return tmp_path
