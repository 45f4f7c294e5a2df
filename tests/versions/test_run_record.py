"""last_run.json: written and read back; damage and absence are the same."""

import json

import pytest

from makemore.home import Home
from makemore.versions import run_record
from makemore.versions.run_record import LAST_RUN, Quarantined, RunRecord

RECORD = RunRecord(
    "2026-11-22T02:00:00Z",
    "needs attention",
    ended_at="2026-11-22T02:01:00Z",
    last_success_at="2026-11-22T02:01:00Z",
    version="20261122-020000-3f2a9c",
    problems=("/lists/gone.txt does not exist",),
    seconds={"ingest": 0.5, "total": 60.0},
    names=6818,
    rejects=3,
    quarantined=(Quarantined("/lists/greek.txt", "contains names in Greek"),),
)


def test_a_record_is_read_back_as_it_was_written(tmp_path):
    run_record.write(Home(tmp_path), RECORD)

    assert run_record.read(Home(tmp_path)) == RECORD


def test_a_home_without_a_run_has_no_record(tmp_path):
    assert run_record.read(Home(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"outcome": "failed"}', "\x00\x00"])
def test_a_damaged_record_is_none(tmp_path, text):
    """Empty, cut or of another kind."""
    (tmp_path / LAST_RUN).write_text(text)

    assert run_record.read(Home(tmp_path)) is None


def test_a_changed_byte_is_damage(tmp_path):
    run_record.write(Home(tmp_path), RECORD)
    path = tmp_path / LAST_RUN
    path.write_text(path.read_text().replace("6818", "6819"))

    assert run_record.read(Home(tmp_path)) is None


def test_unknown_fields_are_ignored(tmp_path):
    """A later makemore may add some."""
    run_record.write(Home(tmp_path), RECORD)
    saved = json.loads((tmp_path / LAST_RUN).read_text()) | {"later": 1}
    (tmp_path / LAST_RUN).write_text(json.dumps(run_record.with_checksum(saved)))

    assert run_record.read(Home(tmp_path)) == RECORD
