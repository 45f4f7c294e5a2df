"""An archive restores the whole home byte for byte, or nothing."""

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

from makemore.errors import CorruptArchive, CorruptData, InvalidOption, NotFound
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
def original(tmp_path_factory):
    """A small home with one version, for tests that do not write to it."""
    home = tmp_path_factory.mktemp("original") / "home"
    (home.parent / "list.txt").write_text("\n".join(NAMES), encoding="utf-8")
    with locked_home(home, "the tests"):
        ingest.ingest(home, str(home.parent / "list.txt"), IngestOptions())
        build_relations(home, BuildOptions())
        publish.make_version(home, TrainOptions(("bigram",), samples=10))
    return home


@pytest.fixture
def home(original, tmp_path):
    shutil.copytree(original, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def exported(original):
    """Archives of that home by suffix."""
    files = {suffix: original.parent / f"names{suffix}" for suffix in SUFFIXES}
    for file in files.values():
        export_home(original, file)
    return files


def contents(home):
    """Bytes and mode of each file of a home except the lock."""
    files = [path for path in home.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(home).as_posix(): (path.read_bytes(), path.stat().st_mode) for path in files}


def test_an_export_contains_the_options_of_the_home(home, tmp_path):
    """makemore.toml, with its mode: it can contain secrets."""
    (home / "makemore.toml").write_text("keep = 3")
    (home / "makemore.toml").chmod(0o600)

    export_home(home, tmp_path / "names.tar.zst")
    restore(tmp_path / "names.tar.zst", tmp_path / "new")

    assert contents(tmp_path / "new") == contents(home)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_restore_gives_the_bytes_of_the_home(original, exported, tmp_path, suffix):
    """It restores the modes of the files too and creates the parent folders."""
    summary = restore(exported[suffix], tmp_path / "new" / "home")

    assert contents(tmp_path / "new" / "home") == contents(original)
    assert summary.files == len(contents(original))
    assert list(summary.versions) == store.version_names(Home(original))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["home"]


def test_tar_reads_an_archive(original, exported):
    """The first member is JSON and lists all others."""
    with tarfile.open(exported[".tar.gz"]) as tar:
        listed = json.load(tar.extractfile("export.json"))
        assert tar.getnames() == ["export.json", *listed["files"]]
        assert tar.extractfile("makemore.duckdb").read() == Home(original).db.read_bytes()
    assert listed["format"] == 1


def test_a_restored_home_is_complete(original, exported, tmp_path, ok):
    """It verifies, knows its lists, ingests another one and publishes the next version."""
    ok("restore", exported[".tar.zst"], "--home", tmp_path / "new")
    options = ["--home", tmp_path / "new"]
    (tmp_path / "more.txt").write_text("zoe\nemma\n")

    assert ok("verify", *options).splitlines()[:2] == ["makemore.duckdb: ok", "registry.json: ok"]
    assert "unchanged" in ok("ingest", original.parent / "list.txt", *options)
    ok("ingest", tmp_path / "more.txt", *options)
    ok("build", *options)
    assert "Published" in ok("train", "--models", "bigram", "--samples", 5, *options)
    assert len(ok("versions", *options).splitlines()) == 2


def test_an_export_includes_commits_in_the_wal_file(home, tmp_path):
    """A killed run leaves its commits in the .wal file of DuckDB."""
    script = (
        "import duckdb, os, signal, sys\n"
        "con = duckdb.connect(sys.argv[1])\n"
        "con.execute(\"insert into rejects values (1, 1000, 'x', 'test')\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, Home(home).db], check=False)
    assert (home / "makemore.duckdb.wal").exists()

    export_home(home, tmp_path / "names.tar")
    restore(tmp_path / "names.tar", tmp_path / "new")

    assert not (tmp_path / "new" / "makemore.duckdb.wal").exists()
    with duckdb.connect(str(tmp_path / "new" / "makemore.duckdb"), read_only=True) as con:
        assert con.execute("select count(*) from rejects where reason = 'test'").fetchall() == [(1,)]


def test_a_damaged_version_is_left_out(home, tmp_path, makemore):
    """The archive has everything else; the exit code is 1 and the message names the version."""
    version = store.find_version(Home(home)).path
    (version / "counts.parquet").unlink()

    done = makemore("export-home", tmp_path / "names.tar", "--home", home)

    assert done.returncode == 1
    assert f"lacks 1 damaged version: {version.name}" in done.stderr
    assert restore(tmp_path / "names.tar", tmp_path / "new").versions == ()
    assert Home(tmp_path / "new").db.read_bytes() == Home(home).db.read_bytes()


@pytest.mark.parametrize("file", ["makemore.duckdb", "registry.json"])
def test_a_damaged_database_or_registry_is_not_exported(home, tmp_path, file):
    """An earlier archive stays."""
    flip(home / file)
    (tmp_path / "names.tar").write_text("before")

    with pytest.raises(CorruptData, match=f"{file} is damaged"):
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
        ("home/names.tar", "is inside the home"),
        ("home/versions/names.tar", "is inside the home"),
        ("nowhere/names.tar", "is not a folder"),
        ("names.zip", r"use one of \.tar, \.tar\.gz, \.tar\.zst"),
    ],
)
def test_an_invalid_path_of_an_archive_is_refused(home, tmp_path, file, message):
    """Inside the home, in a missing folder, or with an unknown suffix."""
    with pytest.raises((InvalidOption, NotFound), match=message):
        export_home(home, tmp_path / file)


def test_an_empty_or_missing_home_is_not_exported(tmp_path, makemore):
    """A mistyped --home creates no folder."""
    (tmp_path / "empty").mkdir()

    assert "has nothing to export" in makemore("export-home", tmp_path / "x.tar", "--home", tmp_path / "empty").stderr
    assert "does not exist" in makemore("export-home", tmp_path / "x.tar", "--home", tmp_path / "typo").stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


def test_a_full_disk_leaves_no_partial_archive(home, tmp_path):
    """The earlier archive stays, and the error is that of the disk."""
    (tmp_path / "names.tar").write_text("before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A write beyond the limit fails as on a full disk; Python ignores the signal.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            export_home(home, tmp_path / "names.tar")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (tmp_path / "names.tar").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "names.tar"]


def test_a_disk_too_small_for_the_home_is_refused_first(exported, tmp_path, monkeypatch):
    """The message has the needed and the free bytes."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))

    with pytest.raises(CorruptArchive, match=r"it needs [\d,]+ bytes, .* has 1,000 free\. Nothing was changed"):
        restore(exported[".tar"], tmp_path / "new")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["a home", "a file"])
def test_restore_replaces_only_an_empty_folder(home, exported, tmp_path, taken):
    """An existing home or file is not changed."""
    target = home if taken == "a home" else tmp_path / "file"
    if taken == "a file":
        target.write_text("")
    before = contents(home)

    with pytest.raises(InvalidOption, match="is not empty"):
        restore(exported[".tar"], target)

    assert contents(home) == before
    (tmp_path / "empty").mkdir()
    restore(exported[".tar"], tmp_path / "empty")
    assert contents(tmp_path / "empty") == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_changed_bit_restores_the_same_home_or_nothing(original, exported, tmp_path, suffix):
    """Some bits of headers and padding carry no information."""
    data, rng, file, messages = exported[suffix].read_bytes(), random.Random(7), tmp_path / f"x{suffix}", []
    for _ in range(30):
        changed = bytearray(data)
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(changed)
        try:
            restore(file, tmp_path / "new")
        except CorruptArchive as error:
            messages.append(str(error))
        else:
            assert contents(tmp_path / "new") == contents(original)
            shutil.rmtree(tmp_path / "new")

        assert list(tmp_path.iterdir()) == [file]

    assert len(messages) > 25
    assert all(re.fullmatch(r".* cannot be restored: .*\. Nothing was changed\.", message) for message in messages)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_truncated_archive_is_refused(exported, tmp_path, suffix, share):
    """At any length."""
    data = exported[suffix].read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(data[: int(share * len(data))])

    with pytest.raises(CorruptArchive, match=r"cannot be restored: .*\. Nothing was changed\."):
        restore(tmp_path / f"cut{suffix}", tmp_path / "new")

    assert [path.name for path in tmp_path.iterdir()] == [f"cut{suffix}"]


def test_an_archive_can_end_with_two_blocks(original, exported, tmp_path):
    """Earlier archives do not fill the last record; tar accepts both."""
    with tarfile.open(exported[".tar"]) as tar:
        last = tar.getmembers()[-1]
    end = last.offset_data + -(-last.size // 512) * 512 + 1024
    (tmp_path / "x.tar").write_bytes(exported[".tar"].read_bytes()[:end])

    restore(tmp_path / "x.tar", tmp_path / "new")

    assert contents(tmp_path / "new") == contents(original)


def member(name, data=b"x", *, kind=tarfile.REGTYPE, link="", pax=None):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.pax_headers = len(data), kind, link, pax or {}
    return info, data


def tar_of(path, *members, contents=None):
    """A tar file of these members after contents that list them; `contents` replaces fields."""
    files = {info.name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for info, data in members}
    first = json.dumps(with_checksum({"format": 1, "makemore": "1", "files": files} | (contents or {}))).encode()
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
        ([member("/etc/passwd")], "invalid path, size or checksum"),
        ([member("../outside")], "invalid path, size or checksum"),
        ([member(f"{VERSION}/../../outside")], "invalid path, size or checksum"),
        ([member(f"{VERSION}//x")], "invalid path, size or checksum"),
        ([member("elsewhere")], "elsewhere is not a file of a home"),
        ([member("versions/x/file")], "versions/x/file is not a file of a home"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.SYMTYPE, link="/etc/passwd")], "unexpected header"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.LNKTYPE, link="/etc/passwd")], "unexpected header"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.CHRTYPE)], "unexpected header"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.FIFOTYPE)], "unexpected header"),
        ([member(f"{VERSION}/x", b"", kind=tarfile.DIRTYPE)], "unexpected header"),
        ([member(f"{VERSION}/x", pax={"size": "999999999999"})], "unexpected header"),
        ([member(f"{VERSION}/{'x' * 300}")], "unexpected header"),
        ([member(f"{VERSION}/x"), member(f"{VERSION}/x")], "unexpected member"),
        ([member(f"{VERSION}/x"), member(f"{VERSION}/x/y")], "File exists|Not a directory"),
        ([member("registry.json", b"{")], r"registry\.json is damaged"),
        ([member("makemore.duckdb", b"x" * 100_000)], r"makemore\.duckdb is damaged"),
        ([member(f"{VERSION}/counts.parquet")], "is damaged: manifest.json is damaged"),
    ],
)
def test_a_hostile_archive_is_refused(tmp_path, members, message):
    """Paths outside the home, links, devices, duplicate members, extended headers, damaged homes."""
    file = tar_of(tmp_path / "hostile.tar", *members)

    with pytest.raises((CorruptArchive, OSError), match=message):
        restore(file, tmp_path / "new" / "home")

    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "new") == ["hostile.tar"]
    assert not (tmp_path / "new").exists() or list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format": 2, "makemore": "9.1"}, "its format is 2. Use makemore 9.1"),
        ({"files": {}}, "unexpected member registry.json"),
        ({"files": {"registry.json": {"sha256": "0" * 64, "bytes": 1}}}, "registry.json: checksum mismatch"),
        (
            {"files": {"registry.json": {"sha256": "0" * 64, "bytes": 2}}},
            "of 1 bytes instead of registry.json of 2",
        ),
        ({"files": {"registry.json": {"sha256": "0" * 64, "bytes": 1 << 60}}}, r"it needs 1,152,921,504,606,846,976"),
        ({"files": {"registry.json": {"sha256": "x", "bytes": 1}}}, "invalid path, size or checksum"),
        ({"files": {"registry.json": {"sha256": "0" * 64, "bytes": -1}}}, "invalid path, size or checksum"),
        ({"files": []}, "export.json is damaged"),
    ],
)
def test_contents_that_differ_from_the_members_are_refused(tmp_path, fields, message):
    """Another format, missing members, other sizes and checksums, or invalid contents."""
    file = tar_of(tmp_path / "x.tar", member("registry.json"), contents=fields)

    with pytest.raises(CorruptArchive, match=message):
        restore(file, tmp_path / "new")

    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


@pytest.mark.parametrize("data", [b"", b"names\n" * 1000, bytes(100_000)])
def test_another_file_is_refused(tmp_path, data):
    """An empty file, a list of names, zeros."""
    (tmp_path / "x.tar").write_bytes(data)

    with pytest.raises(CorruptArchive, match=r"x\.tar cannot be restored: "):
        restore(tmp_path / "x.tar", tmp_path / "new")


def test_bytes_after_the_end_are_refused(exported, tmp_path):
    """A small file that decompresses to endless zeros is not read to its end."""
    with gzip.open(tmp_path / "x.tar.gz", "wb") as file:
        file.write(exported[".tar"].read_bytes())
        file.write(bytes(1 << 20))

    with pytest.raises(CorruptArchive, match="bytes after its end"):
        restore(tmp_path / "x.tar.gz", tmp_path / "new")


KILLED = """
import sys, tarfile, time
from pathlib import Path
from makemore.home import locked_home
from makemore.maintenance import backup

def stop(*_):
    print("stopped", flush=True)
    time.sleep(60)

verb, home, file = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
if verb == "export":
    addfile = tarfile.TarFile.addfile
    tarfile.TarFile.addfile = lambda tar, info, file: stop() if "versions" in info.name else addfile(tar, info, file)
    with locked_home(home, "the tests"):
        backup.export_home(home, file)
else:
    backup.checking.database_problems = stop
    backup.restore(file, home)
"""


def kill_at_stop(*words):
    with subprocess.Popen([sys.executable, "-c", KILLED, *words], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"stopped\n"
        os.kill(process.pid, signal.SIGKILL)


def test_a_killed_export_leaves_the_earlier_archive(home, tmp_path):
    """The next export to any file overwrites the leftover."""
    (tmp_path / "names.tar").write_text("before")
    kill_at_stop("export", home, tmp_path / "names.tar")
    assert (tmp_path / "names.tar").read_text() == "before"
    assert len(list(tmp_path.glob(".*.partial"))) == 1

    with locked_home(home, "the tests", wait=5):
        export_home(home, tmp_path / "other.tar")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "names.tar", "other.tar"]
    restore(tmp_path / "other.tar", tmp_path / "new")


def test_a_killed_restore_leaves_no_home(original, exported, tmp_path):
    """The next restore deletes the leftover and succeeds."""
    kill_at_stop("restore", tmp_path / "new", exported[".tar"])
    assert not (tmp_path / "new").exists()
    assert len(list(tmp_path.glob(".new.restoring/versions/*"))) == 1

    restore(exported[".tar"], tmp_path / "new")

    assert contents(tmp_path / "new") == contents(original)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_the_commands_print_a_summary(home, tmp_path, ok):
    """Versions, files, sizes and the check."""
    output = ok("export-home", tmp_path / "names.tar.zst", "--home", home)

    assert output.startswith(f"{tmp_path / 'names.tar.zst'}: 1 version, ")
    assert "; read back and checked, 0." in output
    assert ok("restore", tmp_path / "names.tar.zst", "--home", tmp_path / "new").startswith(
        f"{tmp_path / 'new'}: 1 version, "
    )
