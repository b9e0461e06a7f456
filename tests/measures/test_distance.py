"""Distances and angles of layers."""

import math

import numpy as np
import pytest
import torch

from isthmus.measures.distance import layer_distance
from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.measures.ratio import barrier_ratio, rise_share

NAN, INF = math.nan, math.inf


def test_figures_of_a_right_triangle():
    found = layer_distance({"w": torch.tensor([3.0, 0.0])}, {"w": torch.tensor([3.0, 4.0])}, ["w"])
    assert (found.distance, found.num_parameters, found.status) == (4.0, 2, "defined")
    assert math.isclose(found.cosine, 0.6)
    assert math.isclose(found.relative_distance, 1.0)


def test_a_zero_vector_gives_a_named_undefined_angle_and_a_distance_all_the_same():
    found = layer_distance({"b": torch.zeros(2)}, {"b": torch.tensor([0.0, 2.0])}, ["b"])
    assert math.isnan(found.cosine)
    assert found.status == "undefined: zero vector in a"
    assert found.distance == 2.0
    both = layer_distance({"b": torch.zeros(2)}, {"b": torch.zeros(2)}, ["b"])
    assert both.status == "undefined: zero vector in a and b"
    assert math.isnan(both.relative_distance)


def test_large_tensors_are_taken_in_parts(monkeypatch):
    a, b = ({"w": tensor} for tensor in torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0)))
    whole = layer_distance(a, b, ["w"])
    monkeypatch.setattr("isthmus.measures.distance.LARGE", 4)
    parted = layer_distance(a, b, ["w"])
    assert (parted.num_parameters, parted.status) == (35, "defined")
    np.testing.assert_allclose(
        (parted.distance, parted.relative_distance, parted.cosine),
        (whole.distance, whole.relative_distance, whole.cosine), rtol=1e-12,
    )  # fmt: skip


def test_a_tensor_under_two_keys_counts_once():
    x, y = torch.tensor([1.0]), torch.tensor([4.0])
    found = layer_distance({"in": x, "out": x}, {"in": y, "out": y}, ["in", "out"])
    assert (found.distance, found.num_parameters) == (3.0, 1)


def test_equal_networks_have_cosine_one_to_the_last_place():
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    assert abs(layer_distance({"w": x}, {"w": x.clone()}, ["w"]).cosine - 1) < 1e-15


def test_the_share_is_undefined_without_a_full_rise():
    layer = np.array([0.0, 1.0])
    assert rise_share(layer, np.array([1.0, 3.0]), 3).value == 0.75
    for full in (np.array([-1.0, 1.0]), np.array([-1.0, -1.0]), np.array([np.nan, 1.0]), np.array([np.inf, 1.0])):
        assert rise_share(layer, full, 3) is UNKNOWN
        assert rise_share(np.zeros(2), full, 3) == Estimate.exact(0.0)
    assert rise_share(np.array([1.0]), np.array([2.0]), 3) == Estimate(1.5, -np.inf, np.inf)


def test_tensors_in_another_memory_format_are_told_apart():
    a = {f"w{k}": torch.full((2, 3, 2, 2), float(k)).to(memory_format=torch.channels_last) for k in range(4)}
    b = {key: torch.zeros_like(tensor) for key, tensor in a.items()}
    found = layer_distance(a, b, list(a))
    assert (found.num_parameters, found.distance) == (96, (24 * (1 + 4 + 9)) ** 0.5)


@pytest.mark.parametrize(
    ("a", "b", "status"),
    [
        ([1.0, NAN], [1.0, 2.0], "undefined: NaN in a"),
        ([NAN, 1.0], [1.0, NAN], "undefined: NaN in a and b"),
        ([1.0, -INF], [1.0, -INF], "undefined: infinity in a and b"),
        ([1.0, 1.0], [1.0, INF], "undefined: infinity in b"),
        ([], [], "undefined: no numbers"),
    ],
)
def test_vectors_that_have_no_angle_say_why(a, b, status):
    found = layer_distance({"w": torch.tensor(a)}, {"w": torch.tensor(b)}, ["w"])
    assert found.status == status
    assert math.isnan(found.cosine)
    assert math.isnan(found.relative_distance)


def test_equal_infinities_are_at_distance_zero_and_different_ones_are_not():
    mask = torch.tensor([0.0, -INF, INF])
    assert layer_distance({"w": mask}, {"w": mask + torch.tensor([3.0, 0.0, 0.0])}, ["w"]).distance == 3
    assert layer_distance({"w": mask}, {"w": -mask}, ["w"]).distance == INF


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.float16, torch.complex64])
def test_every_type_of_number_has_distances(dtype):
    a, b = torch.tensor([3.0, 0.0]).to(dtype), torch.tensor([0.0, 4.0]).to(dtype)
    assert layer_distance({"w": a}, {"w": b}, ["w"]).distance == 5


def test_the_ratio_of_barriers_is_undefined_without_a_full_barrier():
    ratio = barrier_ratio(np.array([[0.5], [0.5], [0.5]]), np.array([[2.0], [0.0], [-1.0]]), 3)
    assert ratio[0] == 0.75
    assert np.isnan(ratio[1:]).all()
