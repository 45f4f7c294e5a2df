"""A home with one small version, and a function that publishes more."""

from datetime import UTC, datetime

import numpy as np
import pytest

from makemore.home import Home
from makemore.models import bigram
from makemore.versions import store, weights
from makemore.vocab import Vocab

NOW = datetime(2026, 11, 22, 2, 0, 0, tzinfo=UTC)


@pytest.fixture
def model():
    """A bigram model of two characters."""
    return bigram.Model.from_counts(np.array([[0, 2], [2, 1]]), bigram.Config(smoothing=0.5))


@pytest.fixture
def publish(model):
    """A function that publishes a version of one model and one more file."""

    def make(home, made_from, now=NOW):
        draft = store.create_draft(home, made_from, now)
        draft.counts.write_bytes(b"counts")
        weights.save_model(draft.model_folder("bigram"), "bigram", model, Vocab((".", "é")))
        return store.publish(draft)

    return make


@pytest.fixture
def home(tmp_path, publish):
    """A home with one version."""
    home = Home(tmp_path)
    publish(home, {"seed": 1})
    return home


@pytest.fixture
def version(home):
    """The version of the home."""
    return store.find_version(home)
