"""Properties of every model type."""

from operator import itemgetter

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from makemore.errors import InvalidOption
from makemore.models import (
    AutomatonModel,
    CombinedModel,
    CountedModel,
    FullBatchRecipe,
    LanguageModel,
    LinearModel,
    NetModel,
    NGramModel,
    Recipe,
    TrainedModel,
    check_model_type,
    components,
    config_class,
    configure,
    defaults,
    model_class,
    model_types,
)  # fmt: skip
from makemore.models._net import as_net
from makemore.models.ngram import NGrams

V = 5
# Of the n-grams (.) 1, (.1) 2 and (1) 2: states (.), (), (1), (.1).
NGRAMS = NGrams(
    V, np.array([1, 0, 1, 2]), np.array([1, 1, 1, 2]), np.array([1, 1, 1, 0]), np.array([0, 0, 1, 1]),
    np.array([0.3, 0.5, 0.4, 0.6]),
    np.array([0, 1, 2, 3]), np.array([1, 1, 2, 2]), np.array([0.88, 0.6, 0.64, 0.784]),
)  # fmt: skip
IDX = torch.tensor([[0, 1, 2, 4], [0, 3, 3, 0]])


def some_model(model_type):
    """A model of the type with varied parameters."""
    cls, config = model_class(model_type), configure(model_type, {})
    rng = torch.Generator().manual_seed(1)
    if issubclass(cls, CountedModel):
        return cls.from_counts(torch.randint(0, 9, (V, V), generator=rng).numpy(), config)
    if issubclass(cls, NGramModel):
        return cls.from_ngrams(NGRAMS, config)
    if issubclass(cls, LinearModel):
        return cls.from_weights(torch.randn((V, V), generator=rng).numpy(), config)
    if issubclass(cls, CombinedModel):
        model = cls.from_models([some_model(part) for part in config.parts], [], config)
        model.weights.copy_(torch.tensor([0.3, 0.7]))
        return model
    model = cls(V, config)
    model.initialise(rng)
    return model.eval()


def some_net(model_type):
    """A net with varied parameters, or a count model as a net."""
    return as_net(some_model(model_type))


def empty(model_type, model):
    """A model of the same config, as `weights.load_model` builds it before it reads the tensors."""
    cls = model_class(model_type)
    if issubclass(cls, CombinedModel):
        return cls.from_models(model.parts(), [], model.config)
    return cls(V, model.config)


@pytest.mark.parametrize("model_type", model_types())
def test_a_model_type_implements_the_contracts(model_type):
    """It is an automaton or a net, and its parameters come from exactly one source; a trained one has a recipe."""
    model, config = some_model(model_type), configure(model_type, {})

    sources = [contract for contract in (CountedModel, NGramModel, LinearModel, CombinedModel, TrainedModel)
               if isinstance(model, contract)]  # fmt: skip
    assert isinstance(model, LanguageModel)
    assert len(sources) == 1
    assert (sources == [TrainedModel]) == isinstance(config, Recipe)
    assert (sources == [LinearModel]) == isinstance(config, FullBatchRecipe)
    assert isinstance(model, AutomatonModel) != isinstance(model, NetModel)
    assert components(model) == [model, *(model.parts() if sources == [CombinedModel] else [])]
    assert len(config.parts) == len(components(model)) - 1


@pytest.mark.parametrize("model_type", model_types())
def test_step_agrees_with_forward(model_type):
    """Character by character a model gives the same logits as for the whole row at once."""
    model = some_net(model_type)
    at_once = model(IDX)

    state, steps = model.initial_state(len(IDX)), []
    for ix in IDX.T:
        logits, state = model.step(ix, state)
        steps.append(logits)

    torch.testing.assert_close(torch.stack(steps, dim=1), at_once, atol=1e-5, rtol=0)
    assert at_once.shape == (2, 4, V)


@pytest.mark.parametrize("model_type", [t for t in model_types() if issubclass(config_class(t), Recipe)])
def test_a_net_skips_padding(model_type):
    """With `keep`, it returns the logits of the marked positions, in time order."""
    model, keep = some_net(model_type), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]) > 0

    kept = model(IDX, keep)

    torch.testing.assert_close(kept, model(IDX).transpose(0, 1)[keep.T], atol=1e-5, rtol=0)
    assert kept.shape == (6, V)


@pytest.mark.parametrize("model_type", model_types())
def test_names_longer_than_any_training_name_have_probabilities(model_type):
    """Beyond `block_size`, step and forward still agree."""
    model, long = some_net(model_type), IDX[:, [0, *[1, 2, 3] * 7]]

    state, steps = model.initial_state(2), []
    for ix in long.T:
        logits, state = model.step(ix, state)
        steps.append(logits)

    torch.testing.assert_close(torch.stack(steps, dim=1), model(long), atol=1e-5, rtol=0)


@pytest.mark.parametrize("model_type", model_types())
def test_a_state_has_one_row_per_name_and_can_be_indexed(model_type):
    """Names dropped from a batch, by indices or by a mask, change nothing for the others."""
    model, rng = some_net(model_type), torch.Generator().manual_seed(2)
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
def test_tensors_restore_a_model(model_type):
    """A model of the same config that loads the tensors gives the same logits."""
    model = some_model(model_type)
    other = empty(model_type, model)

    other.load_tensors(model.tensors())

    assert torch.equal(as_net(other)(IDX), as_net(model)(IDX))


@pytest.mark.parametrize("model_type", model_types())
def test_tensors_of_another_model_are_refused(model_type):
    """Other names, or another number of characters."""
    model = some_model(model_type)
    name, tensor = next(iter(model.tensors().items()))

    for tensors in ({"other": tensor}, model.tensors() | {name: np.ones((7, 7), dtype=tensor.dtype)}):
        with pytest.raises((ValueError, RuntimeError, KeyError)):
            empty(model_type, model).load_tensors(tensors)


@pytest.mark.parametrize("model_type", model_types())
def test_settings_are_parsed_from_text_and_checked(model_type):
    """Values of --set are text; the error of an unknown setting lists the known ones."""
    known = defaults(model_type)

    assert configure(model_type, {name: str(value) for name, value in known.items()}) == configure(model_type, {})
    with pytest.raises(InvalidOption, match=rf"'nonsense' of {model_type}. hint: use one of {next(iter(known))}"):
        configure(model_type, {"nonsense": "1"})
    numbers = [name for name, value in known.items() if not isinstance(value, str)]
    for name in numbers:
        with pytest.raises(InvalidOption, match=rf"{model_type}.{name}=many is not a number"):
            configure(model_type, {name: "many"})
        with pytest.raises(InvalidOption, match=rf"{model_type}.{name}=-1(\.0)? is invalid. hint: use"):
            configure(model_type, {name: "-1"})


@pytest.mark.parametrize("model_type", ["lstm", "../bigram", "", "__init__", "_config"])
def test_an_unknown_model_type_is_an_error_that_lists_the_known_ones(model_type):
    """A model type is checked against the existing ones before it reaches a path or an import."""
    with pytest.raises(InvalidOption, match=r"hint: use one of bigram, bigram_net, bow"):
        check_model_type(model_type)
