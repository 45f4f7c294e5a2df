"""What is deleted of a home, what never is, and what a reader or a killed run sees of it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from makemore.errors import InvalidOption
from makemore.home import Home, locked_home
from makemore.maintenance.retention import MAX_CHECKPOINT_AGE, prune
from makemore.versions import registry, store
from makemore.versions.registry import Promotion
from makemore.versions.version import Version

BEGIN = datetime(2026, 11, 1, 2, 0, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    """A home of six nights, the newest of which serves, after the one before it."""
    place = Home(tmp_path / "home")
    names = [publish(place, night) for night in range(6)]
    for name in names[-2:]:
        serve(place, name)
    return place


def publish(home, night):
    draft = store.create_draft(home, {"night": night}, BEGIN + timedelta(days=night)).path
    (draft / "models").mkdir()
    (draft / "models" / "weights").write_bytes(bytes(1000))
    return store.publish(Version(draft)).name


def serve(home, name):
    registry.record(home, Promotion(name, "bigram", "2026-11-22T02:00:00Z", "promoted"))


def test_the_newest_stay_and_the_others_go(home):
    """As many as asked for, by name; the rest is gone from the disk, read-only as it was."""
    names = store.version_names(home)

    pruned = prune(home.path, 3)

    assert store.version_names(home) == names[3:]
    assert [freed.path for freed in pruned.versions] == [f"versions/{name}" for name in names[:3]]
    assert pruned.kept == {
        names[3]: "3 of the newest 3",
        names[4]: "previous champion",
        names[5]: "champion",
    }
    assert not home.staging.exists()
    assert all(not list(Version(home.versions / name).verify()) for name in names[3:])


def test_what_is_freed_is_told_to_the_byte(home):
    """As the sum of the sizes of the files."""
    oldest = home.versions / store.version_names(home)[0]
    size = sum(path.stat().st_size for path in oldest.rglob("*") if path.is_file())

    pruned = prune(home.path, 5)

    assert size > 1000
    assert pruned.bytes == pruned.versions[0].bytes == size


def test_a_dry_run_says_the_same_and_deletes_nothing(home):
    """Leftovers too."""
    (home.staging / "half").mkdir()
    before = sorted(home.path.rglob("*"))

    would = prune(home.path, 1, dry_run=True)

    assert sorted(home.path.rglob("*")) == before
    assert prune(home.path, 1) == would
    assert len(would.versions) == 4


def test_what_serves_did_before_or_is_pinned_stays_whatever_its_age(home):
    """Though it is the oldest, and one is to be kept."""
    names = store.version_names(home)
    for name in names[:2]:
        serve(home, name)
    registry.pin(home, names[2])

    pruned = prune(home.path, 1)

    assert store.version_names(home) == [*names[:3], names[5]]
    assert list(pruned.kept.values()) == ["previous champion", "champion", "pinned", "1 of the newest 1"]
    registry.unpin(home, names[2])
    prune(home.path, 1)
    assert store.version_names(home) == [*names[:2], names[5]]


def test_nothing_goes_where_it_is_not_known_what_serves(home):
    """A registry that is gone may have named any of them; one that is damaged is told."""
    names = store.version_names(home)
    (home.path / "registry.json").unlink()
    assert prune(home.path, 1).versions == ()

    (home.path / "registry.json").write_text("{")
    with pytest.raises(ValueError, match=r"registry\.json is damaged"):
        prune(home.path, 1)

    assert store.version_names(home) == names


@pytest.mark.parametrize("keep", [0, -1])
def test_at_least_one_version_is_kept(home, keep):
    """Another value is refused."""
    with pytest.raises(InvalidOption, match=rf"--keep {keep} is out of range"):
        prune(home.path, keep)


def test_marks_go_with_their_versions_and_decisions_stay(home):
    """A version that stays keeps its mark: it is pinned. One that is marked and is not goes, however new it is."""
    names = store.version_names(home)
    registry.mark_forgotten(home, {names[0]: "emma", names[3]: "emma", names[2]: "emma"})
    registry.pin(home, names[3])
    decisions = registry.read(home).promotions

    prune(home.path, 9)

    assert {names[0], names[2]} & set(store.version_names(home)) <= registry.read(home).protected
    assert names[3] in registry.read(home).forgotten
    assert set(registry.read(home).forgotten) <= set(store.version_names(home))
    assert registry.read(home).promotions == decisions


def test_a_damaged_version_stays_while_it_is_among_the_newest(home):
    """It does not vanish before someone has heard of it, and goes when its time comes."""
    damaged = store.version_names(home)[3]
    (home.versions / damaged / "manifest.json").chmod(0o644)
    (home.versions / damaged / "manifest.json").write_text("")

    prune(home.path, 3)
    assert damaged in store.version_names(home)

    prune(home.path, 2)
    assert damaged not in store.version_names(home)


def test_what_is_no_version_is_left_alone(home, tmp_path):
    """A copy that someone made there; and of a version that is a link only the link goes."""
    first, second, *_ = store.version_names(home)
    shutil.copytree(home.versions / first, home.versions / f"{first}.copy")
    (home.versions / second).rename(tmp_path / second)
    (home.versions / second).symlink_to(tmp_path / second)

    prune(home.path, 3)

    assert (home.versions / f"{first}.copy" / "manifest.json").exists()
    assert not (home.versions / second).is_symlink()
    assert list(Version(tmp_path / second).verify()) == []


def test_leftovers_of_killed_runs_go(home):
    """Drafts, files half written, what DuckDB had put aside, trainings that no run goes on from; not a recent one."""
    home.checkpoints.mkdir()
    left = [
        home.staging / "20261122-020000-3f2a9c" / "stats.duckdb",
        home.path / ".makemore.duckdb.12-34.partial",
        home.path / ".registry.json.12-34.partial",
        home.path / "makemore.duckdb.tmp" / "duckdb_temp_storage-0.tmp",
        home.checkpoints / ".gru-0a30b5551234.safetensors.12-34.partial",
        home.checkpoints / "mlp-0a30b5551234.safetensors",
    ]
    stay = [home.checkpoints / "gru-0a30b5551234.safetensors", home.path / "makemore.duckdb", home.path / ".lock"]
    # What somebody else is writing there, without holding the home.
    stay.append(home.path / ".names.csv.12-34.partial")
    for path in left + stay:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(10))
    old = datetime.now().timestamp() - MAX_CHECKPOINT_AGE - 60
    os.utime(left[-1], (old, old))

    pruned = prune(home.path, 6)

    assert pruned.versions == ()
    assert pruned.bytes == 10 * len(left)
    assert [path for path in left if path.exists()] == []
    assert all(path.exists() for path in stay)


def test_a_leftover_that_cannot_be_deleted_keeps_no_version(home, monkeypatch):
    """It is told, once all else that is to go has gone."""
    (stuck := home.path / ".registry.json.12-34.partial").mkdir()
    rmtree, before = shutil.rmtree, store.version_names(home)

    def refusing(path, *arguments, **options):
        if path == stuck:
            raise PermissionError(13, "Permission denied", str(path))
        rmtree(path, *arguments, **options)

    monkeypatch.setattr(shutil, "rmtree", refusing)

    with pytest.raises(PermissionError, match=r"registry\.json"):
        prune(home.path, 1)
    assert len(store.version_names(home)) < len(before)


def test_a_reader_sees_whole_versions_while_others_go(home):
    """As long as a version has its name, all of it is there; and files that are open can be read to their end."""
    opened = [(home.versions / name / "models" / "weights").open("rb") for name in store.version_names(home)]
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            for name in store.version_names(home):
                try:
                    problems = list(Version(home.versions / name).verify())
                except FileNotFoundError as error:
                    problems = [str(error)]
                # What is renamed away in the middle of a look was whole when it was found.
                seen.extend(problem for problem in problems if (home.versions / name).exists())

    reader = threading.Thread(target=read)
    reader.start()
    for night in range(6, 40):
        serve(home, publish(home, night))
        prune(home.path, 3)
    done.set()
    reader.join()

    assert seen == []
    assert len(store.version_names(home)) == 3
    assert {file.read() for file in opened} == {bytes(1000)}
    for file in opened:
        file.close()


PRUNE = """
import shutil, sys, time
from pathlib import Path
from makemore.home import locked_home
from makemore.maintenance import retention

def stop(path):
    next(path.rglob("weights")).unlink()
    print("deleting", flush=True)
    time.sleep(60)

retention.shutil.rmtree = stop
with locked_home(Path(sys.argv[1]), "makemore prune"):
    retention.prune(Path(sys.argv[1]), 2)
"""


def test_a_killed_run_leaves_whole_versions_and_the_next_one_goes_on(home):
    """What it was about to delete is in staging, half gone; no version is."""
    names = store.version_names(home)
    registry.mark_forgotten(home, {names[0]: "emma"})
    with subprocess.Popen([sys.executable, "-c", PRUNE, home.path], stdout=subprocess.PIPE) as killed:
        assert killed.stdout.readline() == b"deleting\n"
        os.kill(killed.pid, signal.SIGKILL)

    assert store.version_names(home) == names[4:]
    assert sorted(path.name for path in home.staging.iterdir()) == names[:4]
    with locked_home(home.path, "the tests", wait=5):
        pruned = prune(home.path, 2)
    assert [freed.path for freed in pruned.leftovers] == [f"staging/{name}" for name in names[:4]]
    assert not home.staging.exists()
    assert registry.read(home).forgotten == {}
    assert all(not list(Version(home.versions / name).verify()) for name in names[4:])


def test_the_command_says_what_goes_and_why_the_others_stay(home, ok, makemore):
    """Before, with --dry-run, and after."""
    names = store.version_names(home)
    registry.pin(home, names[0])

    would = ok("prune", "--keep", 1, "--dry-run", "--home", home.path)
    did = ok("prune", "--keep", 1, "--home", home.path)

    kept = [f"kept  {names[0]}  pinned", f"kept  {names[4]}  previous champion", f"kept  {names[5]}  champion"]
    assert would.splitlines() == [
        *kept,
        *(f"would delete  versions/{name}  0.0 MB" for name in names[1:4]),
        "would free 0.0 MB: 3 versions, 0 leftovers",
    ]
    assert did.splitlines()[-1] == "freed 0.0 MB: 3 versions, 0 leftovers"
    assert "--keep 0 is out of range" in makemore("prune", "--keep", 0, "--home", home.path).stderr
    done = makemore("prune", "--home", home.path / "typo")
    assert (done.returncode, (home.path / "typo").exists()) == (1, False)
    assert "does not exist" in done.stderr
