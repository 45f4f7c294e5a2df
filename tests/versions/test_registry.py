"""The registry records decisions, refuses invalid changes, and is always read as a whole."""

import json
import subprocess
import sys
import time

import pytest

from makemore.errors import CorruptData, InvalidOption, MakemoreError, NotFound
from makemore.home import Home
from makemore.versions import registry, store
from makemore.versions.registry import Champion, Promotion, Registry

FIRST, SECOND, THIRD = "20261120-020000-aaaaaa", "20261121-020000-bbbbbb", "20261122-020000-cccccc"
AT = "2026-11-22T02:00:00Z"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def decision(version, decision="promoted", model_type="ngram", against=None):
    return Promotion(version, model_type, AT, decision, against, 0.01, -0.01, 0.03, ("because",))


def test_a_home_without_a_registry_has_an_empty_one(home):
    """Reading it creates no file."""
    assert registry.read(home) == Registry()
    assert list(home.path.iterdir()) == []


def test_a_written_registry_is_read_unchanged(home):
    """The file has the fields of docs/reference/file-format.md."""
    registry.record(home, decision(FIRST))
    registry.record(home, decision(SECOND, model_type="bigram", against=FIRST))
    registry.pin(home, FIRST)
    written = registry.mark_forgotten(home, {THIRD: "emma"})

    saved = json.loads((home.path / "registry.json").read_text())
    assert registry.read(home) == written
    assert saved["champion"] == {"version": SECOND, "model_type": "bigram", "since": AT}
    assert saved["previous"] == {"version": FIRST, "model_type": "ngram", "since": AT}
    assert (saved["pinned"], saved["forgotten"]) == ([FIRST], {THIRD: ["emma"]})
    assert saved["promotions"][1] == {
        "version": SECOND, "model_type": "bigram", "at": AT, "decision": "promoted", "against": FIRST,
        "difference": 0.01, "difference_low": -0.01, "difference_high": 0.03, "reasons": ["because"],
    }  # fmt: skip


def test_unknown_fields_are_ignored(home):
    """docs/reference/file-format.md allows later versions of makemore to add fields."""
    written = registry.record(home, decision(FIRST))
    saved = json.loads((home.path / "registry.json").read_text())
    saved["promotions"][0]["by"] = "someone"
    # The checksum does not cover fields that another program adds.
    saved.pop("sha256", None)
    (home.path / "registry.json").write_text(json.dumps(saved | {"more": 1}))

    assert registry.read(home) == written


def test_a_refusal_changes_only_the_decisions(home):
    """Champion and previous champion stay."""
    before = registry.record(home, decision(FIRST))
    after = registry.record(home, decision(SECOND, "refused", against=FIRST))

    assert (after.champion, after.previous) == (before.champion, None)
    assert [promotion.version for promotion in after.promotions] == [FIRST, SECOND]


def test_a_second_rollback_undoes_the_first(home):
    """Champion and previous champion are exchanged; each rollback is a decision."""
    for version in (FIRST, SECOND):
        registry.record(home, decision(version))

    back = registry.roll_back(home, AT)
    assert registry.read(home).champion == Champion(FIRST, "ngram", AT)
    assert (back.decision, back.version, back.against) == ("rolled back", FIRST, SECOND)
    registry.roll_back(home, AT)
    assert registry.read(home).champion == Champion(SECOND, "ngram", AT)
    assert len(registry.read(home).promotions) == 4


def test_a_rollback_needs_a_previous_champion(home):
    """The hint names the command to use instead."""
    registry.record(home, decision(FIRST))

    with pytest.raises(NotFound, match=r"has no previous champion\. hint: run `makemore promote VERSION`"):
        registry.roll_back(home, AT)


def test_a_forgotten_version_is_never_the_previous_champion(home):
    """It does not matter whether it is marked before or after it is replaced."""
    registry.record(home, decision(FIRST))
    registry.record(home, decision(SECOND))
    registry.mark_forgotten(home, {SECOND: "emma"})
    assert registry.read(home).champion.version == SECOND

    after = registry.record(home, decision(THIRD))
    assert (after.champion.version, after.previous.version) == (THIRD, FIRST)
    assert registry.mark_forgotten(home, {FIRST: "emma"}).previous is None


def test_marks_and_reasons_add_up(home):
    """A version can be several things; the same reason is saved once."""
    registry.record(home, decision(FIRST))
    registry.pin(home, FIRST)
    registry.mark_forgotten(home, {FIRST: "emma"})
    known = registry.mark_forgotten(home, {FIRST: "ava", SECOND: "ava"})
    known = registry.mark_forgotten(home, {FIRST: "emma"})

    assert known.forgotten == {FIRST: ("emma", "ava"), SECOND: ("ava",)}
    assert known.marks(FIRST) == ["champion", "pinned", "forgotten"]
    assert known.marks(SECOND) == ["forgotten"]


def test_only_a_pinned_version_is_unpinned(home):
    """Pinning twice is the same as once; the error lists the pinned versions."""
    registry.pin(home, FIRST)
    assert registry.pin(home, FIRST).pinned == (FIRST,)
    with pytest.raises(InvalidOption, match=rf"{SECOND} is not pinned\. hint: pinned: {FIRST}"):
        registry.unpin(home, SECOND)
    assert registry.unpin(home, FIRST).pinned == ()


@pytest.mark.parametrize(("version", "mark"), [(FIRST, "pinned"), (SECOND, "previous champion"), (THIRD, "champion")])
def test_a_protected_version_is_never_dropped(home, version, mark):
    """Other versions lose their marks and keep their decisions."""
    for promoted in (FIRST, SECOND, THIRD):
        registry.record(home, decision(promoted))
    registry.pin(home, FIRST)
    before = registry.mark_forgotten(home, {"20261101-020000-dddddd": "emma"})

    with pytest.raises(MakemoreError, match=f"{version} is {mark}"):
        registry.drop(home, ["20261101-020000-dddddd", version])
    assert registry.read(home) == before
    after = registry.drop(home, ["20261101-020000-dddddd"])
    assert after.forgotten == {}
    assert after.promotions == before.promotions


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff\x00", b'{"champion": null}', b'{"champion": 1, "previous": null}']
)
def test_a_damaged_registry_is_not_read_as_an_empty_one(home, damage):
    """The error is one line with the file and a hint. An empty registry would promote the newest version."""
    (home.path / "registry.json").write_bytes(damage)

    with pytest.raises(CorruptData, match=r"registry\.json is damaged .* hint: restore it from a backup") as error:
        registry.read(home)

    assert "\n" not in str(error.value)


WRITES = """
import sys
from pathlib import Path
from makemore.home import Home
from makemore.versions import registry
from makemore.versions.registry import Promotion
home, at = Home(Path(sys.argv[1])), "2026-11-22T02:00:00Z"
print("ready", flush=True)
while True:
    for version, model_type in (sys.argv[2], "bigram"), (sys.argv[3], "ngram"):
        registry.record(home, Promotion(version, model_type, at, "promoted"))
        registry.pin(home, version)
        registry.unpin(home, version)
"""


def test_a_reader_never_sees_a_partial_change(home):
    """While another process promotes versions in turn, each read gets a version and its model of one decision."""
    of = {FIRST: "bigram", SECOND: "ngram"}
    for version, model_type in of.items():
        folder = home.versions / version / "models" / model_type
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    registry.record(home, decision(FIRST, model_type="bigram"))
    seen = []
    command = [sys.executable, "-c", WRITES, home.path, FIRST, SECOND]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout.readline() == b"ready\n"
            until = time.monotonic() + 2
            while time.monotonic() < until:
                known, version = registry.read(home), store.find_version(home)
                last = known.promotions[-1]

                assert (known.champion.version, known.champion.model_type) == (last.version, last.model_type)
                assert version.find_model() == of[version.name]
                seen.append(version.name)
        finally:
            writer.kill()

    assert set(seen) == {FIRST, SECOND}
    assert sorted(path.name for path in home.path.iterdir() if not path.name.startswith(".")) == [
        "registry.json", "versions",
    ]  # fmt: skip
