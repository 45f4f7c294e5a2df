"""Draws by inversion, and selection of the rows of a state."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.errors import UnsatisfiableRequest
from makemore.sampling.guided import draw, select_rows


@settings(max_examples=200)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(lambda probs: sum(probs) > 1e-3),
    st.floats(0, 1, exclude_max=True),
)
def test_ids_of_probability_0_are_never_drawn(weights, uniform):
    """Inversion stays on the support at 0, near 1 and despite rounding."""
    probs = torch.tensor([weights], dtype=torch.float64)
    probs /= probs.sum()

    ix = int(draw(probs, torch.tensor([uniform], dtype=torch.float64)))

    assert probs[0, ix] > 0


def test_a_row_of_zeros_ends_the_name_or_is_an_error():
    """Under a guide the name ends and is rejected later; without one it is an error."""
    weights, uniform = torch.tensor([[0.0, 0.0], [0.0, 1.0]]), torch.tensor([0.5, 0.5])

    assert draw(weights, uniform, may_fail=True).tolist() == [0, 1]
    with pytest.raises(UnsatisfiableRequest, match="only the empty name"):
        draw(weights, uniform)


def test_rows_of_nested_states_are_selected():
    """Tensors inside tuples are selected; None and caches stay as they are."""
    cache = object()

    first, (second, rest) = select_rows((torch.arange(3), (torch.eye(3), (None, cache))), torch.tensor([2, 0]))

    assert first.tolist() == [2, 0]
    assert second.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert rest == (None, cache)
