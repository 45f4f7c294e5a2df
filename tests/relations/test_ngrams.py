"""The n-gram model from the relations."""

import logging

import pytest

from makemore.database import query
from makemore.errors import InvalidOption
from makemore.evaluation.loss import nll_of_names
from makemore.home import Home, clear_staging, locked_home
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.versions import weights
from makemore.versions.version import Version
from tests.conftest import ENGLISH

NGRAM = TrainOptions(("ngram",), samples=20)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Home with the bundled list, built with order 4 and min_count 2. Not for tests that build."""
    home = tmp_path_factory.mktemp("home")
    with locked_home(home, "the test"):
        ingest.ingest(home, str(ENGLISH), IngestOptions())
        build_relations(home, BuildOptions(order=4, min_count=2))
    return home


def test_sql_and_the_loaded_model_give_the_same_nll(home):
    """The macro of the snapshot and the model score the test names; order and pruning are those of the build."""
    version = publish.make_version(home, NGRAM)
    model, vocab = weights.load_model(version / "models" / "ngram")
    scored = query(version / "stats.duckdb", "select name, avg(nats) as nll from split_names, score_name(name) "
                 "where split = 'test' group by all order by all limit 50")  # fmt: skip

    assert (model.config.order, model.config.min_count) == (4, 2)
    assert scored["nll"].to_list() == pytest.approx(nll_of_names(model, vocab, scored["name"].to_list()), abs=1e-6)
    assert Version(version).read_metrics("ngram")["nll"]["test"] == pytest.approx(
        query(version / "stats.duckdb", "select avg(nats) from names, score_name(names.name) where split = 'test'")
        .to_series().item(), abs=1e-6)  # fmt: skip


def test_the_same_relations_give_the_same_bytes(home):
    """Rows and weights are sorted, so that two models of one home are identical."""

    def weights_of():
        clear_staging(Home(home))
        draft = publish.draft(home, NGRAM)
        publish.train_model(draft, "ngram")
        return (draft / "models" / "ngram" / "model.safetensors").read_bytes()

    assert weights_of() == weights_of()


@pytest.mark.parametrize(("setting", "option"), [("order=5", "--order 5"), ("min_count=1", "--min-count 1")])
def test_a_setting_that_differs_from_the_build_is_an_error(home, setting, option):
    """The model is made from the relations; the message contains the build option."""
    with pytest.raises(InvalidOption, match=rf"--set ngram.{setting} .* built with \d.*build {option}"):
        publish.draft(home, TrainOptions(("ngram",), set=(f"ngram.{setting}",)))


def test_fallback_discounts_are_logged_in_one_line(tmp_path, caplog):
    """With one name, no order has the counts that the formula needs."""
    (tmp_path / "list.txt").write_text("emma\n", encoding="utf-8")
    with locked_home(tmp_path, "the test"), caplog.at_level(logging.INFO, "makemore"):
        ingest.ingest(tmp_path, str(tmp_path / "list.txt"), IngestOptions())
        build_relations(tmp_path, BuildOptions(holdout=0))
        publish.make_version(tmp_path, NGRAM)

    [line] = [message for message in caplog.messages if message.startswith("ngram: too few")]
    assert line == "ngram: too few n-grams of order 1, 2, 3, 4, 5, 6 to compute discounts: 0.5, 1 and 1.5 are used"
