"""Recalibration of BatchNorm against statistics worked out by hand."""

import copy

import pytest
import torch
from torch import nn

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.losses.loss import cross_entropy
from isthmus.evaluation.network import Network
from isthmus.evaluation.normalization import Recalibration, normalization_modules, refuse_shared_examples

CPU = torch.device("cpu")


def model_of(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, momentum=0.3), nn.Dropout(0.5), nn.Linear(4, 2))


def recalibration_of(model, n, batch_size, seed=1):
    inputs = torch.randn((n, 3), generator=torch.Generator().manual_seed(seed))
    network = Network.from_model(model, cross_entropy, CPU, torch.float32)
    return Recalibration(network, Examples(inputs, torch.zeros(n, dtype=torch.long), "r", "train"), batch_size), inputs


def test_one_batch_gives_its_own_mean_and_unbiased_variance():
    model = model_of()
    recalibration, inputs = recalibration_of(model, 20, 100)
    found = recalibration(dict(model.state_dict()))
    hidden = model[0](inputs).detach()
    torch.testing.assert_close(found["1.running_mean"], hidden.mean(0))
    torch.testing.assert_close(found["1.running_var"], hidden.var(0))


def test_every_example_weighs_the_same_whatever_the_batches():
    model = model_of()
    means = []
    for batch_size in (20, 7, 3):
        recalibration, inputs = recalibration_of(model, 20, batch_size)
        means.append(recalibration(dict(model.state_dict()))["1.running_mean"])
    for mean in means:
        torch.testing.assert_close(mean, model[0](inputs).detach().mean(0))


def test_it_does_not_depend_on_the_statistics_that_were_there_and_changes_nothing_else():
    model = model_of()
    weights = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    before = copy.deepcopy(weights)
    other = weights | {"1.running_mean": torch.full((4,), 7.0), "1.running_var": torch.full((4,), float("nan"))}
    recalibration, _ = recalibration_of(model, 20, 8)
    found, again = recalibration(weights), recalibration(other)
    assert all(torch.equal(found[key], again[key]) for key in found)
    assert all(found[key] is weights[key] for key in weights if "running" not in key)
    assert all(torch.equal(weights[key], before[key]) for key in before)
    bn = normalization_modules(recalibration.network.module)["1"]
    assert (bn.training, bn.momentum) == (False, 0.3)


def test_dropout_stays_off_while_statistics_are_measured():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Dropout(0.9), nn.BatchNorm1d(3))
    recalibration, inputs = recalibration_of(model, 50, 50)
    torch.testing.assert_close(recalibration(dict(model.state_dict()))["1.running_mean"], inputs.mean(0))


def test_modules_are_found_by_type_and_not_by_name():
    class Shadow(nn.Module):
        def __init__(self):
            super().__init__()
            self.bn_like = nn.Linear(2, 2)
            self.downsample = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
            self.group = nn.GroupNorm(1, 2)

    assert list(normalization_modules(Shadow())) == ["downsample.1"]


def test_measured_examples_among_the_recalibration_data_are_refused():
    inputs = torch.arange(12.0).reshape(4, 3)
    measured = Examples(inputs, torch.zeros(4, dtype=torch.long), "measured", "test")
    apart = Examples(inputs + 100, torch.zeros(4, dtype=torch.long), "apart", "train")
    refuse_shared_examples(apart, measured)
    with pytest.raises(InputError, match="2 of the 4 examples of measured also in part"):
        refuse_shared_examples(Examples(inputs[1:3], torch.zeros(2, dtype=torch.long), "part", "train"), measured)
