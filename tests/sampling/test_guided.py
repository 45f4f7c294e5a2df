"""Draws by inversion, on any device that torch knows."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from makemore.sampling.guided import draw


@settings(max_examples=200)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(lambda probs: sum(probs) > 1e-3),
    st.floats(0, 1, exclude_max=True),
)
def test_what_has_probability_zero_is_never_drawn(weights, uniform):
    """Inversion stays on the support, at 0, near 1 and wherever rounding leaves the total."""
    probs = torch.tensor([weights], dtype=torch.float64)
    probs /= probs.sum()

    ix = int(draw(probs, torch.tensor([uniform], dtype=torch.float64)))

    assert probs[0, ix] > 0


def test_a_dead_end_ends_the_name_or_is_an_error():
    """Where a guide leads a net to what it finds impossible, the name ends, to be rejected; without one it is told."""
    weights, uniform = torch.tensor([[0.0, 0.0], [0.0, 1.0]]), torch.tensor([0.5, 0.5])

    assert draw(weights, uniform, dead_end=True).tolist() == [0, 1]
    with pytest.raises(ValueError, match="no character has a probability"):
        draw(weights, uniform)
