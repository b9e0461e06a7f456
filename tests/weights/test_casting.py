"""Weights in another type when they are read: nothing is held twice, and every number is that of a cast at once."""

import pytest
import torch

from isthmus.layers.rules import layer_partition
from isthmus.paths.linear import Segment
from isthmus.weights.casting import bytes_in, cast_weights, cast_when_read, entry_as, on_device, stored_in
from isthmus.weights.interpolation import PART, interpolation, rounded_interpolation
from isthmus.weights.state import entry_kinds, same_bits

RANDOM = torch.Generator().manual_seed(5)


def weights_of(dtype):
    return {"w": torch.randn(300, 7, generator=RANDOM).to(dtype), "n": torch.tensor(3), "z": torch.ones(2) * 1j}


@pytest.mark.parametrize("stored", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2])
@pytest.mark.parametrize("wide", [torch.float64, torch.float32])
@pytest.mark.parametrize("narrow", [torch.float32, torch.bfloat16])
def test_an_entry_is_that_of_one_cast_after_the_other(stored, wide, narrow):
    weights = weights_of(stored)
    expected = cast_weights(cast_weights(weights, wide), narrow)
    found = cast_weights(cast_when_read(weights, wide), narrow)
    assert list(found) == list(expected)
    for key, tensor in expected.items():
        assert same_bits(found[key], tensor), key


def test_what_was_widened_is_read_back_in_its_own_memory():
    weights = weights_of(torch.bfloat16)
    wide = cast_when_read(weights, torch.float32)
    assert wide["w"].dtype == torch.float32
    assert all(entry_as(wide, key, torch.bfloat16) is weights[key] for key in weights)
    assert stored_in(wide) is weights
    assert stored_in(weights) is weights
    there = on_device(wide, torch.device("cpu"))
    assert there["w"].dtype == torch.float32
    assert stored_in(there)["w"] is weights["w"]


def test_the_size_in_another_type_is_known_without_reading():
    weights = weights_of(torch.bfloat16)
    for dtype in (torch.float32, torch.bfloat16):
        expected = sum(tensor.nbytes for tensor in cast_weights(weights, dtype).values())
        assert bytes_in(cast_when_read(weights, torch.float32), dtype) == bytes_in(weights, dtype) == expected


@pytest.mark.parametrize("size", [17, 2 * PART + 19])
@pytest.mark.parametrize("turned", [False, True])
def test_rounding_part_by_part_gives_the_bits_of_rounding_at_once(size, turned):
    ends = [torch.randn(1, size, generator=RANDOM).to(torch.bfloat16) for _ in range(2)]
    for end, value in zip(ends, (float("nan"), 2.0), strict=True):
        end[0, 3], end[0, 5] = value, float("-inf")
    ends = [end.expand(2, -1).T if turned else end for end in ends]
    for position in (0.3, 0.5, 1.5):
        expected = interpolation(*(end.float() for end in ends), position)
        for dtype in (torch.float32, torch.bfloat16):
            found = rounded_interpolation(*ends, position, torch.float32, dtype)
            assert same_bits(found, expected.to(dtype))
            assert float(found[0, 5] if not turned else found[5, 0]) == float("-inf")


def test_a_segment_of_what_is_widened_has_the_points_of_one_that_was():
    def build(seed):
        torch.manual_seed(seed)
        return torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.BatchNorm1d(5), torch.nn.Linear(5, 3))

    model = build(0)
    pair = [cast_weights(build(seed).state_dict(), torch.bfloat16) for seed in (1, 2)]
    layers, kinds = layer_partition("module", model), entry_kinds(model)
    lazy, held = (
        Segment.between(*(cast(weights, torch.float32) for weights in pair), layers, kinds)
        for cast in (cast_when_read, cast_weights)
    )
    for moving, alpha in (((), 0.0), (("0", "1"), 0.3), (tuple(layers), 0.5), (tuple(layers), 1.0)):
        for dtype in (None, torch.float32, torch.bfloat16):
            point = lazy.point("a", moving, alpha)
            found, expected = lazy.weights(point, dtype), held.weights(point, dtype)
            assert all(same_bits(found[key], expected[key]) for key in expected)
            for label, version in zip(layers, point.versions, strict=True):
                for key in layers[label]:
                    assert same_bits(lazy.entry(label, version, key, dtype), expected[key])
