"""What is refused before measuring, since it could only give wrong numbers."""

import pytest
import torch
from cases import CASES
from torch import nn
from torch.nn import functional

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.losses.loss import cross_entropy
from isthmus.evaluation.network import Network
from isthmus.evaluation.probe import end_checks, probe_of
from isthmus.layers.rules import layer_partition
from isthmus.paths.linear import Segment
from isthmus.weights.state import entry_kinds

CPU = torch.device("cpu")


def probed(model, inputs, targets=None):
    targets = torch.zeros(len(inputs), dtype=torch.long) if targets is None else targets
    network = Network.from_model(model, cross_entropy, CPU, torch.float32)
    return probe_of(network, model.state_dict(), Examples(inputs, targets, "mine", "data")).checks


class Noisy(nn.Linear):
    def forward(self, x):
        return functional.dropout(super().forward(x))  # always on: the usual slip


class Crossing(nn.Linear):
    def forward(self, x):
        return super().forward(x - x.mean(0))


def test_a_random_forward_pass_is_refused():
    with pytest.raises(InputError, match="same outputs twice"):
        probed(Noisy(4, 3), torch.randn(8, 4))


@pytest.mark.parametrize(
    "model", [Crossing(4, 3), nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False))]
)
def test_a_value_that_depends_on_the_batch_is_refused(model):
    with pytest.raises(InputError, match=r"outputs that do not depend|runs on one example alone"):
        probed(model, torch.randn(8, 4))


def test_a_model_that_squeezes_the_batch_away_is_refused_for_that():
    class Squeezing(nn.Linear):
        def forward(self, x):
            return super().forward(x).squeeze()

    with pytest.raises(InputError, match=r"keeps the batch dimension(.|\n)*shape \(3,\) for one example"):
        probed(Squeezing(4, 3), torch.randn(8, 4))


def test_a_model_that_does_not_take_the_inputs_is_refused_with_their_shape():
    with pytest.raises(InputError, match=r"inputs of shape \(8, 5\)"):
        probed(nn.Linear(4, 3), torch.randn(8, 5))


def test_targets_beyond_the_outputs_are_refused():
    with pytest.raises(InputError, match="3 in row 7"):
        probed(nn.Linear(4, 3), torch.randn(8, 4), torch.tensor([0] * 7 + [3]))


def test_a_plain_model_passes_with_what_was_checked():
    checks = probed(nn.Linear(4, 3), torch.randn(8, 4))
    assert [check.passed for check in checks] == [True, True]


@pytest.mark.parametrize("policy", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_end_checks_pass_for_networks_and_fail_for_a_blend_that_is_off(case, policy):
    model, a, b = case.build(), case.weights(0), case.weights(1)
    segment = Segment.between(a, b, layer_partition("module", model), entry_kinds(model), keeps_statistics=policy)
    network = Network.from_model(model, cross_entropy, CPU, torch.float32)
    examples = Examples(*case.data(4), "mine", "data")
    assert [check.passed for check in end_checks(network, segment, a, b, examples)] == [True, True]
    moved = {key: tensor + 0.01 if tensor.is_floating_point() else tensor for key, tensor in b.items()}
    assert [check.passed for check in end_checks(network, segment, a, moved, examples)] == [True, False]
