"""What every model type keeps, whichever file it is."""

from operator import itemgetter

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from makemore.models import Recipe, check_model_type, config_class, configure, defaults, model_class, model_types
from makemore.models.ngram import Grams

V = 5
# Of the n-grams (.) 1, (.1) 2 and (1) 2: states (.), (), (1), (.1).
GRAMS = Grams(
    V, np.array([1, 0, 1, 2]), np.array([1, 1, 1, 2]), np.array([1, 1, 1, 0]), np.array([0, 0, 1, 1]),
    np.array([0.3, 0.5, 0.4, 0.6]),
    np.array([0, 1, 2, 3]), np.array([1, 1, 2, 2]), np.array([0.88, 0.6, 0.64, 0.784]),
)  # fmt: skip
IDX = torch.tensor([[0, 1, 2, 4], [0, 3, 3, 0]])


def some_model(model_type):
    """A model of the type with parameters that are not all alike."""
    cls, config = model_class(model_type), configure(model_type, {})
    rng = torch.Generator().manual_seed(1)
    if hasattr(cls, "from_counts"):
        return cls.from_counts(torch.randint(0, 9, (V, V), generator=rng), config)
    if hasattr(cls, "from_grams"):
        return cls.from_grams(GRAMS, config)
    if hasattr(cls, "from_models"):
        model = cls(V, config, [some_model(part) for part in config.parts])
        model.weights.copy_(torch.tensor([0.3, 0.7]))
        return model
    model = cls(V, config)
    model.initialise(rng)
    return model.eval()


def empty(model_type, model):
    """Another model of the same config, as a reader of its files makes it."""
    parts = [model.parts] if hasattr(model, "parts") else []
    return model_class(model_type)(V, model.config, *parts).eval()


@pytest.mark.parametrize("model_type", model_types())
def test_step_agrees_with_forward(model_type):
    """Character by character a model says what it says of the whole row at once."""
    model = some_model(model_type)
    at_once = model(IDX)

    state, steps = model.initial_state(len(IDX)), []
    for ix in IDX.T:
        logits, state = model.step(ix, state)
        steps.append(logits)

    torch.testing.assert_close(torch.stack(steps, dim=1), at_once, atol=1e-5, rtol=0)
    assert at_once.shape == (2, 4, V)


@pytest.mark.parametrize("model_type", [t for t in model_types() if issubclass(config_class(t), Recipe)])
def test_a_net_has_no_work_with_what_pads_a_batch(model_type):
    """Asked for the places of names of several lengths, it says of them what it says of all, in time order."""
    model, keep = some_model(model_type), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]) > 0

    kept = model(IDX, keep)

    torch.testing.assert_close(kept, model(IDX).transpose(0, 1)[keep.T], atol=1e-5, rtol=0)
    assert kept.shape == (6, V)


@pytest.mark.parametrize("model_type", model_types())
def test_names_longer_than_any_of_train_have_probabilities_too(model_type):
    """Whatever the block_size that a net was trained with, step and forward agree beyond it."""
    model, long = some_model(model_type), IDX[:, [0, *[1, 2, 3] * 7]]

    state, steps = model.initial_state(2), []
    for ix in long.T:
        logits, state = model.step(ix, state)
        steps.append(logits)

    torch.testing.assert_close(torch.stack(steps, dim=1), model(long), atol=1e-5, rtol=0)


@pytest.mark.parametrize("model_type", model_types())
def test_a_state_has_a_row_a_name_which_may_be_dropped_or_come_twice(model_type):
    """Names that leave a batch, by their numbers or by a mask, change nothing for the others, soon or late."""
    model, rng = some_model(model_type), torch.Generator().manual_seed(2)
    idx = torch.randint(V, (4 * V, 20), generator=rng)
    at_once, rows, state = model(idx), torch.arange(len(idx)), model.initial_state(len(idx))
    taken = {
        1: torch.tensor([3, 1, 3, *range(4, 18)]),
        5: torch.arange(17) % 3 > 0,
        6: torch.tensor([1, 0, *range(2, 11)]),
        17: torch.arange(11) < 2,
    }

    for place in range(idx.shape[1]):
        if place in taken:
            rows, state = tree_map_only(Tensor, itemgetter(taken[place]), (rows, state))
        assert all(len(leaf) == len(rows) for leaf in tree_leaves(state) if isinstance(leaf, Tensor))
        logits, state = model.step(idx[rows, place], state)
        torch.testing.assert_close(logits, at_once[rows, place], atol=1e-5, rtol=0)

    assert len(rows) == 2


@pytest.mark.parametrize("model_type", model_types())
def test_state_dict_brings_a_model_back(model_type):
    """Tensors of one model make another of the same config say the same."""
    model = some_model(model_type)
    other = empty(model_type, model)

    other.load_state_dict(model.state_dict())

    assert torch.equal(other(IDX), model(IDX))


@pytest.mark.parametrize("model_type", model_types())
def test_settings_are_read_from_text_and_unknown_ones_refused(model_type):
    """What --set gives is text; a setting that there is not is named beside those that there are."""
    known = defaults(model_type)

    assert configure(model_type, {name: str(value) for name, value in known.items()}) == configure(model_type, {})
    with pytest.raises(ValueError, match=rf"{model_type} has no setting 'nonsense': use one of {next(iter(known))}"):
        configure(model_type, {"nonsense": "1"})
    numbers = [name for name, value in known.items() if not isinstance(value, str)]
    for name in numbers:
        with pytest.raises(ValueError, match=rf"{model_type}.{name}=many: use a number"):
            configure(model_type, {name: "many"})
        with pytest.raises(ValueError, match=rf"{model_type}.{name}=-1(\.0)?: use"):
            configure(model_type, {name: "-1"})


@pytest.mark.parametrize("model_type", ["lstm", "../bigram", "", "__init__"])
def test_an_unknown_model_type_is_refused_with_those_that_there_are(model_type):
    """A model type is checked against what exists before it touches a path or an import."""
    with pytest.raises(ValueError, match=r"use one of .*bigram, bigram_net"):
        check_model_type(model_type)
