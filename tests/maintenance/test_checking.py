"""`makemore verify`: a changed byte in any file of a home is found and its file named."""

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


def test_an_intact_home_has_a_line_for_each_part(home, ok):
    """The parts are the database, the registry and each version."""
    version = store.find_version(Home(home)).name

    assert ok("verify", "--home", home).splitlines() == [
        "makemore.duckdb: ok",
        "registry.json: ok",
        f"{version}: ok",
    ]
    assert ok("verify", version, "--home", home) == f"{version}: ok\n"


@pytest.mark.parametrize(
    ("file", "problem", "hint"),
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
def test_a_changed_byte_is_found_and_its_file_named(home, makemore, file, problem, hint):
    """Exit code 1, the file on stdout, and one line with the next step on stderr."""
    version = store.find_version(Home(home)).name
    flip(home / file.replace("VERSION", f"versions/{version}"))

    done = makemore("verify", "--home", home)

    assert done.returncode == 1
    assert any(line.startswith(problem.replace("VERSION", version)) for line in done.stdout.splitlines()), done.stdout
    assert hint.replace("VERSION", version) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sum(line.endswith(": ok") for line in done.stdout.splitlines()) == 2


@pytest.mark.parametrize("file", ["registry.json", "VERSION/manifest.json", "makemore.duckdb"])
def test_every_byte_is_covered_by_a_checksum(home, ok, makemore, file):
    """This includes files whose checksum is not in another file; eight random bytes are changed."""
    path = home / file.replace("VERSION", f"versions/{store.find_version(Home(home)).name}")
    data, rng = path.read_bytes(), random.Random(7)
    for _ in range(8):
        path.chmod(0o644)
        path.write_bytes(data)
        flip(path, rng.randrange(len(data)))

        assert makemore("verify", "--home", home).returncode == 1
    path.write_bytes(data)
    ok("verify", "--home", home)


def test_all_damaged_files_are_named_at_once(home, makemore):
    """One call of verify reports all of them."""
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


def test_a_missing_champion_or_table_is_named(home, makemore):
    """verify compares the registry with the versions, and the database with its schema."""
    version = store.find_version(Home(home)).path
    shutil.rmtree(version)
    assert f"registry.json: {version.name} is champion, but missing" in makemore("verify", "--home", home).stdout
    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        con.execute("drop table rejects")
    assert "makemore.duckdb: table rejects is missing" in makemore("verify", "--home", home).stdout


def test_missing_files_are_named(home, makemore):
    """These are the database and the registry of a home with versions."""
    (home / "makemore.duckdb").unlink()
    (home / "registry.json").unlink()

    printed = makemore("verify", "--home", home).stdout

    assert "makemore.duckdb: missing" in printed
    assert "registry.json: missing, champion unknown." in printed


def test_verify_does_not_wait_for_a_locked_home(home, ok):
    """It reports that the database is not checked, and checks the versions."""
    with locked_home(home, "makemore run"):
        lines = ok("verify", "--home", home).splitlines()

    assert lines[0].startswith(f"makemore.duckdb: not checked: {home} is locked by ")
    assert lines[-1].endswith(": ok")


def test_a_database_that_is_open_elsewhere_is_not_reported_as_damaged(home, ok):
    """verify reports that another program has it open."""
    script = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, home / "makemore.duckdb"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as analyst:
        analyst.stdout.readline()

        lines = ok("verify", "--home", home).splitlines()
        analyst.stdin.close()

    assert "another program has" in lines[0]


def test_a_damaged_table_is_named(home):
    """The other tables are still checked."""
    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        con.execute("create table large as select range as n, hash(range)::varchar as h from range(200000)")
    db, damaged = home / "makemore.duckdb", set()
    data, rng = db.read_bytes(), random.Random(1)
    for _ in range(10):
        db.write_bytes(data)
        flip(db, rng.randrange(1 << 20, len(data)))
        damaged |= {problem.partition(" cannot be read: ")[0] for problem in database_problems(Home(home))}

    assert "table large" in damaged


RESTORED = {
    "makemore.duckdb": "makemore.duckdb",
    "registry.json": "registry.json",
    "versions/*/models/ngram/model.safetensors": "versions/*",
    "versions/*/manifest.json": "versions/*",
}


@pytest.mark.parametrize("file", RESTORED)
def test_a_damaged_file_can_be_restored_from_an_export(home, tmp_path, ok, makemore, file):
    """As in docs/guides/operate.md: restore into another home and move the file."""
    ok("export-home", tmp_path / "names.tar.zst", "--home", home)
    flip(*home.glob(file))
    assert makemore("verify", "--home", home).returncode == 1

    ok("restore", tmp_path / "names.tar.zst", "--home", tmp_path / "restored")
    [good], [bad] = tmp_path.joinpath("restored").glob(RESTORED[file]), home.glob(RESTORED[file])
    shutil.rmtree(bad) if bad.is_dir() else bad.unlink()
    good.rename(bad)

    ok("verify", "--home", home)
    ok("sample", "-n", 1, "--home", home)
    ok("build", "--home", home)


@pytest.mark.parametrize("lost", ["makemore.duckdb", "registry.json", "versions"])
def test_without_an_export_the_next_run_recreates_lost_files(home, ok, lost):
    """The database from the lists, the registry from the decisions in the versions, a version from the database."""
    champion = store.find_version(Home(home)).name
    shutil.rmtree(home / lost) if lost == "versions" else (home / lost).unlink()

    ok("ingest", ENGLISH, "--home", home)
    ok("build", "--home", home)
    ok("train", "--models", "bigram", "--samples", 5, "--home", home)

    ok("verify", "--home", home)
    lines = ok("versions", "--home", home).splitlines()
    assert [line.split()[0] for line in lines if "champion" in line and "previous" not in line] == (
        [lines[0].split()[0]] if lost == "versions" else [champion]
    )
