"""Requests for names, as a CSV tells them."""

from dataclasses import fields

import pytest

from makemore.options import SampleOptions
from makemore.sampling.requests import COLUMNS, Request, read_requests
from tests.conftest import ROOT


def write(tmp_path, text):
    path = tmp_path / "requests.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_is_a_request(tmp_path):
    """Each cell is read as the type of its column; one that is empty says nothing."""
    path = write(
        tmp_path,
        "n,id,model,prefix,max-length,novel,top_p,not_in,seed\n"
        '20,girls,ngram,"ma",8,yes,0.9,issued.csv; more.txt,7\n5,,,,,,,,\n',
    )

    first, second = read_requests(path)

    assert first == Request(
        20, "girls", "ngram", 7,
        options=SampleOptions(
            prefix="ma", max_length=8, novel=True, top_p=0.9,
            not_in=(str(tmp_path / "issued.csv"), str(tmp_path / "more.txt")),
        ),
    )  # fmt: skip
    assert second == Request(5, "2")


def test_every_option_of_the_command_is_a_column_and_is_documented():
    """One table for both."""
    page = (ROOT / "docs" / "guides" / "generate.md").read_text(encoding="utf-8")

    assert set(COLUMNS) >= {field.name for field in fields(SampleOptions)}
    assert [column for column in COLUMNS if f"`{column}`" not in page] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column 'n'"),
        ("n\n", "has no request: write a row below its header for each"),
        ("name\n5\n", "has a column 'name': use n, id, model"),
        ("prefix\nma\n", "has no column 'n', which says how many names"),
        ("n,prefix\n,ma\n", "request 1: its n is empty"),
        ("n\n5\nmany\n", "request 2: its n is 'many': use a whole number"),
        ("n\n0\n", "request 1: -n 0: use 1 or more"),
        ("n,top_p\n5,2\n", "request 1: --top-p 2.0: use more than 0, and at most 1"),
        ("n,temperature\n5,warm\n", "request 1: its temperature is 'warm': use a number"),
        ("n,novel\n5,maybe\n", "request 1: its novel is 'maybe': use true or false"),
        ("n,device\n5,tpu\n", "request 1: its device is 'tpu': use auto, cpu or cuda"),
        ("n,min_length,max_length\n5,4,3\n", "request 1: --max-length 3: use 4 or more"),
        ("n,seed\n5,-1\n", "request 1: --seed -1: use 0 to"),
        ("n,id\n5,x\n6,x\n", "has two requests of the id 'x'"),
        ("n\n5,6\n", "request 1: it has more fields than the header"),
        ('n,prefix\n5,"ma\n', "cannot be read as a CSV of requests"),
    ],
)
def test_a_bad_request_is_named_by_its_row(tmp_path, text, message):
    """With the value, the limit and what to write instead."""
    with pytest.raises(ValueError, match=message.replace("(", r"\(")) as error:
        read_requests(write(tmp_path, text))

    assert "requests.csv" in str(error.value)


def test_a_file_that_is_no_csv(tmp_path):
    """Bytes of another kind, a folder, nothing at all."""
    (tmp_path / "bytes.csv").write_bytes(b"n\n\xff\xfe\n")

    with pytest.raises(ValueError, match="cannot be read as a CSV"):
        read_requests(tmp_path / "bytes.csv")
    with pytest.raises(ValueError, match="cannot be read as a CSV"):
        read_requests(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_requests(tmp_path / "nowhere.csv")
