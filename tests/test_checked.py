"""Shapes and types are checked in every room while tests run."""

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from isthmus.cli.options import loss_of_option
from isthmus.data.clients import rounded_shares
from isthmus.experiments.reproduction.times import seconds_text
from isthmus.identity.code import is_installed
from isthmus.models.spec import parsed_model_spec
from isthmus.report.significant import significant_text
from isthmus.runs.refine import next_positions
from isthmus.training.losses import epoch_losses

TABLE = np.zeros((2, 2))


@pytest.mark.parametrize(
    ("called", "wrong"),
    [
        (rounded_shares, (TABLE, 3)),
        (epoch_losses, (torch.zeros(2, 2), 1, 2)),
        (next_positions, ((0.0, 1.0), TABLE)),
        (significant_text, ("0.5",)),
        (parsed_model_spec, (3,)),
        (seconds_text, ("3",)),
        (is_installed, (3,)),
        (loss_of_option, (3,)),
    ],
    ids=lambda part: part.__module__ if callable(part) else "",
)
def test_a_wrong_shape_or_type_does_not_pass(called, wrong):
    with pytest.raises(TypeCheckError):
        called(*wrong)
