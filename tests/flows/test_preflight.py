"""What is wrong with the embedded server's database is told in a line, before the server tries for minutes."""

import sqlite3
from importlib import import_module

import pytest


@pytest.fixture(scope="module")
def embedded():
    """The module, whose package has to set Prefect's settings before Prefect is imported."""
    return import_module("makemore.flows.preflight")


@pytest.fixture
def records(embedded, tmp_path):
    """The path of Prefect's database, which is set, and not there yet."""
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_DATABASE_CONNECTION_URL, temporary_settings

    path = tmp_path / "prefect.db"
    with temporary_settings(
        {PREFECT_SERVER_DATABASE_CONNECTION_URL: f"sqlite+aiosqlite:///{path}"}, restore_defaults={PREFECT_API_URL}
    ):
        yield path


def test_one_that_is_not_there_or_is_good_is_fine(embedded, records):
    """Prefect makes it; a look changes nothing."""
    embedded.check()
    sqlite3.connect(records).execute("create table runs (id)").connection.close()
    before = records.read_bytes()

    embedded.check()

    assert records.read_bytes() == before


def test_a_damaged_one_is_told_with_the_way_out(embedded, records):
    """Its path, and that nothing of ours is in it."""
    records.write_bytes(b"noise" * 1000)

    with pytest.raises(ValueError, match=r"prefect\.db, .* cannot be used \(file is not a database\): move it away"):
        embedded.check()


def test_a_locked_one_is_told(embedded, records, monkeypatch):
    """After a wait: another run may just be ending."""
    monkeypatch.setattr(embedded, "WAIT", 0.1)
    holder = sqlite3.connect(records, isolation_level=None)
    holder.execute("create table runs (id)")
    holder.execute("begin exclusive")

    with pytest.raises(ValueError, match=r"cannot be used \(database is locked\): wait for the program that has it"):
        embedded.check()

    holder.close()


def test_another_server_is_not_looked_at(embedded, records):
    """Its database is its own affair."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    records.write_bytes(b"noise" * 1000)

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:4200/api"}):
        embedded.check()
