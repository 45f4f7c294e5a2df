"""A home in one file: all of it comes back, byte for byte, and what is not all of it does not come back at all."""

import gzip
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tarfile

import duckdb
import pytest

from makemore.files.checksums import with_checksum
from makemore.home import Home, locked_home
from makemore.maintenance.backup import export_home, restore
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.versions import store
from tests.conftest import ENGLISH

NAMES = ENGLISH.read_text().splitlines()[:300]
SUFFIXES = [".tar", ".tar.gz", ".tar.zst"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small home of one version. Not for tests that write."""
    home = tmp_path_factory.mktemp("made") / "home"
    (home.parent / "list.txt").write_text("\n".join(NAMES), encoding="utf-8")
    with locked_home(home, "the tests"):
        ingest.ingest(home, str(home.parent / "list.txt"), IngestOptions())
        build_relations(home, BuildOptions())
        publish.make_version(home, TrainOptions(("bigram",), samples=10))
    return home


@pytest.fixture
def home(made, tmp_path):
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def exported(made):
    """Exports of that home, by their suffix."""
    files = {suffix: made.parent / f"names{suffix}" for suffix in SUFFIXES}
    for file in files.values():
        export_home(made, file)
    return files


def contents(home):
    """The bytes and the mode of each file of a home that matters."""
    kept = [path for path in home.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(home).as_posix(): (path.read_bytes(), path.stat().st_mode) for path in kept}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_home_comes_back_byte_for_byte(made, exported, tmp_path, suffix):
    """With the modes of its files, in a folder whose parents need not be there."""
    told = restore(exported[suffix], tmp_path / "new" / "home")

    assert contents(tmp_path / "new" / "home") == contents(made)
    assert told.files == len(contents(made))
    assert list(told.versions) == store.version_names(Home(made))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["home"]


def test_other_programs_read_it(made, exported):
    """It is a tar file like any other; its first member is JSON."""
    with tarfile.open(exported[".tar.gz"]) as tar:
        told = json.load(tar.extractfile("export.json"))
        assert tar.getnames() == ["export.json", *told["files"]]
        assert tar.extractfile("makemore.duckdb").read() == Home(made).db.read_bytes()
    assert told["format"] == 1


def test_nights_go_on_in_a_restored_home(made, exported, tmp_path, ok):
    """What it knew it knows; a list more, and the next version is there."""
    ok("restore", exported[".tar.zst"], "--home", tmp_path / "new")
    there = ["--home", tmp_path / "new"]
    (tmp_path / "more.txt").write_text("zoe\nemma\n")

    assert ok("verify", *there).splitlines()[:2] == ["makemore.duckdb: ok", "registry.json: ok"]
    assert "unchanged" in ok("ingest", made.parent / "list.txt", *there)
    ok("ingest", tmp_path / "more.txt", *there)
    ok("build", *there)
    assert "Published" in ok("train", "--models", "bigram", "--samples", 5, *there)
    assert len(ok("versions", *there).splitlines()) == 2


def test_what_a_killed_run_left_beside_the_database_is_in_it(home, tmp_path):
    """DuckDB keeps what was committed in a .wal until it writes it into the file."""
    script = (
        "import duckdb, os, signal, sys\n"
        "con = duckdb.connect(sys.argv[1])\n"
        "con.execute(\"insert into rejects values (1, 1000, 'x', 'why not')\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, Home(home).db], check=False)
    assert (home / "makemore.duckdb.wal").exists()

    export_home(home, tmp_path / "names.tar")
    restore(tmp_path / "names.tar", tmp_path / "new")

    assert not (tmp_path / "new" / "makemore.duckdb.wal").exists()
    with duckdb.connect(str(tmp_path / "new" / "makemore.duckdb"), read_only=True) as con:
        assert con.execute("select count(*) from rejects where reason = 'why not'").fetchall() == [(1,)]


def test_a_damaged_version_is_left_out_and_named(home, tmp_path, makemore):
    """The export has all else, and ends with 1."""
    version = store.find_version(Home(home)).path
    (version / "counts.parquet").unlink()

    done = makemore("export-home", tmp_path / "names.tar", "--home", home)

    assert done.returncode == 1
    assert f"lacks 1 damaged version: {version.name}" in done.stderr
    assert restore(tmp_path / "names.tar", tmp_path / "new").versions == ()
    assert Home(tmp_path / "new").db.read_bytes() == Home(home).db.read_bytes()


@pytest.mark.parametrize("file", ["makemore.duckdb", "registry.json"])
def test_a_home_whose_heart_is_damaged_is_not_exported(home, tmp_path, file):
    """An export that was there before stays."""
    flip(home / file)
    (tmp_path / "names.tar").write_text("before")

    with pytest.raises(ValueError, match=f"{file} is damaged"):
        export_home(home, tmp_path / "names.tar")

    assert (tmp_path / "names.tar").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "names.tar"]


def flip(path, at=None):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("home/names.tar", "lies in the home itself"),
        ("home/versions/names.tar", "lies in the home itself"),
        ("nowhere/names.tar", "is not a folder"),
        ("names.zip", r"an export ends in \.tar, \.tar\.gz, \.tar\.zst"),
    ],
)
def test_an_export_has_its_place(home, tmp_path, file, message):
    """Not where it would be in itself, nor where there is no folder, nor under another suffix."""
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        export_home(home, tmp_path / file)


def test_there_is_nothing_to_export(tmp_path, makemore):
    """A home without anything, or that does not exist, which a mistyped --home does not make."""
    (tmp_path / "empty").mkdir()

    assert "has nothing to export" in makemore("export-home", tmp_path / "x.tar", "--home", tmp_path / "empty").stderr
    assert "does not exist" in makemore("export-home", tmp_path / "x.tar", "--home", tmp_path / "typo").stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


def test_a_disk_that_fills_up_leaves_nothing_half_written(home, tmp_path, monkeypatch):
    """The export that was there stays, and the error is the disk's own."""
    (tmp_path / "names.tar").write_text("before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal that comes with it: a write fails, as it does on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            export_home(home, tmp_path / "names.tar")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (tmp_path / "names.tar").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "names.tar"]


def test_a_disk_too_small_for_a_home_is_told_before(exported, tmp_path, monkeypatch):
    """With what is needed and what there is."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))

    with pytest.raises(ValueError, match=r"it holds [\d,]+ bytes, and .* has 1,000 free\. Nothing was changed"):
        restore(exported[".tar"], tmp_path / "new")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["a home", "a file"])
def test_nothing_is_restored_over_what_is_there(home, exported, tmp_path, taken):
    """A home is never replaced; an empty folder is."""
    target = home if taken == "a home" else tmp_path / "file"
    if taken == "a file":
        target.write_text("")
    before = contents(home)

    with pytest.raises(FileExistsError, match="is not empty: restore into a new folder"):
        restore(exported[".tar"], target)

    assert contents(home) == before
    (tmp_path / "empty").mkdir()
    restore(exported[".tar"], tmp_path / "empty")
    assert contents(tmp_path / "empty") == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_changed_byte_is_refused(made, exported, tmp_path, suffix):
    """Wherever it is, the same home comes back, or nothing: some bits of gzip and zstd say nothing."""
    data, rng, file, messages = exported[suffix].read_bytes(), random.Random(7), tmp_path / f"x{suffix}", []
    for _ in range(30):
        changed = bytearray(data)
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(changed)
        try:
            restore(file, tmp_path / "new")
        except ValueError as error:
            messages.append(str(error))
        else:
            assert contents(tmp_path / "new") == contents(made)
            shutil.rmtree(tmp_path / "new")

        assert list(tmp_path.iterdir()) == [file]

    assert len(messages) > 25
    assert all(re.fullmatch(r".* cannot be restored: .*\. Nothing was changed\.", message) for message in messages)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_file_that_is_cut_off_is_refused(exported, tmp_path, suffix, share):
    """Wherever it ends."""
    data = exported[suffix].read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(data[: int(share * len(data))])

    with pytest.raises(ValueError, match=r"cannot be restored: .*\. Nothing was changed\."):
        restore(tmp_path / f"cut{suffix}", tmp_path / "new")

    assert [path.name for path in tmp_path.iterdir()] == [f"cut{suffix}"]


def member(name, data=b"x", *, kind=tarfile.REGTYPE, link="", pax=None):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.pax_headers = len(data), kind, link, pax or {}
    return info, data


def tar_of(path, *members, told=None):
    """A tar file of these members, after contents that tell of them, or of what is told instead."""
    files = {info.name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for info, data in members}
    first = json.dumps(with_checksum({"format": 1, "makemore": "1", "files": files} | (told or {}))).encode()
    with path.open("wb") as file:
        for info, data in (member("export.json", first), *members):
            file.write(info.tobuf(tarfile.PAX_FORMAT if info.pax_headers else tarfile.GNU_FORMAT))
            file.write(data + bytes(-len(data) % 512))
        file.write(bytes(1024))
    return path


VERSION = "versions/20261122-020000-3f2a9c"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([member("/etc/passwd")], "is no path below a folder"),
        ([member("../outside")], "is no path below a folder"),
        ([member(f"{VERSION}/../../outside")], "is no path below a folder"),
        ([member(f"{VERSION}//x")], "is no path below a folder"),
        ([member("elsewhere")], "elsewhere is no file of a home"),
        ([member("versions/x/file")], "versions/x/file is no file of a home"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.SYMTYPE, link="/etc/passwd")], "a header is not as makemore writes"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.LNKTYPE, link="/etc/passwd")], "a header is not as makemore writes"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.CHRTYPE)], "a header is not as makemore writes"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.FIFOTYPE)], "a header is not as makemore writes"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.DIRTYPE)], "a header is not as makemore writes"),
        ([member(f"{VERSION}/x", pax={"size": "999999999999"})], "a header is not as makemore writes"),
        ([member(f"{VERSION}/{'x' * 300}")], "a header is not as makemore writes"),
        ([member(f"{VERSION}/x"), member(f"{VERSION}/x")], "something stands after its end"),
        ([member(f"{VERSION}/x"), member(f"{VERSION}/x/y")], "File exists|Not a directory"),
        ([member("registry.json", b"{")], r"registry\.json is damaged"),
        ([member("makemore.duckdb", b"x" * 100_000)], r"makemore\.duckdb is damaged"),
        ([member(f"{VERSION}/counts.parquet")], "is damaged: manifest.json is damaged"),
    ],
)
def test_a_hostile_file_is_refused(tmp_path, members, message):
    """No path leads out, nothing is a link or a device, nothing comes twice, and what is no home is none."""
    file = tar_of(tmp_path / "hostile.tar", *members)

    with pytest.raises((ValueError, OSError), match=message):
        restore(file, tmp_path / "new" / "home")

    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "new") == ["hostile.tar"]
    assert not (tmp_path / "new").exists() or list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"format": 2, "makemore": "9.1"}, "it is of format 2, which makemore 9.1 wrote: use that one"),
        ({"files": {}}, "something stands after its end"),
        ({"files": {"registry.json": {"sha256": "0" * 64, "bytes": 1}}}, "registry.json is not what was written"),
        ({"files": {"registry.json": {"sha256": "0" * 64, "bytes": 2}}}, "of 1 bytes stands where registry.json of 2"),
        ({"files": {"registry.json": {"sha256": "0" * 64, "bytes": 1 << 60}}}, r"it holds 1,152,921,504,606,846,976"),
        ({"files": {"registry.json": {"sha256": "x", "bytes": 1}}}, "has no size, or no hash"),
        ({"files": {"registry.json": {"sha256": "0" * 64, "bytes": -1}}}, "has no size, or no hash"),
        ({"files": []}, "export.json is damaged"),
    ],
)
def test_contents_that_do_not_fit_are_refused(tmp_path, told, message):
    """Another format, too few, too many, too large, or no contents at all."""
    file = tar_of(tmp_path / "x.tar", member("registry.json"), told=told)

    with pytest.raises(ValueError, match=message):
        restore(file, tmp_path / "new")

    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


@pytest.mark.parametrize("data", [b"", b"names\n" * 1000, bytes(100_000)])
def test_what_is_no_export_is_refused(tmp_path, data):
    """An empty file, a list, zeros."""
    (tmp_path / "x.tar").write_bytes(data)

    with pytest.raises(ValueError, match=r"x\.tar cannot be restored: "):
        restore(tmp_path / "x.tar", tmp_path / "new")


def test_zeros_without_an_end_are_refused(exported, tmp_path):
    """Nothing that packs to little and unpacks to much is read to its end."""
    with gzip.open(tmp_path / "x.tar.gz", "wb") as file:
        file.write(exported[".tar"].read_bytes())
        file.write(bytes(1 << 20))

    with pytest.raises(ValueError, match="something stands after its end"):
        restore(tmp_path / "x.tar.gz", tmp_path / "new")


STOPS = """
import sys, time
from pathlib import Path
from makemore.files import archive as bundle
from makemore.home import locked_home
from makemore.maintenance import backup

def stop(*_):
    print("half way", flush=True)
    time.sleep(60)

verb, home, file = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
if verb == "export":
    bundle._padding, first = lambda size: stop() if size > 100_000 else bytes(-size % 512), bundle._padding
    with locked_home(home, "the tests"):
        backup.export_home(home, file)
else:
    backup.checking.database_problems = stop
    backup.restore(file, home)
"""


def kill_half_way(*words):
    with subprocess.Popen([sys.executable, "-c", STOPS, *words], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"half way\n"
        os.kill(process.pid, signal.SIGKILL)


def test_a_killed_export_leaves_the_one_before(home, tmp_path):
    """The next one writes over what it left, whatever its name is."""
    (tmp_path / "names.tar").write_text("before")
    kill_half_way("export", home, tmp_path / "names.tar")
    assert (tmp_path / "names.tar").read_text() == "before"
    assert len(list(tmp_path.glob(".*.partial"))) == 1

    with locked_home(home, "the tests", wait=5):
        export_home(home, tmp_path / "other.tar")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "names.tar", "other.tar"]
    restore(tmp_path / "other.tar", tmp_path / "new")


def test_a_killed_restore_leaves_no_home(made, exported, tmp_path):
    """The next one clears what it left, and ends well."""
    kill_half_way("restore", tmp_path / "new", exported[".tar"])
    assert not (tmp_path / "new").exists()
    assert len(list(tmp_path.glob(".new.restoring/versions/*"))) == 1

    restore(exported[".tar"], tmp_path / "new")

    assert contents(tmp_path / "new") == contents(made)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_the_commands_say_what_they_kept(home, tmp_path, ok):
    """How much, as of when, and that it was checked."""
    told = ok("export-home", tmp_path / "names.tar.zst", "--home", home)

    assert told.startswith(f"{tmp_path / 'names.tar.zst'}: 1 version, ")
    assert "; read back and checked, 0." in told
    assert ok("restore", tmp_path / "names.tar.zst", "--home", tmp_path / "new").startswith(
        f"{tmp_path / 'new'}: 1 version, "
    )
