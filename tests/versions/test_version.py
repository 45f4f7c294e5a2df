"""A version reads its files only if they match its manifest."""

import json
import math
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from makemore.errors import CorruptVersion, InvalidOption
from makemore.files.atomic import write_json
from makemore.home import Home
from makemore.versions import registry, store, weights
from makemore.versions.version import Version
from makemore.vocab import Vocab

NOW = datetime(2026, 11, 22, 2, 0, 0, tzinfo=UTC)
TRAINED = {"parameters": 4, "train_seconds": 0.1}


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda folder: (folder / "counts.parquet").write_bytes(b"counts."), "counts.parquet: checksum mismatch, 7 "),
        (lambda folder: (folder / "counts.parquet").unlink(), "counts.parquet is missing"),
        (lambda folder: (folder / "more.txt").write_text(""), "more.txt is not in manifest.json"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json is damaged"),
        (lambda folder: (folder / "manifest.json").write_text('{"files": []}'), "manifest.json is damaged"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is damaged"),
        (lambda folder: folder.rename(folder.with_name("20261122-020001-000000")), "manifest.json belongs to 20261122"),
    ],
)
def test_verify_names_the_damaged_file(home, version, damage, problem):
    """A changed, missing or added file and a wrong manifest are each reported once."""
    assert list(version.verify()) == []
    for file in version.path.rglob("*"):
        file.chmod(0o755)

    damage(version.path)

    problems = list(store.find_version(home).verify())
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(
    ("file", "read"),
    [("models/bigram/metrics.json", lambda version: version.read_metrics("bigram")),
     ("promotion.json", Version.read_promotion)],
)  # fmt: skip
def test_a_figure_with_one_changed_digit_is_not_read(tmp_path, model, file, read):
    """The file is still JSON of the same length; the manifest detects the change."""
    home = Home(tmp_path / "versions" / "home")
    draft = store.create_draft(home, {"seed": 1}, NOW)
    weights.save_model(draft.model_folder("bigram"), "bigram", model, Vocab((".", "é")))
    draft.write_metrics("bigram", TRAINED | {"nll": {"dev": 2.5}})
    decision = registry.Promotion(draft.name, "bigram", "2026-11-22T02:00:05Z", "promoted", difference=-2.5)
    write_json(draft.promotion, asdict(decision))
    drafted = read(draft)
    version = store.publish(draft)

    assert read(version) == drafted
    path = version.path / file
    path.chmod(0o644)
    path.write_text(path.read_text().replace("2.5", "1.5"))

    with pytest.raises(CorruptVersion, match=f"{file}: checksum mismatch"):
        read(version)


def test_an_unreadable_file_is_reported_as_damage(version):
    """Any error of the disk becomes one of the version, which other code handles."""
    version.promotion.mkdir()

    with pytest.raises(CorruptVersion, match=r"promotion\.json: cannot be read \(.*Is a directory"):
        version.read_promotion()


def test_an_infinite_nll_survives_json(home):
    """JSON has no infinity: the file has null, and reading gives infinity again."""
    draft = store.create_draft(home, {}, NOW)
    draft.model_folder("bigram").mkdir(parents=True)
    infinite = {"nll": {"train": 2.5, "dev": math.inf}, "nll_se": {"train": 0.1, "dev": math.inf}}

    draft.write_metrics("bigram", TRAINED | infinite)

    written = json.loads((draft.model_folder("bigram") / "metrics.json").read_text())
    assert written["nll"] == {"train": 2.5, "dev": None}
    assert draft.read_metrics("bigram") == TRAINED | infinite


def test_the_best_model_has_the_lowest_dev_nll(home, model):
    """An unknown model type is refused with the known ones."""
    draft = store.create_draft(home, {}, NOW)
    for model_type, nll in (("bigram", {"train": 2, "dev": 3}), ("bigram_net", {"train": 2.5, "dev": 2.6})):
        weights.save_model(draft.model_folder(model_type), model_type, model, Vocab((".", "a")))
        draft.write_metrics(model_type, TRAINED | {"nll": nll})

    assert draft.find_model() == "bigram_net"
    assert draft.find_model("bigram") == "bigram"
    with pytest.raises(InvalidOption, match="use one of bigram, bigram_net"):
        draft.find_model("gru")


@pytest.mark.parametrize("data", [None, b"", b"\x00" * 20])
def test_damaged_scores_raise_one_line(tmp_path, data):
    """Missing, truncated and invalid Parquet give the file, the reason and the next command."""
    version = Version(tmp_path)
    version.model_folder("bigram").mkdir(parents=True)
    if data is not None:
        version.scores("bigram").write_bytes(data)

    with pytest.raises(CorruptVersion, match=r"scores\.parquet: cannot be read \(.+\)\. hint: run `makemore verify`"):
        version.read_scores("bigram")
