"""Models and files in other types of number than the measurement's."""

import json
from functools import cache

import numpy as np
import pytest
import torch
from cases import CASES
from torch import nn

import isthmus

CNN = CASES[1]


class Scaled(nn.Module):
    """A convolution with a buffer that is not saved and a tied-free readout."""

    def __init__(self, inside=None):
        super().__init__()
        self.body = CNN.build()
        self.register_buffer("scale", torch.tensor([0.5]), persistent=False)
        self.inside = inside

    def forward(self, x):
        return self.body(x * self.scale)


@pytest.fixture(scope="module")
def pair():
    return [{f"body.{key}": tensor for key, tensor in CNN.weights(seed).items()} for seed in (0, 1)]


def measured(pair, model, **options):
    return isthmus.measure(model, *pair, CNN.data(), **options)


@pytest.fixture(scope="module")
def in_float32(pair):
    return cache(lambda dtype, engine: measured(pair, Scaled(), dtype=dtype, engine=engine))


@pytest.mark.parametrize("held", [torch.float16, torch.bfloat16, torch.float64, torch.float32])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_a_model_gives_the_same_numbers_whatever_precision_it_is_held_in(pair, in_float32, held, dtype, engine):
    expected = in_float32(dtype, engine)
    model = Scaled().to(held)
    found = measured(pair, model, dtype=dtype, engine=engine)
    np.testing.assert_array_equal(found.loss.values, expected.loss.values)
    assert {parameter.dtype for parameter in model.parameters()} == {held}
    said = [
        check["detail"] for check in json.loads(found.attrs["self_checks"]) if "copy of the model" in check["check"]
    ]
    same = str(held) == f"torch.{dtype}"
    assert said == ([] if same else [f"the model is held in {str(held).removeprefix('torch.')}"])


@pytest.mark.parametrize("held", [torch.float16, torch.float64])
def test_studies_take_models_of_any_precision(pair, held):
    values = [
        isthmus.curvature(model, *pair, CNN.data(), num_probes=2).predicted_rise.values
        for model in (Scaled(), Scaled().to(held))
    ]
    np.testing.assert_array_equal(*values)


@pytest.mark.parametrize("stored", [torch.float8_e4m3fn, torch.float8_e5m2, torch.float16])
def test_files_in_fewer_bits_are_measured_as_the_numbers_that_they_hold(pair, stored):
    few = [{key: tensor.to(stored) for key, tensor in weights.items()} for weights in pair]
    wide = [{key: tensor.float() for key, tensor in weights.items()} for weights in few]
    found, expected = measured(few, Scaled()), measured(wide, Scaled())
    np.testing.assert_allclose(found.loss.values, expected.loss.values, rtol=1e-6)
    np.testing.assert_allclose(found.distance.values, expected.distance.values)


def test_complex_numbers_keep_their_imaginary_parts():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.phases = nn.Parameter(torch.zeros(4, 3, dtype=torch.complex64))
            self.register_buffer("turn", torch.tensor([1j]), persistent=False)

        def forward(self, x):
            return (x @ (self.phases * self.turn)).real

    weights = [{"phases": torch.randn(4, 3, dtype=torch.complex64)} for _ in range(2)]
    x, y = torch.randn(6, 4, dtype=torch.complex64), torch.randint(3, (6,))
    result = isthmus.measure(Turned(), *weights, (x, y), sweep="full")
    middle = (weights[0]["phases"] + weights[1]["phases"]) / 2
    expected = nn.functional.cross_entropy((x @ (middle * 1j)).real, y)
    assert result.loss.sel(host="a", moving="all").item() == pytest.approx(expected.item(), rel=1e-5)


class Quantised(nn.Module):
    def __init__(self):
        super().__init__()
        self.codes = nn.Parameter(torch.zeros(3, 4, dtype=torch.int8), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(3, 1))

    def forward(self, x):
        return x @ (self.codes * self.scale).T


def quantised(codes, scale):
    return {"codes": torch.full((3, 4), codes, dtype=torch.int8), "scale": torch.full((3, 1), scale)}


def test_integer_parameters_that_differ_are_refused_and_equal_ones_stay():
    data = torch.randn(6, 4), torch.randint(3, (6,))
    with pytest.raises(isthmus.InputError, match=r"(?s)floating-point.*int8 under codes.*before quantisation"):
        isthmus.measure(Quantised(), quantised(1, 0.5), quantised(2, 0.7), data)
    result = isthmus.measure(Quantised(), quantised(3, 0.5), quantised(3, 0.7), data)
    assert result.moving.values.tolist() == ["all", "scale"]
    assert result.num_parameters.values.tolist() == [3, 3]


def test_normalisation_without_statistics_is_refused_by_name_and_the_remedy_is_one():
    def build(track):
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, track_running_stats=track), nn.Flatten())

    data = torch.randn(20, 1, 3, 3), torch.randint(2, (20,))
    message = r"(?s)1 normalises by the batch at hand.*track_running_stats=True"
    bare = [build(track=False).state_dict() for _ in range(2)]
    for policy in ({}, {"batch_norm": "recalibrate", "recalibration_data": (torch.randn(20, 1, 3, 3), data[1])}):
        with pytest.raises(isthmus.InputError, match=message):
            isthmus.measure(build(track=False), *bare, data, **policy)
    tracked = [build(track=True).train() for _ in range(2)]
    for network in tracked:
        network(data[0])
    with pytest.warns(isthmus.IsthmusWarning, match="same weights"):
        isthmus.measure(build(track=True), *(network.state_dict() for network in tracked), data)
