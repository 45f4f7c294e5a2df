"""A version with every model type, trained with small settings."""

import hashlib

import numpy as np
import pytest
import torch

from makemore.errors import InvalidOption
from makemore.evaluation.loss import nll_of_names
from makemore.home import Home, locked_home
from makemore.inference.loading import LoadedModel
from makemore.models import model_types
from makemore.options import BuildOptions, ReadOptions, TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.versions import weights
from makemore.versions.version import Version

NAMES = [a + b + c + d for a in "jkmnr" for b in "aeiou" for c in "lnstv" for d in ("", "a", "ey")]
SMALL = (
    *(f"{net}.names=1000" for net in ("bow", "mlp", "rnn", "gru", "transformer")),
    *(f"{net}.batch_size=16" for net in ("bow", "mlp", "rnn", "gru", "transformer")),
    "bow.n_hidden=16", "mlp.n_hidden=16", "rnn.n_hidden=16", "gru.n_hidden=16",
    "transformer.n_layer=1", "transformer.n_embd=16", "mixture.of=ngram,gru,transformer",
)  # fmt: skip
ALL = TrainOptions(models=model_types(), samples=300, set=SMALL)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with the names of this file, built."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "list.txt").write_text("\n".join(NAMES))
    with locked_home(folder / "home", "the tests"):
        ingest.ingest(folder / "home", str(folder / "list.txt"), ReadOptions())
        build_relations(folder / "home", BuildOptions())
    return folder / "home"


@pytest.fixture(scope="module")
def version(home):
    """A version with every model type."""
    with locked_home(home, "the tests"):
        return publish.make_version(home, ALL)


def test_one_version_has_every_model_type(version):
    """The nll of each on dev is well below that of a uniform distribution."""
    nlls = {model_type: Version(version).read_metrics(model_type)["nll"] for model_type in model_types()}
    _, vocab = weights.load_model(version / "models" / "bigram")

    assert list(nlls) == list(model_types())
    assert max(nll["dev"] for nll in nlls.values()) < np.log(len(vocab)) - 0.5


def test_the_same_seed_gives_the_same_weights_and_samples(home, version):
    """To the byte, for every model type."""

    def hashes(folder):
        files = [*folder.glob("models/*/model.safetensors"), *folder.glob("samples/*.parquet")]
        return {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}

    with locked_home(home, "the tests"):
        again = publish.make_version(home, ALL)

    assert len(hashes(version)) == 2 * len(model_types())
    assert hashes(again) == hashes(version)


@pytest.mark.parametrize("model_type", model_types())
def test_sampled_names_have_the_nll_of_their_evaluation(version, model_type):
    """`step`, with its cache, and `forward` give the same nll."""
    loaded = LoadedModel(version / "models" / model_type)

    drawn = loaded.sample(100, seed=3)

    nlls = nll_of_names(loaded.model, loaded.vocab, drawn["name"].to_list())
    np.testing.assert_allclose(drawn["nll"], nlls, atol=1e-5)


@pytest.mark.parametrize("model_type", model_types())
def test_a_small_sample_is_a_prefix_of_a_large_one(version, model_type):
    """The other names of a batch do not matter."""
    loaded = LoadedModel(version / "models" / model_type)

    assert loaded.sample(5, seed=3).equals(loaded.sample(3000, seed=3).head(5))


@pytest.mark.parametrize("model_type", model_types())
def test_samples_of_every_model_satisfy_constraints(version, model_type):
    """New, distinct, short enough and with the suffix."""
    loaded = LoadedModel(version / "models" / model_type)

    names = loaded.sample(20, seed=3, max_length=4, suffix=loaded.vocab.chars[1], novel=True, distinct=True)["name"]

    assert names.n_unique() == 20
    assert not set(loaded._listed) & set(names)
    assert all(len(name) <= 4 and name.endswith(loaded.vocab.chars[1]) for name in names)


def test_a_mixture_is_at_least_as_good_on_dev_as_its_parts(version):
    """Its weights are fitted on dev, and each part alone is one choice of weights."""
    dev = {t: Version(version).read_metrics(t)["nll"]["dev"] for t in ("mixture", "ngram", "gru", "transformer")}

    assert dev["mixture"] <= min(nll for model_type, nll in dev.items() if model_type != "mixture") + 1e-4


def test_block_size_follows_the_longest_training_name(version):
    """Its characters plus the end."""
    model, _ = weights.load_model(version / "models" / "transformer")

    assert model.config.block_size == 6


def test_publishing_deletes_the_checkpoints(home, version):
    """No later run can use them."""
    assert list(Home(home).checkpoints.glob("*")) == []


def test_a_killed_run_does_not_train_finished_models_again(home, caplog):
    """The next run resumes at the last step, and publishes the same weights."""
    options = TrainOptions(models=("gru", "bow"), samples=20, set=("gru.names=500", "bow.names=500"))
    with locked_home(home, "the tests"):
        uninterrupted = publish.make_version(home, options)
        with pytest.raises(KeyboardInterrupt):
            publish.make_version(home, options, KILLED)
        caplog.set_level("INFO", "makemore")

        resumed = publish.make_version(home, options)

    assert "gru: resumed at step 8 of 8" in caplog.text
    assert _weights(resumed) == _weights(uninterrupted)
    assert list(Home(home).checkpoints.glob("*")) == []


def test_other_settings_do_not_resume(home, caplog):
    """Training with another learning rate starts from scratch and deletes the old checkpoint."""
    caplog.set_level("INFO", "makemore")
    with locked_home(home, "the tests"):
        for rate in ("0.001", "0.002"):
            options = TrainOptions(models=("bow",), set=("bow.names=200", f"bow.learning_rate={rate}"))
            with pytest.raises(KeyboardInterrupt):
                publish.make_version(home, options, KILLED)

    assert len(list(Home(home).checkpoints.glob("bow-*"))) == 1
    assert "resumed" not in caplog.text


def test_a_missing_gpu_is_an_error(home, monkeypatch):
    """The error comes before training; no other device is used instead."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with locked_home(home, "the tests"), pytest.raises(InvalidOption, match=r"^--device cuda: torch finds no GPU"):
        publish.make_version(home, TrainOptions(models=("bow",), device="cuda"))


@pytest.mark.parametrize(
    ("holdout", "names", "message"),
    [
        (0, NAMES, "mixture fits its weights on the dev split"),
        (45, ["emma"], "the train split is empty"),
    ],
)
def test_an_empty_split_is_an_error_before_training(tmp_path, holdout, names, message):
    """A mixture needs names in dev, every model needs names in train."""
    (tmp_path / "list.txt").write_text("\n".join(names))
    options = TrainOptions(models=("ngram", "bigram", "mixture"), set=("mixture.of=ngram,bigram",))
    with locked_home(tmp_path / "home", "the tests"):
        ingest.ingest(tmp_path / "home", str(tmp_path / "list.txt"), ReadOptions())
        build_relations(tmp_path / "home", BuildOptions(holdout=holdout))

        with pytest.raises(ValueError, match=message):
            publish.make_version(tmp_path / "home", options)

    assert not (tmp_path / "home" / "staging").exists()


def test_given_weights_need_no_dev(tmp_path):
    """Weights 3 and 1 become 0.75 and 0.25."""
    (tmp_path / "list.txt").write_text("\n".join(NAMES))
    options = TrainOptions(
        ("ngram", "bigram", "mixture"), samples=9, set=("mixture.of=ngram,bigram", "mixture.weights=3,1")
    )
    with locked_home(tmp_path / "home", "the tests"):
        ingest.ingest(tmp_path / "home", str(tmp_path / "list.txt"), ReadOptions())
        build_relations(tmp_path / "home", BuildOptions(holdout=0))
        version = publish.make_version(tmp_path / "home", options)

    mixture, _ = weights.load_model(version / "models" / "mixture")
    assert mixture.weights.tolist() == [0.75, 0.25]


def _killed(*_):
    raise KeyboardInterrupt


KILLED = publish.VersionSteps(evaluate_model=_killed)
"""Steps of a run that is killed after it trained its first model."""


def _weights(version):
    return {path.parent.name: path.read_bytes() for path in version.glob("models/*/model.safetensors")}
