"""The registry: what follows from decisions, what is refused, and that no reader sees half of a change."""

import json
import subprocess
import sys
import time

import pytest

from makemore.home import Home
from makemore.versions import registry, store
from makemore.versions.registry import Promotion, Registry, Serving

FIRST, SECOND, THIRD = "20261120-020000-aaaaaa", "20261121-020000-bbbbbb", "20261122-020000-cccccc"
AT = "2026-11-22T02:00:00Z"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def decision(version, decision="promoted", model_type="ngram", against=None):
    return Promotion(version, model_type, AT, decision, against, 0.01, -0.01, 0.03, ("because",))


def test_a_home_without_a_registry_has_an_empty_one(home):
    """And reading it makes no file."""
    assert registry.read(home) == Registry()
    assert list(home.path.iterdir()) == []


def test_what_is_written_is_read_again(home):
    """Champion, previous one, pins, marks and decisions, in the file that docs/reference/file-format.md describes."""
    registry.record(home, decision(FIRST))
    registry.record(home, decision(SECOND, model_type="bigram", against=FIRST))
    registry.pin(home, FIRST)
    written = registry.mark_forgotten(home, {THIRD: "emma"})

    told = json.loads((home.path / "registry.json").read_text())
    assert registry.read(home) == written
    assert told["champion"] == {"version": SECOND, "model_type": "bigram", "since": AT}
    assert told["previous"] == {"version": FIRST, "model_type": "ngram", "since": AT}
    assert (told["pinned"], told["forgotten"]) == ([FIRST], {THIRD: ["emma"]})
    assert told["promotions"][1] == {
        "version": SECOND, "model_type": "bigram", "at": AT, "decision": "promoted", "against": FIRST,
        "difference": 0.01, "difference_low": -0.01, "difference_high": 0.03, "reasons": ["because"],
    }  # fmt: skip


def test_fields_of_a_later_makemore_are_passed_over(home):
    """They may be added: docs/reference/file-format.md says so."""
    written = registry.record(home, decision(FIRST))
    told = json.loads((home.path / "registry.json").read_text())
    told["promotions"][0]["by"] = "someone"
    # A hash, where there is one, is of all that makemore wrote.
    told.pop("sha256", None)
    (home.path / "registry.json").write_text(json.dumps(told | {"more": 1}))

    assert registry.read(home) == written


def test_a_refused_version_changes_nothing_but_the_record(home):
    """The champion and the one before stay."""
    before = registry.record(home, decision(FIRST))
    after = registry.record(home, decision(SECOND, "refused", against=FIRST))

    assert (after.champion, after.previous) == (before.champion, None)
    assert [promotion.version for promotion in after.promotions] == [FIRST, SECOND]


def test_rolling_back_twice_leaves_things_as_they_were(home):
    """The two champions change places; each time is a decision of its own."""
    for version in (FIRST, SECOND):
        registry.record(home, decision(version))

    back = registry.roll_back(home, AT)
    assert registry.read(home).champion == Serving(FIRST, "ngram", AT)
    assert (back.decision, back.version, back.against) == ("rolled back", FIRST, SECOND)
    registry.roll_back(home, AT)
    assert registry.read(home).champion == Serving(SECOND, "ngram", AT)
    assert len(registry.read(home).promotions) == 4


def test_without_a_previous_champion_there_is_no_way_back(home):
    """The error says what to do instead."""
    registry.record(home, decision(FIRST))

    with pytest.raises(ValueError, match=r"has no previous champion: .* `makemore promote VERSION`"):
        registry.roll_back(home, AT)


def test_a_champion_that_is_forgotten_is_no_previous_one(home):
    """Neither if it is marked while it serves, nor if it is marked after: nothing is to go back to it."""
    registry.record(home, decision(FIRST))
    registry.record(home, decision(SECOND))
    registry.mark_forgotten(home, {SECOND: "emma"})
    assert registry.read(home).champion.version == SECOND

    after = registry.record(home, decision(THIRD))
    assert (after.champion.version, after.previous.version) == (THIRD, FIRST)
    assert registry.mark_forgotten(home, {FIRST: "emma"}).previous is None


def test_marks_and_reasons_add_up(home):
    """A version can be several things; the same reason is told once."""
    registry.record(home, decision(FIRST))
    registry.pin(home, FIRST)
    registry.mark_forgotten(home, {FIRST: "emma"})
    known = registry.mark_forgotten(home, {FIRST: "ava", SECOND: "ava"})
    known = registry.mark_forgotten(home, {FIRST: "emma"})

    assert known.forgotten == {FIRST: ("emma", "ava"), SECOND: ("ava",)}
    assert known.marks(FIRST) == ["champion", "pinned", "forgotten"]
    assert known.marks(SECOND) == ["forgotten"]


def test_a_pin_is_set_once_and_taken_away_once(home):
    """What is not pinned cannot be unpinned, and the error says what is."""
    registry.pin(home, FIRST)
    assert registry.pin(home, FIRST).pinned == (FIRST,)
    with pytest.raises(ValueError, match=rf"{SECOND} is not pinned: {FIRST} is"):
        registry.unpin(home, SECOND)
    assert registry.unpin(home, FIRST).pinned == ()


@pytest.mark.parametrize(("version", "what"), [(FIRST, "pinned"), (SECOND, "previous champion"), (THIRD, "champion")])
def test_what_serves_did_before_or_is_pinned_is_never_dropped(home, version, what):
    """The last line of defence of what deletes versions; all else loses its marks, and keeps its decisions."""
    for served in (FIRST, SECOND, THIRD):
        registry.record(home, decision(served))
    registry.pin(home, FIRST)
    before = registry.mark_forgotten(home, {"20261101-020000-dddddd": "emma"})

    with pytest.raises(ValueError, match=f"{version} is {what}"):
        registry.drop(home, ["20261101-020000-dddddd", version])
    assert registry.read(home) == before
    after = registry.drop(home, ["20261101-020000-dddddd"])
    assert after.forgotten == {}
    assert after.promotions == before.promotions


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff\x00", b'{"champion": null}', b'{"champion": 1, "previous": null}']
)
def test_a_damaged_registry_is_told_with_the_way_out(home, damage):
    """One line that names the file; it is not taken for an empty one, which would let the newest version serve."""
    (home.path / "registry.json").write_bytes(damage)

    with pytest.raises(ValueError, match=r"registry\.json is damaged .* Restore it from a backup") as error:
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


def test_a_reader_never_sees_half_of_a_change(home):
    """While another process promotes one version after the other, each look finds a whole state, version with model."""
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
