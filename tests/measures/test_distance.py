"""Distances and angles of layers."""

import math

import numpy as np
import torch

from isthmus.measures.distance import layer_distance
from isthmus.measures.ratio import rise_share


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


def test_a_tensor_under_two_keys_counts_once():
    x, y = torch.tensor([1.0]), torch.tensor([4.0])
    found = layer_distance({"in": x, "out": x}, {"in": y, "out": y}, ["in", "out"])
    assert (found.distance, found.num_parameters) == (3.0, 1)


def test_equal_networks_have_cosine_one_to_the_last_place():
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    assert abs(layer_distance({"w": x}, {"w": x.clone()}, ["w"]).cosine - 1) < 1e-15


def test_the_share_is_undefined_without_a_full_rise():
    layer = np.array([0.0, 1.0])
    assert rise_share(layer, np.array([1.0, 3.0]), 3)[0] == 0.75
    for full in (np.array([-1.0, 1.0]), np.array([-1.0, -1.0]), np.array([np.nan, 1.0]), np.array([np.inf, 1.0])):
        assert np.isnan(rise_share(layer, full, 3)).all()
        assert rise_share(np.zeros(2), full, 3) == (0.0, 0.0, 0.0)
    assert rise_share(np.array([1.0]), np.array([2.0]), 3) == (1.5, -np.inf, np.inf)


def test_tensors_in_another_memory_format_are_told_apart():
    a = {f"w{k}": torch.full((2, 3, 2, 2), float(k)).to(memory_format=torch.channels_last) for k in range(4)}
    b = {key: torch.zeros_like(tensor) for key, tensor in a.items()}
    found = layer_distance(a, b, list(a))
    assert (found.num_parameters, found.distance) == (96, (24 * (1 + 4 + 9)) ** 0.5)
