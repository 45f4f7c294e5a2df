"""Evaluation of a list with a version."""

from pathlib import Path

import pytest

from makemore.home import locked_home
from makemore.options import ReadOptions, TrainOptions
from makemore.pipeline import evaluate, ingest, publish
from makemore.pipeline.build import build_relations
from tests.pipeline.small_home import NAMES, NO_HOLDOUT, make_version, write_list


def test_a_list_is_evaluated_with_the_options_of_the_version(tmp_path):
    """Names are normalized, and folded like the lists of the version; a byte order mark is skipped."""
    home = tmp_path / "home"
    with locked_home(home, "the test"):
        ingest.ingest(home, write_list(tmp_path, ["Zoë", "ZOË", "Eva"]), ReadOptions(lower=True))
        build_relations(home, NO_HOLDOUT)
        version = publish.make_version(home, TrainOptions(models=("bigram",), samples=1))
    (tmp_path / "other.txt").write_bytes("\ufeffZOE\u0308\r\n\r\neva\r\n".encode())

    names, rejected = evaluate.read_names(version, tmp_path / "other.txt", ReadOptions())

    assert names.rows() == [("zoë", 1, True), ("eva", 1, True)]
    assert rejected == 1
    assert evaluate.evaluate_list(version, "bigram", names)["nll"] > 0


def test_a_list_is_evaluated_with_its_counts(tmp_path):
    """The counts of a name are summed; names in train are reported separately."""
    version = make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=TrainOptions(("bigram",), samples=1))
    (tmp_path / "other.csv").write_text("name,count\nemma,3\nmilla,1\nemma,2\n")

    names, _ = evaluate.read_names(version, tmp_path / "other.csv", ReadOptions())
    metrics = evaluate.evaluate_list(version, "bigram", names)

    assert names.rows() == [("emma", 5, True), ("milla", 1, False)]
    assert metrics["nll"] == pytest.approx((25 * metrics["nll_seen"] + 6 * metrics["nll_unseen"]) / 31)


def test_an_unknown_character_is_an_error(tmp_path):
    """It is reported before a model is loaded. A list without valid names is an error too."""
    version = make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=TrainOptions(("bigram",), samples=1))

    with pytest.raises(ValueError, match=r"'zoë' contains 'z', which is not in this vocab of .* then train"):
        evaluate.read_names(version, Path(write_list(tmp_path, ["ella", "zoë"], "other.txt")), ReadOptions())
    with pytest.raises(ValueError, match=r"other.txt has no name to evaluate: 1 rejected rows"):
        evaluate.read_names(version, Path(write_list(tmp_path, ["a.b"], "other.txt")), ReadOptions())
