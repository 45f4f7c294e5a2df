"""Every model type in one version, by small settings: made, mixed, evaluated, sampled, and the same again."""

import hashlib

import numpy as np
import pytest
import torch

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
    *(f"{net}.names=2000" for net in ("bow", "mlp", "rnn", "gru", "transformer")),
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


def test_every_model_type_is_made_in_one_version(version):
    """And each knows more of the names of dev than that all characters are alike."""
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
def test_what_is_sampled_has_the_nll_that_it_is_evaluated_with(version, model_type):
    """step and forward, cache and none: one number a name."""
    loaded = LoadedModel(version / "models" / model_type)

    drawn = loaded.sample(100, seed=3)

    np.testing.assert_allclose(drawn["nll"], nll_of_names(loaded.model, loaded.vocab, drawn["name"]), atol=1e-5)


@pytest.mark.parametrize("model_type", model_types())
def test_first_names_of_a_large_sample_are_those_of_a_small_one(version, model_type):
    """Whichever names stand beside them in a batch, and leave it before them."""
    loaded = LoadedModel(version / "models" / model_type)

    assert loaded.sample(5, seed=3).equals(loaded.sample(3000, seed=3).head(5))


@pytest.mark.parametrize("model_type", model_types())
def test_names_as_asked_of_every_model(version, model_type):
    """Whatever makes them: none that was in the list, none twice, all of the form."""
    loaded = LoadedModel(version / "models" / model_type)

    names = loaded.sample(20, seed=3, max_length=4, suffix=loaded.vocab.chars[1], novel=True, distinct=True)["name"]

    assert names.n_unique() == 20
    assert not set(loaded._listed) & set(names)
    assert all(len(name) <= 4 and name.endswith(loaded.vocab.chars[1]) for name in names)


def test_a_mixture_is_no_worse_on_dev_than_its_parts(version):
    """Its weights were fitted there: one of the parts alone would be a choice of them."""
    dev = {t: Version(version).read_metrics(t)["nll"]["dev"] for t in ("mixture", "ngram", "gru", "transformer")}

    assert dev["mixture"] <= min(nll for model_type, nll in dev.items() if model_type != "mixture") + 1e-4


def test_block_size_follows_the_longest_name_of_train(version):
    """Its characters and its end."""
    model, _ = weights.load_model(version / "models" / "transformer")

    assert model.config.block_size == 6


def test_a_version_that_is_published_leaves_no_training_behind(home, version):
    """What a run would go on from is of no use any more."""
    assert list(Home(home).checkpoints.glob("*")) == []


def test_a_night_that_was_killed_has_the_models_that_were_done_at_once(home, monkeypatch, caplog):
    """The next run goes on from the last step of each, and publishes the same weights."""
    options = TrainOptions(models=("gru", "bow"), samples=20, set=("gru.names=500", "bow.names=500"))
    with locked_home(home, "the tests"):
        whole = publish.make_version(home, options)
        with monkeypatch.context() as patch:
            patch.setattr(publish, "evaluate_model", _killed)
            with pytest.raises(KeyboardInterrupt):
                publish.make_version(home, options)
        caplog.set_level("INFO", "makemore")

        resumed = publish.make_version(home, options)

    assert "gru: goes on from step 8 of 8" in caplog.text
    assert _weights(resumed) == _weights(whole)
    assert list(Home(home).checkpoints.glob("*")) == []


def test_settings_make_another_training(home, monkeypatch, caplog):
    """Another learning rate does not go on from what was trained with this one, which is of no use any more."""
    caplog.set_level("INFO", "makemore")
    with locked_home(home, "the tests"), monkeypatch.context() as patch:
        patch.setattr(publish, "evaluate_model", _killed)
        for rate in ("0.001", "0.002"):
            with pytest.raises(KeyboardInterrupt):
                publish.make_version(
                    home, TrainOptions(models=("bow",), set=("bow.names=200", f"bow.learning_rate={rate}"))
                )

    assert len(list(Home(home).checkpoints.glob("bow-*"))) == 1
    assert "goes on" not in caplog.text


def test_a_device_that_there_is_not_is_told(home, monkeypatch):
    """Before anything is trained on another one in its place."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with locked_home(home, "the tests"), pytest.raises(ValueError, match=r"^--device cuda: torch sees no GPU here"):
        publish.make_version(home, TrainOptions(models=("bow",), device="cuda"))


@pytest.mark.parametrize(
    ("holdout", "names", "message"),
    [(0, NAMES, "mixture: its weights are fitted on dev, which has no name"), (45, ["emma"], "no name .* is in train")],
)
def test_a_split_that_is_empty_is_told_before_anything_is_trained(tmp_path, holdout, names, message):
    """A mixture without dev, any model without train."""
    (tmp_path / "list.txt").write_text("\n".join(names))
    options = TrainOptions(models=("ngram", "bigram", "mixture"), set=("mixture.of=ngram,bigram",))
    with locked_home(tmp_path / "home", "the tests"):
        ingest.ingest(tmp_path / "home", str(tmp_path / "list.txt"), ReadOptions())
        build_relations(tmp_path / "home", BuildOptions(holdout=holdout))

        with pytest.raises(ValueError, match=message):
            publish.make_version(tmp_path / "home", options)

    assert not (tmp_path / "home" / "staging").exists()


def test_weights_that_are_given_need_no_dev(tmp_path):
    """Three parts of one and one of the other."""
    (tmp_path / "list.txt").write_text("\n".join(NAMES))
    options = TrainOptions(
        ("ngram", "bigram", "mixture"), samples=9, set=("mixture.of=ngram,bigram", "mixture.weights=3,1")
    )
    with locked_home(tmp_path / "home", "the tests"):
        ingest.ingest(tmp_path / "home", str(tmp_path / "list.txt"), ReadOptions())
        build_relations(tmp_path / "home", BuildOptions(holdout=0))
        made = publish.make_version(tmp_path / "home", options)

    mixture, _ = weights.load_model(made / "models" / "mixture")
    assert mixture.weights.tolist() == [0.75, 0.25]


def _killed(*_):
    raise KeyboardInterrupt


def _weights(version):
    return {path.parent.name: path.read_bytes() for path in version.glob("models/*/model.safetensors")}
