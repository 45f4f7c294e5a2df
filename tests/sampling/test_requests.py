"""Requests for names, and CSV files of requests."""

from dataclasses import fields

import pytest

from makemore.errors import InvalidInput, NotFound
from makemore.options import SampleOptions
from makemore.sampling.requests import COLUMNS, Request, read_requests
from tests.conftest import ROOT


def write(tmp_path, text):
    path = tmp_path / "requests.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_is_a_request(tmp_path):
    """Cells have the type of their column; an empty cell stands for the default."""
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


def test_every_option_of_the_command_is_a_documented_column():
    """`makemore sample` and request files share their options."""
    page = (ROOT / "docs" / "guides" / "generate.md").read_text(encoding="utf-8")

    assert set(COLUMNS) >= {field.name for field in fields(SampleOptions)}
    assert [column for column in COLUMNS if f"`{column}`" not in page] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column 'n'"),
        ("n\n", "contains no request"),
        ("name\n5\n", "unknown column 'name'. hint: use n, id, model"),
        ("prefix\nma\n", "has no column 'n'"),
        ("n,prefix\n,ma\n", "request 1: n is empty"),
        ("n\n5\nmany\n", "request 2: n is 'many'. hint: use a whole number"),
        ("n\n0\n", "request 1: -n 0 is out of range"),
        ("n,top_p\n5,2\n", "request 1: --top-p 2.0 is out of range"),
        ("n,temperature\n5,warm\n", "request 1: temperature is 'warm'. hint: use a number"),
        ("n,novel\n5,maybe\n", "request 1: novel is 'maybe'. hint: use true or false"),
        ("n,device\n5,tpu\n", "request 1: device is 'tpu'. hint: use auto, cpu, cuda"),
        ("n,min_length,max_length\n5,4,3\n", "request 1: --max-length 3 is out of range. hint: use 4"),
        ("n,seed\n5,-1\n", "request 1: --seed -1"),
        ("n,id\n5,x\n6,x\n", "has two requests with id 'x'"),
        ("n\n5,6\n", "request 1: more fields than the header"),
        ('n,prefix\n5,"ma\n', "is not a valid CSV"),
    ],
)
def test_an_invalid_request_is_identified_by_its_row(tmp_path, text, message):
    """The error has the file, the row, the value and a hint."""
    with pytest.raises(InvalidInput, match=message) as error:
        read_requests(write(tmp_path, text))

    assert "requests.csv" in str(error.value)


def test_a_file_that_is_not_a_csv_is_rejected(tmp_path):
    """Binary data, a folder, a missing file."""
    (tmp_path / "bytes.csv").write_bytes(b"n\n\xff\xfe\n")

    with pytest.raises(InvalidInput, match="is not a valid CSV"):
        read_requests(tmp_path / "bytes.csv")
    with pytest.raises(InvalidInput, match="is not a valid CSV"):
        read_requests(tmp_path)
    with pytest.raises(NotFound):
        read_requests(tmp_path / "nowhere.csv")


def test_a_request_is_described_as_options_of_the_command():
    """Only options that differ from their defaults are given."""
    options = SampleOptions(prefix="ma", max_length=8, novel=True, ban=("a.txt", "b c.txt"))

    assert Request(3, best=True).describe() == "-n 3 --best"
    assert Request(5, options=options).describe() == ("-n 5 --prefix ma --max-length 8 --novel --ban a.txt 'b c.txt'")
