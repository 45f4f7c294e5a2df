"""Versions are drafted in staging, published atomically, and found by name."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from makemore.errors import NotFound
from makemore.home import Home
from makemore.versions import registry, store

NOW = datetime(2026, 11, 22, 2, 0, 0, tzinfo=UTC)


def test_a_name_is_the_time_and_a_hash_of_the_inputs(home):
    """UTC, then six digits of the hash of `made_from`: equal inputs give an equal hash."""
    digest = hashlib.sha256(json.dumps({"seed": 1, "sources": []}).encode()).hexdigest()[:6]

    assert store.version_names(home) == [f"20261122-020000-{digest}"]


def test_the_folder_of_a_list_does_not_change_the_hash(tmp_path):
    """Two versions of the same bytes, read from two folders, end in the same six digits."""
    home = Home(tmp_path)

    first, second = (
        store.create_draft(home, {"sources": [{"uri": uri, "sha256": "0a30b555"}]}, NOW.replace(second=second))
        for second, uri in enumerate(["/here/names.txt", "/there/names.txt"])
    )

    assert first.name[-6:] == second.name[-6:]


def test_a_manifest_has_the_hash_of_every_file(version):
    """The manifest lists each other file by its relative path, with the values of sha256sum and ls."""
    manifest = json.loads((version.path / "manifest.json").read_text())

    assert set(manifest["files"]) == {
        "counts.parquet",
        "models/bigram/config.json",
        "models/bigram/model.safetensors",
    }
    assert manifest["files"]["counts.parquet"] == {"sha256": hashlib.sha256(b"counts").hexdigest(), "bytes": 6}
    assert (manifest["format"], manifest["created_at"]) == (1, "2026-11-22T02:00:00Z")


def test_publishing_empties_staging(home):
    """Publishing is one rename of the draft."""
    assert list(home.staging.iterdir()) == []


@pytest.mark.parametrize("back", [timedelta(0), timedelta(hours=1), timedelta(days=400)])
def test_a_later_version_has_a_later_name_for_any_clock(home, version, back):
    """In the same second, or after the clock was set back, the new version sorts last and the first is unchanged."""
    draft = store.create_draft(home, {"seed": 1}, NOW - back)
    draft.counts.write_bytes(b"counts")
    later = store.publish(draft)

    assert store.version_names(home) == [version.name, later.name]
    assert later.name.startswith("20261122-020001-")
    assert list(version.verify()) == []


def test_a_failed_model_is_recorded_in_the_manifest(home, publish, model):
    """The draft loses the files of the model, and the published manifest keeps the reason."""
    draft = store.create_draft(home, {"seed": 2}, NOW)
    draft.model_folder("bigram").mkdir(parents=True)
    assert draft.failed == {}

    store.leave_out(draft, "bigram", "the loss is nan")
    version = store.publish(draft)

    assert version.failed == {"bigram": "the loss is nan"}
    assert version.model_types == []


def test_the_champion_is_found_unless_a_name_is_given(home, version, publish):
    """It is found with the model of its promotion; the newest version is found if the champion was deleted."""
    second = publish(home, {"seed": 2}, NOW.replace(hour=3))
    registry.record(home, registry.Promotion(version.name, "gru", "2026-11-22T04:00:00Z", "by hand"))

    assert store.find_version(home) == version
    assert store.find_version(home, second.name) == second
    assert version.find_model() == "gru"
    version.path.rename(home.path / "elsewhere")
    assert store.find_version(home) == second


def test_the_newest_version_is_found_without_a_champion(home, version, publish):
    """Names sort by time."""
    second = publish(home, {"seed": 2}, NOW.replace(hour=3))

    assert store.find_version(home) == second
    assert store.find_version(home, version.name) == version


@pytest.mark.parametrize("name", ["../..", "20261122-020000-ffffff", "", "/etc"])
def test_an_unknown_name_touches_no_path(home, name):
    """A name from outside is compared with the existing names; the error names the newest one."""
    with pytest.raises(NotFound, match=rf"no version '{name}'\. hint: the newest is 20261122-020000-"):
        store.find_version(home, name)


def test_a_home_without_versions_hints_at_run(tmp_path):
    """The message contains the next command."""
    with pytest.raises(NotFound, match=r"has no version\. hint: run `makemore run LIST"):
        store.find_version(Home(tmp_path))
