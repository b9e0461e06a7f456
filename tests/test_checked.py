"""Shapes are checked while tests run also in the rooms that meet users."""

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from isthmus.data.clients.draws import rounded_shares
from isthmus.runs.refine import next_positions
from isthmus.training.losses import epoch_losses

TABLE = np.zeros((2, 2))


@pytest.mark.parametrize(
    ("called", "wrong"),
    [
        (rounded_shares, (TABLE, 3)),
        (epoch_losses, (torch.zeros(2, 2), 1, 2)),
        (next_positions, ((0.0, 1.0), TABLE)),
    ],
    ids=lambda part: part.__module__ if callable(part) else "",
)
def test_a_wrong_shape_does_not_pass(called, wrong):
    with pytest.raises(TypeCheckError):
        called(*wrong)
