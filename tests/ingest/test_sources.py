"""Paths, globs, folders and addresses of lists, and their local files."""

import gzip
import os
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from makemore.errors import InvalidInput, NoListFound, NotFound, TransientError
from makemore.ingest import compressed, readers, sources
from makemore.ingest.formats import csv
from makemore.options import ReadOptions


@contextmanager
def server(answer):
    """Address of a server that sends these bytes to the first client, then closes the connection."""

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/lists/names.txt?year=2018"
        thread.join()


def test_a_folder_expands_to_its_lists_in_order_of_name(tmp_path):
    """Suffixes match in any case; hidden files, subfolders and other files are ignored."""
    for name in ("b.txt", "a.csv", "c.JSONL", "d.txt.gz", "e.parquet.zst", "f.tsv", "g.ndjson"):
        (tmp_path / name).touch()
    (tmp_path / "subfolder.txt").mkdir()
    for name in (".hidden.txt", "README.md", "photo.png", "names", "names.gz"):
        (tmp_path / name).touch()

    found = sources.expand([str(tmp_path)])

    assert [Path(path).name for path in found] == [
        "a.csv", "b.txt", "c.JSONL", "d.txt.gz", "e.parquet.zst", "f.tsv", "g.ndjson",
    ]  # fmt: skip


def test_a_glob_expands_to_its_matches(tmp_path):
    """In order of name; '**' matches any depth of folders."""
    (tmp_path / "deep").mkdir()
    for name in ("yob2020.txt", "yob2019.txt", "readme.pdf", "deep/yob2018.txt"):
        (tmp_path / name).touch()

    assert sources.expand([f"{tmp_path}/yob*.txt"]) == [f"{tmp_path}/yob2019.txt", f"{tmp_path}/yob2020.txt"]
    assert f"{tmp_path}/deep/yob2018.txt" in sources.expand([f"{tmp_path}/**/*.txt"])


def test_an_existing_file_is_not_read_as_a_glob(tmp_path):
    """'[1]' is a character class in a glob, and a file manager appends it to the name of a copy."""
    (tmp_path / "names[1].txt").touch()

    assert sources.expand([f"{tmp_path}/names[1].txt"]) == [f"{tmp_path}/names[1].txt"]


def test_lists_are_deduplicated_by_absolute_path(tmp_path, monkeypatch):
    """The first occurrence determines the order; a symlink is not resolved."""
    (tmp_path / "b.txt").touch()
    (tmp_path / "a.txt").touch()
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    monkeypatch.chdir(tmp_path)

    found = sources.expand(["b.txt", ".", "link.txt", "./a.txt"])

    assert found == [f"{tmp_path}/b.txt", f"{tmp_path}/a.txt", f"{tmp_path}/link.txt"]


@pytest.mark.parametrize("name", [b"n\xe9.txt", b"a\nb.txt", b"\x1b[2J.txt", "\u202etxt.exe.txt".encode()])
def test_an_unprintable_file_name_is_an_error_when_the_list_is_opened(tmp_path, name):
    """It is not valid Unicode or would control a terminal; `expand` still returns the other lists."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    (tmp_path / "good.txt").touch()

    found = sources.expand([str(tmp_path)])

    [bad] = set(found) - {str(tmp_path / "good.txt")}
    with pytest.raises(InvalidInput, match="�") as error, sources.local_file(bad, tmp_path):
        pytest.fail("opened")
    assert str(error.value).isprintable()
    assert str(error.value).startswith(f"{tmp_path}/")


@pytest.mark.parametrize("path", ["", "~no-such-user/list.txt", "x" * 5000])
def test_an_invalid_path_is_an_error(path):
    """An empty path is not the working directory, and the message shortens a long path."""
    with pytest.raises(NotFound, match=r"not a list|invalid path") as error:
        sources.expand([path])
    assert len(str(error.value)) < 300


def test_a_glob_ignores_folders(tmp_path):
    """'**' also matches folders."""
    (tmp_path / "g" / "h").mkdir(parents=True)
    (tmp_path / "g" / "h" / "a.txt").touch()

    assert sources.expand([f"{tmp_path}/g/**"]) == [f"{tmp_path}/g/h/a.txt"]


def test_an_address_is_not_changed():
    """`expand` does not connect to it."""
    assert sources.expand(["https://example.org/names.txt", "http://example.org/a b"]) == [
        "https://example.org/names.txt",
        "http://example.org/a b",
    ]


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    """'~' reaches the program if an argument is quoted or comes from a schedule."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "names.txt").touch()

    assert sources.expand(["~/names.txt"]) == [f"{tmp_path}/names.txt"]


def test_a_folder_without_lists_is_an_error(tmp_path):
    """The message contains the folder and the suffixes of lists."""
    (tmp_path / "photo.png").touch()

    with pytest.raises(NoListFound, match=r"a list ends in \.txt, \.csv, .*\.gz or \.zst") as error:
        sources.expand([str(tmp_path)])

    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("missing", ["none.txt", "yob*.txt"])
def test_a_missing_list_is_an_error(tmp_path, missing):
    """This holds for a path and for a glob without matches."""
    with pytest.raises(NotFound, match="does not exist") as error:
        sources.expand([f"{tmp_path}/{missing}"])

    assert f"{tmp_path}/{missing}" in str(error.value)


def test_a_fingerprint_is_sha256_and_size(tmp_path):
    """The SHA-256 of 'abc' is the example of FIPS 180-2."""
    (tmp_path / "names.txt").write_bytes(b"abc")

    assert sources.list_fingerprint(tmp_path / "names.txt") == {
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "bytes": 3,
    }


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: None])
def test_only_regular_files_have_a_fingerprint(tmp_path, make):
    """A pipe could be read only once, or would block forever."""
    make(tmp_path / "names.txt")

    with pytest.raises(InvalidInput, match=r"names\.txt is not a regular file"):
        sources.list_fingerprint(tmp_path / "names.txt")


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("names.txt", {}, "text"),
        ("NAMES.TXT", {}, "text"),
        ("names.csv.gz", {}, "csv"),
        ("names.tsv", {}, "csv"),
        ("names.jsonl.zst", {}, "jsonl"),
        ("names.ndjson", {}, "jsonl"),
        ("names.parquet", {}, "parquet"),
        ("yob2020.txt", {"columns": "name,sex,count"}, "csv"),
        ("yob2020.txt", {"columns": "name,sex,count", "format": "text"}, "text"),
        ("names.dat", {"format": "jsonl"}, "jsonl"),
    ],
)
def test_the_format_option_precedes_columns_and_suffix(tmp_path, name, options, expected):
    """With `columns`, an SSA yobYYYY.txt is a CSV."""
    assert readers.format_of(tmp_path / name, ReadOptions(**options)) == expected


@pytest.mark.parametrize(("name", "suffix"), [("names.dat", "'.dat'"), ("names", "''"), ("a.gz", "''")])
def test_an_unknown_suffix_is_an_error(tmp_path, name, suffix):
    """The message contains the file, the suffix and the option to use."""
    with pytest.raises(InvalidInput, match=r"use --format .*csv") as error:
        readers.format_of(tmp_path / name, ReadOptions())

    assert str(tmp_path / name) in str(error.value)
    assert suffix in str(error.value)


@pytest.mark.parametrize(
    ("name", "delimiter", "expected"),
    [("a.csv", None, ","), ("a.tsv.gz", None, "\t"), ("a.tsv", ";", ";"), ("a.txt", None, ",")],
)
def test_the_delimiter_option_precedes_the_suffix(tmp_path, name, delimiter, expected):
    """The default is a tab for TSV and a comma otherwise."""
    assert csv.delimiter_of(tmp_path / name, ReadOptions(delimiter=delimiter)) == expected


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("a.txt", bytes),
        ("a.txt.gz", gzip.compress),
        ("a.txt.zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
    ],
)
def test_files_are_decompressed_by_suffix(tmp_path, name, compress):
    """The content is the same for every compression."""
    (tmp_path / name).write_bytes(compress(b"emma\n" * 1000))

    with compressed.opened(tmp_path / name) as file:
        assert file.read() == b"emma\n" * 1000


def test_a_local_list_is_read_in_place(tmp_path):
    """It is neither copied nor deleted."""
    (tmp_path / "names.txt").write_text("emma\n")

    with sources.local_file(str(tmp_path / "names.txt"), tmp_path / "none") as path:
        assert path == tmp_path / "names.txt"

    assert path.exists()


def test_a_download_is_deleted_at_the_end_of_the_block(tmp_path):
    """Its file name ends like the path of the address, whose suffix determines the format."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nemma\n"

    with server(answer) as uri, sources.local_file(uri, tmp_path) as path:
        assert path.read_bytes() == b"emma\n"
        assert path.name.endswith("-names.txt")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nemma\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nemma\n\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"",
    ],
    ids=["truncated", "truncated chunks", "unavailable", "empty"],
)
def test_an_incomplete_download_is_a_transient_error(tmp_path, answer):
    """A partial list must not replace a complete one. The message contains the address, and no file remains."""
    with (
        server(answer) as uri,
        pytest.raises(TransientError, match=r"cannot be downloaded|ended 495 bytes too early") as error,
        sources.local_file(uri, tmp_path),
    ):
        pytest.fail("opened")

    assert uri in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_connection_is_a_transient_error(tmp_path):
    """The message contains the reason of the operating system."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}/names.txt"

    with (
        pytest.raises(TransientError, match=r"cannot be downloaded \(.*refused\)"),
        sources.local_file(uri, tmp_path),
    ):
        pytest.fail("opened")


def test_an_error_in_the_block_is_not_a_download_error(tmp_path):
    """Only download errors are retried."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nemma\n"

    with server(answer) as uri, pytest.raises(TimeoutError, match="of the block"), sources.local_file(uri, tmp_path):
        raise TimeoutError("of the block")
