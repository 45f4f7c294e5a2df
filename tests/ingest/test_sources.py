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
    """The address of a server that sends these bytes to whoever comes first, then hangs up."""

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


def test_a_folder_gives_its_lists_in_order_of_name(tmp_path):
    """Hidden files, folders below and files that are no list are left alone; suffixes are read in any case."""
    for name in ("b.txt", "a.csv", "c.JSONL", "d.txt.gz", "e.parquet.zst", "f.tsv", "g.ndjson"):
        (tmp_path / name).touch()
    (tmp_path / "below.txt").mkdir()
    for name in (".hidden.txt", "README.md", "photo.png", "names", "names.gz"):
        (tmp_path / name).touch()

    found = sources.expand([str(tmp_path)])

    assert [Path(path).name for path in found] == [
        "a.csv", "b.txt", "c.JSONL", "d.txt.gz", "e.parquet.zst", "f.tsv", "g.ndjson",
    ]  # fmt: skip


def test_a_glob_gives_what_it_matches(tmp_path):
    """In order of name, over folders where it says '**'."""
    (tmp_path / "deep").mkdir()
    for name in ("yob2020.txt", "yob2019.txt", "readme.pdf", "deep/yob2018.txt"):
        (tmp_path / name).touch()

    assert sources.expand([f"{tmp_path}/yob*.txt"]) == [f"{tmp_path}/yob2019.txt", f"{tmp_path}/yob2020.txt"]
    assert f"{tmp_path}/deep/yob2018.txt" in sources.expand([f"{tmp_path}/**/*.txt"])


def test_a_file_whose_name_looks_like_a_glob_is_itself(tmp_path):
    """'[1]' is a class of one character to a glob, and a copy's suffix to a file manager."""
    (tmp_path / "names[1].txt").touch()

    assert sources.expand([f"{tmp_path}/names[1].txt"]) == [f"{tmp_path}/names[1].txt"]


def test_each_list_comes_once_and_by_its_absolute_path(tmp_path, monkeypatch):
    """Said twice or in two ways, it is one list, in the place of the first mention; a link keeps its own name."""
    (tmp_path / "b.txt").touch()
    (tmp_path / "a.txt").touch()
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    monkeypatch.chdir(tmp_path)

    found = sources.expand(["b.txt", ".", "link.txt", "./a.txt"])

    assert found == [f"{tmp_path}/b.txt", f"{tmp_path}/a.txt", f"{tmp_path}/link.txt"]


@pytest.mark.parametrize("name", [b"n\xe9.txt", b"a\nb.txt", b"\x1b[2J.txt", "\u202etxt.exe.txt".encode()])
def test_a_name_that_cannot_be_told_is_refused_when_it_is_read(tmp_path, name):
    """No database and no manifest could hold it, or it would steer a terminal; the lists beside it are found."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    (tmp_path / "good.txt").touch()

    found = sources.expand([str(tmp_path)])

    [bad] = set(found) - {str(tmp_path / "good.txt")}
    refused = pytest.raises(InvalidInput, match=r"where � stands")
    with refused as error, sources.local_file(bad, tmp_path):
        pass
    assert str(error.value).isprintable()
    assert str(error.value).startswith(f"{tmp_path}/")


@pytest.mark.parametrize("named", ["", "~nobody-of-that-name/list.txt", "x" * 5000])
def test_what_can_be_no_path_is_told_in_a_line(named):
    """Not the working directory, no error of Python's own, not five thousand characters."""
    with pytest.raises(NotFound, match=r"not a list|invalid path") as error:
        sources.expand([named])
    assert len(str(error.value)) < 300


def test_a_glob_gives_no_folders(tmp_path):
    """'**' matches those too."""
    (tmp_path / "g" / "h").mkdir(parents=True)
    (tmp_path / "g" / "h" / "a.txt").touch()

    assert sources.expand([f"{tmp_path}/g/**"]) == [f"{tmp_path}/g/h/a.txt"]


def test_an_address_is_left_as_it_is():
    """Whether it answers is seen when it is read."""
    assert sources.expand(["https://example.org/names.txt", "http://example.org/a b"]) == [
        "https://example.org/names.txt",
        "http://example.org/a b",
    ]


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    """As a shell does, also where a schedule or a quoted argument passes '~' on."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "names.txt").touch()

    assert sources.expand(["~/names.txt"]) == [f"{tmp_path}/names.txt"]


def test_a_folder_without_lists_says_what_a_list_is(tmp_path):
    """The message names the folder and the suffixes."""
    (tmp_path / "photo.png").touch()

    with pytest.raises(NoListFound, match=r"a list ends in \.txt, \.csv, .*\.gz or \.zst") as error:
        sources.expand([str(tmp_path)])

    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("missing", ["none.txt", "yob*.txt"])
def test_a_list_that_is_not_there_is_named(tmp_path, missing):
    """A path and a glob that matches nothing alike."""
    with pytest.raises(NotFound, match="does not exist") as error:
        sources.expand([f"{tmp_path}/{missing}"])

    assert f"{tmp_path}/{missing}" in str(error.value)


def test_a_fingerprint_is_that_of_sha256sum(tmp_path):
    """The SHA-256 of 'abc' is the example of FIPS 180-2."""
    (tmp_path / "names.txt").write_bytes(b"abc")

    sha256, size = sources.fingerprint(tmp_path / "names.txt")

    assert sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert size == 3


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: None])
def test_what_is_no_file_is_refused_at_once(tmp_path, make):
    """A pipe would be empty at its second reading, or block for ever at its first."""
    make(tmp_path / "names.txt")

    with pytest.raises(InvalidInput, match=r"names\.txt is not a regular file"):
        sources.fingerprint(tmp_path / "names.txt")


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
def test_a_format_is_as_asked_then_by_columns_then_by_suffix(tmp_path, name, options, expected):
    """An SSA yobYYYY.txt is a CSV as soon as its columns are named."""
    assert readers.format_of(tmp_path / name, ReadOptions(**options)) == expected


@pytest.mark.parametrize(("name", "suffix"), [("names.dat", "'.dat'"), ("names", "''"), ("a.gz", "''")])
def test_a_suffix_that_says_nothing_asks_for_the_format(tmp_path, name, suffix):
    """The message names the file, the suffix and the option."""
    with pytest.raises(InvalidInput, match=r"use --format .*csv") as error:
        readers.format_of(tmp_path / name, ReadOptions())

    assert str(tmp_path / name) in str(error.value)
    assert suffix in str(error.value)


@pytest.mark.parametrize(
    ("name", "delimiter", "expected"),
    [("a.csv", None, ","), ("a.tsv.gz", None, "\t"), ("a.tsv", ";", ";"), ("a.txt", None, ",")],
)
def test_fields_are_divided_as_asked_or_as_the_suffix_says(tmp_path, name, delimiter, expected):
    """TSV has tabs."""
    assert csv.delimiter_of(tmp_path / name, ReadOptions(delimiter=delimiter)) == expected


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("a.txt", bytes),
        ("a.txt.gz", gzip.compress),
        ("a.txt.zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
    ],
)
def test_bytes_come_decompressed_by_suffix(tmp_path, name, compress):
    """The same bytes, whatever they were packed in."""
    (tmp_path / name).write_bytes(compress(b"emma\n" * 1000))

    with compressed.opened(tmp_path / name) as file:
        assert file.read() == b"emma\n" * 1000


def test_a_file_is_at_hand_where_it_lies(tmp_path):
    """Nothing is copied, nothing deleted."""
    (tmp_path / "names.txt").write_text("emma\n")

    with sources.local_file(str(tmp_path / "names.txt"), tmp_path / "none") as path:
        assert path == tmp_path / "names.txt"

    assert path.exists()


def test_an_address_is_at_hand_until_the_block_ends(tmp_path):
    """The bytes lie in the folder under the name that the address ends in, whose suffix is the format."""
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
    ids=["cut short", "cut short in chunks", "unavailable", "nothing"],
)
def test_a_download_that_fails_or_ends_too_early_may_be_tried_again(tmp_path, answer):
    """Half a list is no list: it would replace the whole one. The message names the address; no file is left."""
    with (
        server(answer) as uri,
        pytest.raises(TransientError, match=r"cannot be downloaded|ended 495 bytes too early") as error,
        sources.local_file(uri, tmp_path),
    ):
        pytest.fail("half a list is at hand")

    assert uri in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_nobody_at_the_address_is_said(tmp_path):
    """The reason is the operating system's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}/names.txt"

    with (
        pytest.raises(TransientError, match=r"cannot be downloaded \(.*refused\)"),
        sources.local_file(uri, tmp_path),
    ):
        pytest.fail("a list is at hand from nobody")


def test_a_fault_of_the_block_is_not_called_one_of_the_download(tmp_path):
    """Only what can pass by itself is worth a second try."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nemma\n"

    with server(answer) as uri, pytest.raises(TimeoutError, match="of the block"), sources.local_file(uri, tmp_path):
        raise TimeoutError("of the block")
