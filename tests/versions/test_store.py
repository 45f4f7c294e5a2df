"""Versions: published whole, found by name, checked by hash."""

import hashlib
import json
import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
import torch

from makemore.errors import CorruptVersion
from makemore.home import Home
from makemore.models import bigram
from makemore.versions import registry, store, weights
from makemore.vocab import Vocab

NOW = datetime(2026, 11, 22, 2, 0, 0, tzinfo=UTC)
MODEL = bigram.Model.from_counts(torch.tensor([[0, 2], [2, 1]]), bigram.Config(smoothing=0.5))
TRAINED = {"parameters": 4, "train_seconds": 0.1}


@pytest.fixture
def home(tmp_path):
    """A home with one version of one model and one more file."""
    home = Home(tmp_path)
    publish(home, {"seed": 1})
    return home


def publish(home, made_from, now=NOW):
    """The folder of a new version."""
    draft = store.open_draft(home, made_from, now)
    (draft / "counts.parquet").write_bytes(b"counts")
    weights.save_model(draft / "models" / "bigram", "bigram", MODEL, Vocab((".", "é")))
    return store.publish(home, draft)


def test_a_version_is_named_by_its_time_and_what_it_is_made_from(home):
    """UTC, then six digits of the hash of the manifest's made_from: the same for the same."""
    digest = hashlib.sha256(json.dumps({"seed": 1, "sources": []}).encode()).hexdigest()[:6]

    assert store.versions(home) == [f"20261122-020000-{digest}"]


def test_the_folder_of_a_list_does_not_change_a_versions_hash(tmp_path):
    """Two versions of the same bytes, read from two places, end in the same six digits."""
    home = Home(tmp_path)

    first, second = (
        store.open_draft(home, {"sources": [{"uri": uri, "sha256": "0a30b555"}]}, NOW.replace(second=second))
        for second, uri in enumerate(["/here/names.txt", "/there/names.txt"])
    )

    assert first.name[-6:] == second.name[-6:]


def test_a_manifest_has_the_hash_of_every_file(home):
    """Each file but the manifest itself, by its relative path, as sha256sum and ls see it."""
    version = store.find_version(home)
    manifest = json.loads((version / "manifest.json").read_text())

    assert set(manifest["files"]) == {
        "counts.parquet",
        "models/bigram/config.json",
        "models/bigram/model.safetensors",
    }
    assert manifest["files"]["counts.parquet"] == {"sha256": hashlib.sha256(b"counts").hexdigest(), "bytes": 6}
    assert (manifest["format"], manifest["created_at"]) == (1, "2026-11-22T02:00:00Z")


def test_nothing_stays_in_staging(home):
    """Publishing is one rename: the draft is gone, the version is there."""
    assert list(home.staging.iterdir()) == []


@pytest.mark.parametrize("back", [timedelta(0), timedelta(hours=1), timedelta(days=400)])
def test_a_later_version_has_a_later_name_whatever_the_clock_says(home, back):
    """The same second again, or a clock that was set back: the first version is as it was, and no longer the newest."""
    first = store.find_version(home)

    draft = store.open_draft(home, {"seed": 1}, NOW - back)
    (draft / "counts.parquet").write_bytes(b"counts")
    later = store.publish(home, draft)

    assert store.versions(home) == [first.name, later.name]
    assert later.name.startswith("20261122-020001-")
    assert list(store.verify(first)) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda version: (version / "counts.parquet").write_bytes(b"counts."), "counts.parquet differs: 7 bytes"),
        (lambda version: (version / "counts.parquet").unlink(), "counts.parquet is missing"),
        (lambda version: (version / "more.txt").write_text(""), "more.txt was not published with it"),
        (lambda version: (version / "manifest.json").write_text("{"), "manifest.json is damaged"),
        (lambda version: (version / "manifest.json").write_text('{"files": []}'), "manifest.json is damaged"),
        (lambda version: (version / "manifest.json").unlink(), "manifest.json is damaged"),
        (lambda version: version.rename(version.with_name("20261122-020001-000000")), "manifest.json is of 20261122"),
    ],
)
def test_verify_names_what_differs(home, damage, told):
    """Changed, missing, added, or without a manifest that fits: the file is named."""
    version = store.find_version(home)
    assert list(store.verify(version)) == []
    for file in version.rglob("*"):
        file.chmod(0o755)

    damage(version)

    problems = list(store.verify(store.find_version(home)))
    assert len(problems) == 1
    assert problems[0].startswith(told)


def test_the_champion_is_found_unless_a_version_is_named(home):
    """With the model that it serves with; the newest, if the champion is not there."""
    first, second = store.find_version(home), publish(home, {"seed": 2}, NOW.replace(hour=3))
    registry.record(home, registry.Promotion(first.name, "gru", "2026-11-22T04:00:00Z", "by hand"))

    assert store.find_version(home) == first
    assert store.find_version(home, second.name) == second
    assert store.find_model(first) == "gru"
    first.rename(home.path / "elsewhere")
    assert store.find_version(home) == second


def test_the_newest_version_is_found_where_none_serves(home):
    """Names sort by time."""
    first = store.find_version(home)
    second = publish(home, {"seed": 2}, NOW.replace(hour=3))

    assert store.find_version(home) == second
    assert store.find_version(home, first.name) == first


@pytest.mark.parametrize("version", ["../..", "20261122-020000-ffffff", "", "/etc"])
def test_an_unknown_version_touches_no_path(home, version):
    """What comes from outside is compared with what is there; the error names the newest."""
    with pytest.raises(FileNotFoundError, match=rf"no version '{version}': the newest is 20261122-020000-"):
        store.find_version(home, version)


def test_a_home_without_versions_says_how_to_make_one(tmp_path):
    """The next step is in the message."""
    with pytest.raises(FileNotFoundError, match="has no version: make one with `makemore run LIST"):
        store.find_version(Home(tmp_path))


def test_a_model_comes_back_as_it_was_saved(home):
    """Counts, settings and characters."""
    model, vocab = weights.load_model(store.find_version(home) / "models" / "bigram")

    assert torch.equal(model.N, MODEL.N)
    assert model.config == MODEL.config
    assert vocab.chars == (".", "é")


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_damaged_model_is_not_loaded(home, file):
    """Bytes that are no JSON or no safetensors end in one error that says where to look."""
    folder = store.find_version(home) / "models" / "bigram"
    (folder / file).chmod(0o644)
    (folder / file).write_bytes(b"\x00" * 20)

    with pytest.raises(CorruptVersion, match=rf"{file} cannot be .* see `makemore verify`, and `makemore "):
        weights.load_model(folder)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_model_of_which_a_byte_changed_is_not_loaded(home, file):
    """Nothing in safetensors or JSON tells that it did: the manifest does."""
    folder = store.find_version(home) / "models" / "bigram"
    (folder / file).chmod(0o644)
    data = bytearray((folder / file).read_bytes())
    data[-3] ^= 1
    (folder / file).write_bytes(data)

    with pytest.raises(CorruptVersion, match=rf"{file} cannot be used, it is not what was published: see"):
        weights.load_model(folder)


@pytest.mark.parametrize(
    ("file", "read"),
    [("models/bigram/metrics.json", lambda folder: store.read_metrics(folder, "bigram")),
     ("promotion.json", store.read_promotion)],
)  # fmt: skip
def test_a_figure_of_which_a_digit_changed_is_not_told(tmp_path, file, read):
    """It is JSON as before, of the same length: the manifest tells that it is another."""
    home = Home(tmp_path / "versions" / "home")
    draft = store.open_draft(home, {"seed": 1}, NOW)
    weights.save_model(draft / "models" / "bigram", "bigram", MODEL, Vocab((".", "é")))
    store.write_metrics(draft, "bigram", TRAINED | {"nll": {"dev": 2.5}})
    decision = registry.Promotion(draft.name, "bigram", "2026-11-22T02:00:05Z", "promoted", difference=-2.5)
    store.write_json(draft / "promotion.json", asdict(decision))
    told = read(draft)
    folder = store.publish(home, draft)

    assert read(folder) == told
    (folder / file).chmod(0o644)
    (folder / file).write_text((folder / file).read_text().replace("2.5", "1.5"))

    with pytest.raises(CorruptVersion, match=f"{file} cannot be used, it is not what was published: see"):
        read(folder)


def test_a_figure_that_cannot_be_read_is_told(home):
    """Whatever the disk says, it is damage of that version, which others pass over."""
    version = store.find_version(home)
    (version / "promotion.json").mkdir()

    with pytest.raises(CorruptVersion, match=r"promotion\.json cannot be read \(.*Is a directory"):
        store.read_promotion(version)


def test_an_infinite_nll_survives_json(home):
    """JSON has no infinity: it is null in the file and infinite again when it is read."""
    draft = store.open_draft(home, {}, NOW)
    (draft / "models" / "bigram").mkdir(parents=True)
    infinite = {"nll": {"train": 2.5, "dev": math.inf}, "nll_se": {"train": 0.1, "dev": math.inf}}

    store.write_metrics(draft, "bigram", TRAINED | infinite)

    assert json.loads((draft / "models" / "bigram" / "metrics.json").read_text())["nll"] == {"train": 2.5, "dev": None}
    assert store.read_metrics(draft, "bigram") == TRAINED | infinite


def test_the_best_model_has_the_lowest_nll_on_dev(home):
    """Or on train where nothing is held out; a model that a version lacks is refused by name."""
    draft = store.open_draft(home, {}, NOW)
    for model_type, nll in (("bigram", {"train": 2, "dev": 3}), ("bigram_net", {"train": 2.5, "dev": 2.6})):
        weights.save_model(draft / "models" / model_type, model_type, MODEL, Vocab((".", "a")))
        store.write_metrics(draft, model_type, TRAINED | {"nll": nll})

    assert store.find_model(draft) == "bigram_net"
    assert store.find_model(draft, "bigram") == "bigram"
    with pytest.raises(ValueError, match="has no model 'gru': use one of bigram, bigram_net"):
        store.find_model(draft, "gru")


@pytest.mark.parametrize("data", [None, b"", b"\x00" * 20])
def test_scores_that_are_damaged_are_told(tmp_path, data):
    """Absent, cut off or no Parquet: in one line, with the command that says more."""
    path = tmp_path / "models" / "bigram" / "scores.parquet"
    path.parent.mkdir(parents=True)
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(
        CorruptVersion,
        match=r"scores\.parquet cannot be read \(.+\): see `makemore verify`, and `makemore rollback` if it serves\.$",
    ):
        store.read_scores(tmp_path, "bigram")
