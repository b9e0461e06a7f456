"""The segment between two networks: ends, hosts, canonical order, and what is never blended."""

import pytest
import torch
from cases import CASES
from hypothesis import given
from hypothesis import strategies as st

from isthmus.layers.partition import LayerPartition
from isthmus.layers.rules import layer_partition
from isthmus.paths.linear import Segment
from isthmus.weights.state import Kind, entry_kinds, same_bits


def segment_of(case, a, b, **options):
    model = case.build()
    return Segment.between(a, b, layer_partition("module", model), entry_kinds(model), **options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_ends_are_the_networks_to_the_bit(case):
    a, b = case.weights(0), case.weights(1)
    segment = segment_of(case, a, b)
    labels = tuple(segment.layers)
    for host, near, far in (("a", a, b), ("b", b, a)):
        for alpha, end in ((0.0, near), (1.0, far)):
            found = segment.weights(segment.point(host, labels, alpha))
            blended = [key for key, kind in segment.kinds.items() if kind is not Kind.COUNTER]
            assert all(same_bits(found[key], end[key]) for key in blended), host


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exchanging_the_networks_exchanges_the_hosts_to_the_bit(case):
    a, b = case.weights(0), case.weights(1)
    one, other = segment_of(case, a, b), segment_of(case, b, a)
    moving = tuple(one.layers)[1:3]
    for alpha in (0.1, 0.25, 1 / 3, 0.9):
        x = one.weights(one.point("a", moving, alpha))
        y = other.weights(other.point("b", moving, alpha))
        assert all(same_bits(x[key], y[key]) for key in x)


def test_both_hosts_meet_in_one_point_of_the_full_segment():
    case = CASES[1]
    segment = segment_of(case, case.weights(0), case.weights(1))
    labels = tuple(segment.layers)
    for alpha in (0.5, 0.1, 0.3):
        assert segment.point("a", labels, alpha) == segment.point("b", labels, float(f"{1 - alpha:.1f}"))


def test_only_the_moving_layers_leave_the_host_and_inputs_stay_as_they_are():
    case = CASES[2]
    a, b = case.weights(0), case.weights(1)
    before = {key: tensor.clone() for key, tensor in a.items()}
    segment = segment_of(case, a, b)
    found = segment.weights(segment.point("a", ("layer1.0.bn1",), 0.5))
    changed = {key for key in a if not same_bits(found[key], a[key])}
    assert changed == {f"layer1.0.bn1.{name}" for name in ("weight", "bias", "running_mean", "running_var")}
    torch.testing.assert_close(
        found["layer1.0.bn1.running_var"], (a["layer1.0.bn1.running_var"] + b["layer1.0.bn1.running_var"]) / 2
    )
    assert all(same_bits(before[key], a[key]) for key in a)


def test_under_the_policy_host_running_statistics_stay():
    case = CASES[2]
    a, b = case.weights(0), case.weights(1)
    segment = segment_of(case, a, b, keeps_statistics=True)
    found = segment.weights(segment.point("a", tuple(segment.layers), 1.0))
    assert same_bits(found["bn1.running_mean"], a["bn1.running_mean"])
    assert same_bits(found["bn1.weight"], b["bn1.weight"])


def test_integer_buffers_come_from_the_host_and_tell_points_apart_only_where_they_differ():
    case = CASES[2]
    a, b = case.weights(3), case.weights(4)
    segment = segment_of(case, a, b)
    labels = tuple(segment.layers)
    assert segment.point("a", labels, 0.5) == segment.point("b", labels, 0.5)  # counters differ and do not count
    model = torch.nn.Module()
    model.weight = torch.nn.Parameter(torch.zeros(2))
    model.register_buffer("table", torch.arange(2))
    x, y = {"weight": torch.zeros(2), "table": torch.arange(2)}, {"weight": torch.ones(2), "table": torch.arange(2) + 5}
    other = Segment.between(x, y, layer_partition("pattern:*", model), entry_kinds(model))
    assert other.weights(other.point("b", ("*",), 0.5))["table"].tolist() == [5, 6]
    assert other.weights(other.point("a", ("*",), 0.5))["table"].tolist() == [0, 1]


LAYERS = tuple("uvwx")
MOVING = st.sets(st.sampled_from(LAYERS))
ALPHAS = st.integers(0, 8).map(lambda k: k / 8)


def plain_segment(*, turned=False):
    weights = [{label: torch.tensor([n, 2.0 * n + 1], dtype=torch.float64) for label in LAYERS} for n in (0, 3)]
    kinds = dict.fromkeys(LAYERS, Kind.PARAMETER)
    a, b = reversed(weights) if turned else weights
    return Segment.between(a, b, LayerPartition({label: [label] for label in LAYERS}), kinds)


@given(MOVING, ALPHAS)
def test_exchanging_the_networks_exchanges_the_hosts_of_every_point(moving, alpha):
    one, other = plain_segment(), plain_segment(turned=True)
    assert one.point("a", moving, alpha) == other.point("b", moving, alpha)
    assert one.point("b", moving, alpha) == other.point("a", moving, alpha)


@given(MOVING, st.integers(0, 1000))
def test_both_hosts_meet_where_they_have_gone_towards_each_other(moving, thousandths):
    segment = plain_segment()
    alpha, back = thousandths / 1000, (1000 - thousandths) / 1000
    assert segment.point("a", LAYERS, alpha) == segment.point("b", LAYERS, back)
    assert segment.point("a", moving, 1.0) == segment.point("b", set(LAYERS) - moving, 1.0)


@given(*[st.tuples(st.sampled_from("ab"), MOVING, ALPHAS)] * 2)
def test_points_are_equal_exactly_when_their_weights_are(one, other):
    segment = plain_segment()
    points = [segment.point(*place) for place in (one, other)]
    weights, others = (segment.weights(point) for point in points)
    assert (points[0] == points[1]) == all(same_bits(weights[key], others[key]) for key in LAYERS)
    assert points[0] != points[1] or hash(points[0]) == hash(points[1])
