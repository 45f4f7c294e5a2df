"""Deleted versions and leftovers, protected versions, concurrent readers and killed runs."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from makemore.errors import CorruptData, InvalidOption
from makemore.home import Home, locked_home
from makemore.maintenance.retention import MAX_CHECKPOINT_AGE, prune
from makemore.versions import registry, store
from makemore.versions.registry import Promotion
from makemore.versions.version import Version

BEGIN = datetime(2026, 11, 1, 2, 0, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    """Home with six versions; the newest is champion, the one before it the previous champion."""
    home = Home(tmp_path / "home")
    names = [publish(home, day) for day in range(6)]
    for name in names[-2:]:
        promote(home, name)
    return home


def publish(home, day):
    draft = store.create_draft(home, {"day": day}, BEGIN + timedelta(days=day)).path
    (draft / "models").mkdir()
    (draft / "models" / "weights").write_bytes(bytes(1000))
    return store.publish(Version(draft)).name


def promote(home, name):
    registry.record(home, Promotion(name, "bigram", "2026-11-22T02:00:00Z", "promoted"))


def test_the_newest_versions_are_kept(home):
    """The other versions are deleted, although their files are read-only."""
    names = store.version_names(home)

    pruned = prune(home.path, 3)

    assert store.version_names(home) == names[3:]
    assert [deleted.path for deleted in pruned.versions] == [f"versions/{name}" for name in names[:3]]
    assert pruned.kept == {
        names[3]: "3 of the newest 3",
        names[4]: "previous champion",
        names[5]: "champion",
    }
    assert not home.staging.exists()
    assert all(not list(Version(home.versions / name).verify()) for name in names[3:])


def test_the_freed_bytes_are_exact(home):
    """They are the sum of the sizes of the deleted files."""
    oldest = home.versions / store.version_names(home)[0]
    size = sum(path.stat().st_size for path in oldest.rglob("*") if path.is_file())

    pruned = prune(home.path, 5)

    assert size > 1000
    assert pruned.bytes == pruned.versions[0].bytes == size


def test_a_dry_run_returns_the_same_and_deletes_nothing(home):
    """This holds for versions and leftovers."""
    (home.staging / "half").mkdir()
    before = sorted(home.path.rglob("*"))

    dry_run = prune(home.path, 1, dry_run=True)

    assert sorted(home.path.rglob("*")) == before
    assert prune(home.path, 1) == dry_run
    assert len(dry_run.versions) == 4


def test_champion_previous_champion_and_pins_are_kept(home):
    """They are older than the newest version, and `keep` is 1."""
    names = store.version_names(home)
    for name in names[:2]:
        promote(home, name)
    registry.pin(home, names[2])

    pruned = prune(home.path, 1)

    assert store.version_names(home) == [*names[:3], names[5]]
    assert list(pruned.kept.values()) == ["previous champion", "champion", "pinned", "1 of the newest 1"]
    registry.unpin(home, names[2])
    prune(home.path, 1)
    assert store.version_names(home) == [*names[:2], names[5]]


def test_nothing_is_deleted_if_the_champion_is_unknown(home):
    """The registry is missing, or damaged, which is an error."""
    names = store.version_names(home)
    (home.path / "registry.json").unlink()
    assert prune(home.path, 1).versions == ()

    (home.path / "registry.json").write_text("{")
    with pytest.raises(CorruptData, match=r"registry\.json is damaged"):
        prune(home.path, 1)

    assert store.version_names(home) == names


@pytest.mark.parametrize("keep", [0, -1])
def test_at_least_one_version_is_kept(home, keep):
    """A smaller value is an error."""
    with pytest.raises(InvalidOption, match=rf"--keep {keep} is out of range"):
        prune(home.path, keep)


def test_forgotten_versions_are_deleted_unless_protected(home):
    """Age does not matter. A pinned version keeps its mark, and the decisions stay in the registry."""
    names = store.version_names(home)
    registry.mark_forgotten(home, {names[0]: "emma", names[3]: "emma", names[2]: "emma"})
    registry.pin(home, names[3])
    decisions = registry.read(home).promotions

    prune(home.path, 9)

    assert {names[0], names[2]} & set(store.version_names(home)) <= registry.read(home).protected
    assert names[3] in registry.read(home).forgotten
    assert set(registry.read(home).forgotten) <= set(store.version_names(home))
    assert registry.read(home).promotions == decisions


def test_a_damaged_version_is_kept_while_it_is_among_the_newest(home):
    """Retention treats it like any other version."""
    damaged = store.version_names(home)[3]
    (home.versions / damaged / "manifest.json").chmod(0o644)
    (home.versions / damaged / "manifest.json").write_text("")

    prune(home.path, 3)
    assert damaged in store.version_names(home)

    prune(home.path, 2)
    assert damaged not in store.version_names(home)


def test_other_folders_and_symlink_targets_are_kept(home, tmp_path):
    """A copy of a version stays; of a version that is a symlink, only the symlink is deleted."""
    first, second, *_ = store.version_names(home)
    shutil.copytree(home.versions / first, home.versions / f"{first}.copy")
    (home.versions / second).rename(tmp_path / second)
    (home.versions / second).symlink_to(tmp_path / second)

    prune(home.path, 3)

    assert (home.versions / f"{first}.copy" / "manifest.json").exists()
    assert not (home.versions / second).is_symlink()
    assert list(Version(tmp_path / second).verify()) == []


def test_leftovers_of_killed_runs_are_deleted(home):
    """Drafts, partial files, temporary files of DuckDB and old checkpoints; recent checkpoints are kept."""
    home.checkpoints.mkdir()
    leftovers = [
        home.staging / "20261122-020000-3f2a9c" / "stats.duckdb",
        home.path / ".makemore.duckdb.12-34.partial",
        home.path / ".registry.json.12-34.partial",
        home.path / "makemore.duckdb.tmp" / "duckdb_temp_storage-0.tmp",
        home.checkpoints / ".gru-0a30b5551234.safetensors.12-34.partial",
        home.checkpoints / "mlp-0a30b5551234.safetensors",
    ]
    kept = [home.checkpoints / "gru-0a30b5551234.safetensors", home.path / "makemore.duckdb", home.path / ".lock"]
    # A partial file of another process, which writes without the lock.
    kept.append(home.path / ".names.csv.12-34.partial")
    for path in leftovers + kept:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(10))
    old = datetime.now().timestamp() - MAX_CHECKPOINT_AGE - 60
    os.utime(leftovers[-1], (old, old))

    pruned = prune(home.path, 6)

    assert pruned.versions == ()
    assert pruned.bytes == 10 * len(leftovers)
    assert [path for path in leftovers if path.exists()] == []
    assert all(path.exists() for path in kept)


def test_an_undeletable_leftover_is_an_error_after_the_other_deletions(home, monkeypatch):
    """The old versions are deleted first."""
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


def test_a_reader_sees_complete_versions_during_deletions(home):
    """A version with its name is complete, and open files can be read to their end."""
    opened = [(home.versions / name / "models" / "weights").open("rb") for name in store.version_names(home)]
    seen_problems, done = [], threading.Event()

    def read():
        while not done.is_set():
            for name in store.version_names(home):
                try:
                    problems = list(Version(home.versions / name).verify())
                except FileNotFoundError as error:
                    problems = [str(error)]
                # A version that was renamed during `verify` was complete when it was found.
                seen_problems.extend(problem for problem in problems if (home.versions / name).exists())

    reader = threading.Thread(target=read)
    reader.start()
    for day in range(6, 40):
        promote(home, publish(home, day))
        prune(home.path, 3)
    done.set()
    reader.join()

    assert seen_problems == []
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


def test_a_killed_run_leaves_complete_versions_and_the_next_run_resumes(home):
    """The partially deleted versions are in staging."""
    names = store.version_names(home)
    registry.mark_forgotten(home, {names[0]: "emma"})
    with subprocess.Popen([sys.executable, "-c", PRUNE, home.path], stdout=subprocess.PIPE) as killed:
        assert killed.stdout.readline() == b"deleting\n"
        os.kill(killed.pid, signal.SIGKILL)

    assert store.version_names(home) == names[4:]
    assert sorted(path.name for path in home.staging.iterdir()) == names[:4]
    with locked_home(home.path, "the tests", wait=5):
        pruned = prune(home.path, 2)
    assert [deleted.path for deleted in pruned.leftovers] == [f"staging/{name}" for name in names[:4]]
    assert not home.staging.exists()
    assert registry.read(home).forgotten == {}
    assert all(not list(Version(home.versions / name).verify()) for name in names[4:])


def test_the_command_prints_deletions_and_reasons_to_keep(home, ok, makemore):
    """With --dry-run and without."""
    names = store.version_names(home)
    registry.pin(home, names[0])

    dry_run = ok("prune", "--keep", 1, "--dry-run", "--home", home.path)
    deleted = ok("prune", "--keep", 1, "--home", home.path)

    kept = [f"kept  {names[0]}  pinned", f"kept  {names[4]}  previous champion", f"kept  {names[5]}  champion"]
    assert dry_run.splitlines() == [
        *kept,
        *(f"would delete  versions/{name}  0.0 MB" for name in names[1:4]),
        "would free 0.0 MB: 3 versions, 0 leftovers",
    ]
    assert deleted.splitlines()[-1] == "freed 0.0 MB: 3 versions, 0 leftovers"
    assert "--keep 0 is out of range" in makemore("prune", "--keep", 0, "--home", home.path).stderr
    done = makemore("prune", "--home", home.path / "typo")
    assert (done.returncode, (home.path / "typo").exists()) == (1, False)
    assert "does not exist" in done.stderr
