"""What `makemore verify` finds: a changed byte in any file of a home, by its name."""

import random
import shutil
import subprocess
import sys

import duckdb
import pytest

from makemore.home import Home, locked_home
from makemore.maintenance.checking import database_problems
from makemore.versions import store
from tests.conftest import ENGLISH
from tests.maintenance.test_backup import flip


@pytest.fixture
def home(published, tmp_path):
    shutil.copytree(published, tmp_path / "home")
    return tmp_path / "home"


def test_a_whole_home_is_told_in_whole(home, ok):
    """The database, the registry, each version."""
    version = store.find_version(Home(home)).name

    assert ok("verify", "--home", home).splitlines() == [
        "makemore.duckdb: ok",
        "registry.json: ok",
        f"{version}: ok",
    ]
    assert ok("verify", version, "--home", home) == f"{version}: ok\n"


@pytest.mark.parametrize(
    ("file", "told", "way_out"),
    [
        (
            "makemore.duckdb",
            "makemore.duckdb: ",
            "restore it from an export with `makemore restore FILE --home NEW`, or delete it",
        ),
        (
            "registry.json",
            "registry.json: ",
            "is damaged: registry.json. hint: restore it from an export",
        ),
        ("VERSION/stats.duckdb", "VERSION: stats.duckdb: checksum mismatch", "do not use VERSION"),
        ("VERSION/manifest.json", "VERSION: manifest.json ", "do not use VERSION"),
        ("VERSION/promotion.json", "VERSION: promotion.json: checksum mismatch", "do not use VERSION"),
        ("VERSION/models/ngram/model.safetensors", "VERSION: models/ngram/model.safetensors: ", "do not use VERSION"),
        ("VERSION/models/bigram/config.json", "VERSION: models/bigram/config.json: ", "do not use VERSION"),
    ],
)
def test_a_changed_byte_is_found_and_its_file_named(home, makemore, file, told, way_out):
    """In the middle of it: exit code 1, the file on stdout, and what to do on one line of stderr."""
    version = store.find_version(Home(home)).name
    flip(home / file.replace("VERSION", f"versions/{version}"))

    done = makemore("verify", "--home", home)

    assert done.returncode == 1
    assert any(line.startswith(told.replace("VERSION", version)) for line in done.stdout.splitlines()), done.stdout
    assert way_out.replace("VERSION", version) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sum(line.endswith(": ok") for line in done.stdout.splitlines()) == 2


@pytest.mark.parametrize("file", ["registry.json", "VERSION/manifest.json", "makemore.duckdb"])
def test_no_byte_is_without_a_check(home, ok, makemore, file):
    """Wherever it is changed in files that no other file has the hash of."""
    path = home / file.replace("VERSION", f"versions/{store.find_version(Home(home)).name}")
    data, rng = path.read_bytes(), random.Random(7)
    for _ in range(8):
        path.chmod(0o644)
        path.write_bytes(data)
        flip(path, rng.randrange(len(data)))

        assert makemore("verify", "--home", home).returncode == 1
    path.write_bytes(data)
    ok("verify", "--home", home)


def test_all_that_is_damaged_is_named_at_once(home, makemore):
    """One look is enough."""
    version = store.find_version(Home(home)).path
    for path in (home / "makemore.duckdb", home / "registry.json", version / "counts.parquet"):
        flip(path)

    done = makemore("verify", "--home", home)

    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "makemore.duckdb",
        "registry.json",
        version.name,
    ]
    assert f"{home} is damaged: makemore.duckdb, registry.json, {version.name}. hint: " in done.stderr


def test_what_is_gone_is_named(home, makemore):
    """The database, the registry, a table, and the version that serves."""
    version = store.find_version(Home(home)).path
    shutil.rmtree(version)
    assert f"registry.json: {version.name} is champion, but missing" in makemore("verify", "--home", home).stdout
    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        con.execute("drop table rejects")
    assert "makemore.duckdb: table rejects is missing" in makemore("verify", "--home", home).stdout


def test_files_that_are_gone_are_named(home, makemore):
    """A home without its database or its registry has lost something."""
    (home / "makemore.duckdb").unlink()
    (home / "registry.json").unlink()

    told = makemore("verify", "--home", home).stdout

    assert "makemore.duckdb: missing" in told
    assert "registry.json: missing, champion unknown." in told


def test_a_home_that_a_run_holds_is_not_waited_for(home, ok):
    """Its database is passed over, and that is said; the versions are checked."""
    with locked_home(home, "makemore run"):
        told = ok("verify", "--home", home).splitlines()

    assert told[0].startswith(f"makemore.duckdb: not checked: {home} is locked by ")
    assert told[-1].endswith(": ok")


def test_a_database_that_is_open_elsewhere_is_not_taken_for_damaged(home, ok):
    """An analyst may have it open, against all advice."""
    script = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, home / "makemore.duckdb"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as analyst:
        analyst.stdout.readline()

        told = ok("verify", "--home", home).splitlines()
        analyst.stdin.close()

    assert "another program has" in told[0]


def test_a_table_that_is_damaged_is_named(home):
    """All others are still looked at."""
    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        con.execute("create table large as select range as n, hash(range)::varchar as h from range(200000)")
    db, damaged = home / "makemore.duckdb", set()
    data, rng = db.read_bytes(), random.Random(1)
    for _ in range(10):
        db.write_bytes(data)
        flip(db, rng.randrange(1 << 20, len(data)))
        damaged |= {problem.partition(" cannot be read: ")[0] for problem in database_problems(Home(home))}

    assert "table large" in damaged


WAYS_OUT = {
    "makemore.duckdb": "makemore.duckdb",
    "registry.json": "registry.json",
    "versions/*/models/ngram/model.safetensors": "versions/*",
    "versions/*/manifest.json": "versions/*",
}


@pytest.mark.parametrize("file", WAYS_OUT)
def test_what_is_damaged_can_be_taken_from_an_export(home, tmp_path, ok, makemore, file):
    """As docs/guides/operate.md says: restored beside, and moved into its place."""
    ok("export-home", tmp_path / "names.tar.zst", "--home", home)
    flip(*home.glob(file))
    assert makemore("verify", "--home", home).returncode == 1

    ok("restore", tmp_path / "names.tar.zst", "--home", tmp_path / "beside")
    [good], [bad] = tmp_path.joinpath("beside").glob(WAYS_OUT[file]), home.glob(WAYS_OUT[file])
    shutil.rmtree(bad) if bad.is_dir() else bad.unlink()
    good.rename(bad)

    ok("verify", "--home", home)
    ok("sample", "-n", 1, "--home", home)
    ok("build", "--home", home)


@pytest.mark.parametrize("lost", ["makemore.duckdb", "registry.json", "versions"])
def test_without_an_export_the_next_run_makes_anew_what_it_can(home, ok, lost):
    """The database of the lists, the registry of the decisions in the versions, a version of the database."""
    served = store.find_version(Home(home)).name
    shutil.rmtree(home / lost) if lost == "versions" else (home / lost).unlink()

    ok("ingest", ENGLISH, "--home", home)
    ok("build", "--home", home)
    ok("train", "--models", "bigram", "--samples", 5, "--home", home)

    ok("verify", "--home", home)
    told = ok("versions", "--home", home).splitlines()
    assert [line.split()[0] for line in told if "champion" in line and "previous" not in line] == (
        [told[0].split()[0]] if lost == "versions" else [served]
    )
