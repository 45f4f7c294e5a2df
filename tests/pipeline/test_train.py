"""Failed models and mixtures."""

import pytest

from makemore.errors import Diverged, SomeModelsFailed, TrainingFailed
from makemore.home import Home
from makemore.options import BuildOptions, TrainOptions
from makemore.pipeline import publish
from makemore.pipeline import train as train_step
from makemore.reporting import text
from makemore.versions import store
from makemore.versions.version import Version
from tests.pipeline.small_home import NAMES, make_version, select, write_list


def break_training(monkeypatch, broken, error):
    """Make the training of one model type fail."""
    train = train_step.train.train

    def failing(model_type, config, corpus, settings):
        if model_type == broken:
            raise error
        return train(model_type, config, corpus, settings)

    monkeypatch.setattr(train_step.train, "train", failing)


def test_a_failed_model_does_not_affect_the_others(tmp_path, monkeypatch, caplog):
    """The version is published without it; the manifest, the log, the report and the error contain the reason."""
    break_training(monkeypatch, "bigram_net", Diverged("bigram_net: the loss is nan"))

    with pytest.raises(SomeModelsFailed) as failed:
        make_version(tmp_path / "home", write_list(tmp_path, NAMES))

    version = store.find_version(Home(tmp_path / "home")).path
    assert str(failed.value) == (f"published {version} without the models that failed. bigram_net: the loss is nan")
    assert Version(version).model_types == ["bigram", "ngram"]
    assert Version(version).failed == {"bigram_net": "the loss is nan"}
    assert list(Version(version).verify()) == []
    assert sorted(select(version, "select model_type from comparison").rows()) == [("bigram",), ("ngram",)]
    assert "bigram_net failed: the loss is nan" in caplog.text
    assert text.version_line(Version(version)).endswith("  bigram_net failed")
    assert "<b>bigram_net failed:</b> the loss is nan" in (version / "report.html").read_text()
    assert "bigram_net failed: the loss is nan" in (version / "README.md").read_text()


@pytest.mark.parametrize("step", ["evaluate_model", "sample_model"])
def test_the_files_of_a_failed_model_are_deleted(tmp_path, caplog, step):
    """A model is not published if it cannot be evaluated or sampled; unexpected errors are logged with traceback."""
    original = getattr(publish.VersionSteps(), step)

    def failing(draft, model_type):
        original(draft, model_type)
        if model_type == "bigram":
            raise RuntimeError("out of memory")

    with pytest.raises(SomeModelsFailed, match="bigram: RuntimeError: out of memory"):
        make_version(tmp_path / "home", write_list(tmp_path, NAMES), steps={step: failing})

    version = store.find_version(Home(tmp_path / "home")).path
    assert [
        path for path in version.rglob("*") if path.parts[-2:] == ("models", "bigram") or path.stem == "bigram"
    ] == []
    assert "Traceback" in caplog.text


def test_if_all_models_fail_nothing_is_published(tmp_path, monkeypatch):
    """A version needs at least one model."""
    break_training(monkeypatch, "bigram", Diverged("no"))

    with pytest.raises(TrainingFailed, match=r"all models failed, nothing is published\. bigram: no$"):
        make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=TrainOptions(("bigram",)))

    assert store.version_names(Home(tmp_path / "home")) == []


def test_mixtures_are_trained_last():
    """The other models keep the order of the options."""
    assert publish.build_order(["mixture", "ngram", "bigram"]) == ["ngram", "bigram", "mixture"]


def test_a_mixture_fails_if_a_part_failed(tmp_path, monkeypatch):
    """The error names the part."""
    break_training(monkeypatch, "bigram", Diverged("no"))
    options = TrainOptions(("mixture", "bigram", "bigram_net"), samples=5, set=("mixture.of=bigram,bigram_net",))

    with pytest.raises(SomeModelsFailed, match=r"bigram: no; mixture: its part bigram failed"):
        make_version(tmp_path / "home", write_list(tmp_path, NAMES * 20), build=BuildOptions(holdout=20), train=options)


def test_a_mixture_of_models_that_are_not_trained_is_an_error(tmp_path):
    """It is reported before the start."""
    options = TrainOptions(("mixture", "bigram"), set=("mixture.of=bigram,bigram_net",))

    with pytest.raises(ValueError, match=r"mixture combines bigram_net, which is not trained\."):
        make_version(tmp_path / "home", write_list(tmp_path, NAMES), train=options)
