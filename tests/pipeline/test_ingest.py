"""Lists that change while they are read, and tables read as text."""

from pathlib import Path

import duckdb
import pytest

from makemore.errors import TransientError
from makemore.home import locked_home
from makemore.options import ReadOptions
from makemore.pipeline import ingest
from tests.pipeline.small_home import NAMES, write_list


def test_a_list_that_changes_while_it_is_read_is_a_transient_error(tmp_path, monkeypatch):
    """It may be complete later; no row of it is ingested."""
    home, uri = tmp_path / "home", write_list(tmp_path, NAMES)
    home.mkdir()
    divide = ingest.validation.divide

    def growing(batch, options):
        with Path(uri).open("a") as file:
            file.write("late\n")
        return divide(batch, options)

    monkeypatch.setattr(ingest.validation, "divide", growing)
    with pytest.raises(TransientError, match=r"list.txt changed while it was read"):
        ingest.ingest(home, uri, ReadOptions())

    with duckdb.connect(str(home / "makemore.duckdb")) as con:
        assert con.execute("select (select count(*) from lists), (select count(*) from entries)").fetchall() == [(0, 0)]


def test_a_table_read_as_text_is_logged(tmp_path, caplog):
    """Lines such as emma,5 are valid names, but look like CSV."""
    with locked_home(tmp_path / "home", "the test"):
        ingest.ingest(tmp_path / "home", write_list(tmp_path, ["emma,5", "ava,3"]), ReadOptions())

    assert "--columns name,... or --format csv" in caplog.text
