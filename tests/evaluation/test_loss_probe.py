"""A loss of the user's is tried before anything is measured with it."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from isthmus.errors import InputError
from isthmus.evaluation.losses.loss import squared_error
from isthmus.evaluation.losses.probe import own_loss_difference
from isthmus.evaluation.network import Network

OUTPUTS = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
TARGETS = torch.arange(8) % 3


def tried(loss, outputs=OUTPUTS, targets=TARGETS):
    network = Network.from_model(nn.Linear(2, 3), loss, torch.device("cpu"), torch.float32)
    return own_loss_difference(network, outputs.clone(), targets.clone(), "mine")


def per_example(outputs, targets):
    return functional.cross_entropy(outputs, targets, reduction="none")


def test_a_loss_of_each_example_passes_and_one_of_isthmus_needs_no_trial():
    assert tried(per_example) == 0
    assert tried(lambda o, t: per_example(o.softmax(1).log_(), t)) < 1e-6
    assert tried(squared_error) is None
    assert tried(per_example, OUTPUTS[:1], TARGETS[:1]) is None


def contrastive(outputs, targets):
    return functional.cross_entropy(outputs @ outputs.T, torch.arange(len(outputs)), reduction="none")


@pytest.mark.parametrize(
    "loss",
    [
        lambda o, t: per_example(o, t) / len(t),
        lambda o, t: functional.cross_entropy(o, t).expand(len(t)),
        lambda o, t: per_example(o - o.mean(0), t),
        lambda o, t: torch.where(torch.tensor(len(t) == 1), torch.nan, per_example(o, t)),
        contrastive,
    ],
)
def test_a_loss_that_depends_on_the_batch_is_refused(loss):
    with pytest.raises(InputError, match=r"does not depend on the rest of its batch(.|\n)*for it alone"):
        tried(loss)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda o, t: per_example(o, t).numpy(), "got numpy.ndarray"),
        (functional.cross_entropy, r"8 numbers for 8 examples\n +got shape \(\)"),
        (lambda o, t: per_example(o, t).squeeze(), r"1 numbers for 1 examples\n +got shape \(\)"),
        (lambda o, t: per_example(o.mul_(2), t), "leaves outputs and targets as they are"),
        (lambda o, t: per_example(o, t.fill_(0)), "leaves outputs and targets as they are"),
        (lambda o, t: per_example(o, t.float()), r"got RuntimeError: (.|\n)*targets of shape \(8,\) int64"),
        (lambda o, t: 1 / 0, r"ZeroDivisionError(.|\n)*mine, targets(.|\n)*choose another loss: cross_entropy"),
    ],
)
def test_what_a_loss_does_wrong_is_said(loss, message):
    with pytest.raises(InputError, match=message):
        tried(loss)


def test_a_loss_with_weights_of_its_own_is_measured_without_gradients():
    class Weighted(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self, outputs, targets):
            return functional.cross_entropy(outputs, targets, weight=self.weight, reduction="none")

    network = Network.from_model(nn.Linear(2, 3), Weighted(), torch.device("cpu"), torch.float32)
    assert not network.score(OUTPUTS, TARGETS).loss.requires_grad
