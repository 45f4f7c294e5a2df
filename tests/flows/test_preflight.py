"""The check of the embedded server's database: an error in one line before the server retries for minutes."""

import sqlite3
from importlib import import_module

import pytest

from makemore.errors import MakemoreError


@pytest.fixture(scope="module")
def preflight():
    """The module. Its package sets Prefect's settings before Prefect is imported."""
    return import_module("makemore.flows.preflight")


@pytest.fixture
def database(preflight, tmp_path):
    """The path in Prefect's settings; the file does not exist."""
    from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL, temporary_settings

    path = tmp_path / "prefect.db"
    with temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: f"sqlite+aiosqlite:///{path}"}):
        yield path


def test_a_missing_or_valid_database_passes(preflight, database):
    """The check changes no byte of it, and returns its path."""
    assert preflight.check_database() is None
    sqlite3.connect(database).execute("create table runs (id)").connection.close()
    before = database.read_bytes()

    assert preflight.check_database() == database
    assert database.read_bytes() == before


def test_a_damaged_database_is_named(preflight, database):
    """The error has its path and says that it contains no lists."""
    database.write_bytes(b"noise" * 1000)

    with pytest.raises(MakemoreError, match=r"prefect\.db cannot be used \(file is not a database\)"):
        preflight.check_database()


def test_a_locked_database_is_named(preflight, database, monkeypatch):
    """After a timeout, since another run can be about to end."""
    monkeypatch.setattr(preflight, "LOCK_TIMEOUT", 0.1)
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("create table runs (id)")
    holder.execute("begin exclusive")

    with pytest.raises(MakemoreError, match=r"cannot be used \(database is locked\)\. hint: wait"):
        preflight.check_database()

    holder.close()
