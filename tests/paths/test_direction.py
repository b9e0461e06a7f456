"""Random directions: as long as the layer's difference, zero elsewhere, and the same for every host and distance."""

import math

import pytest
import torch
from cases import CASES
from torch import nn

from isthmus.layers.rules import layer_partition
from isthmus.paths.direction import RandomDirection, RandomStep
from isthmus.paths.linear import Segment
from isthmus.weights.state import entry_kinds, tied_keys

BATCH_NORM = CASES[2]
DIRECTION = RandomDirection(seed=4, draw=2)


def segment_of(model, a, b, dtype=torch.float32):
    weights = ({k: t.to(dtype) if t.is_floating_point() else t for k, t in w.items()} for w in (a, b))
    return Segment.between(
        *weights, layer_partition("module", model), entry_kinds(model), ties=tied_keys(model),
    )  # fmt: skip


def segment_of_case(case, dtype=torch.float32):
    return segment_of(case.build(), case.weights(0), case.weights(1), dtype)


def length(weights, others, keys):
    return math.sqrt(sum(float((weights[key].double() - others[key].double()).square().sum()) for key in keys))


def step_of(segment, moving, norm=None, direction=DIRECTION):
    d = length(segment.first, segment.second, segment.parameters(moving)) if norm is None else norm
    return RandomStep.of_length(d, direction, segment, moving)


def has_the_layers_own_length(make_step, segment):
    """Whether a whole step in every single layer is as long as that layer's difference."""
    outcomes = []
    for label in segment.layers:
        keys = segment.parameters([label])
        moved = segment.weights(make_step(segment, (label,)).point(segment, "a", 1.0))
        own, host = length(segment.first, segment.second, keys), segment.weights(segment.point("a", (), 0.0))
        outcomes.append(math.isclose(length(moved, host, keys), own, rel_tol=1e-6))
    return all(outcomes)


def scaled_by_the_full_norm(segment, moving):
    """The published code: the length of the whole difference for the direction of one layer."""
    return step_of(segment, moving, length(segment.first, segment.second, segment.parameters(list(segment.layers))))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_step_is_as_long_as_the_layers_difference_and_not_as_the_networks(case):
    """Trap 7."""
    segment = segment_of_case(case)
    assert has_the_layers_own_length(step_of, segment)
    assert not has_the_layers_own_length(scaled_by_the_full_norm, segment)


@pytest.mark.parametrize("host", ["a", "b"])
def test_only_the_parameters_of_the_moving_layers_move(host):
    segment = segment_of_case(BATCH_NORM)
    moving = tuple(segment.layers)[1:3]
    stayed = segment.weights(segment.point(host, (), 0.0))
    moved = segment.weights(step_of(segment, moving).point(segment, host, 0.5))
    changed = {key for key in stayed if not torch.equal(stayed[key], moved[key])}
    assert changed == set(segment.parameters(moving))
    everywhere = segment.weights(step_of(segment, tuple(segment.layers)).point(segment, host, 0.5))
    statistics = [key for key in stayed if "running" in key or "num_batches" in key]
    assert statistics
    assert all(torch.equal(everywhere[key], stayed[key]) for key in statistics)


def test_both_hosts_leave_along_the_same_numbers():
    segment = segment_of_case(CASES[0], torch.float64)
    moving = ("hidden1", "fc")
    step = step_of(segment, moving)
    for key in segment.parameters(moving):
        steps = []
        for host in ("a", "b"):
            moved, stayed = (segment.weights(step.point(segment, host, fraction)) for fraction in (0.5, 0.0))
            steps.append(moved[key] - stayed[key])
        torch.testing.assert_close(*steps, rtol=0, atol=1e-14)
        assert steps[0].any()


def test_the_numbers_are_the_same_in_every_dtype_but_for_rounding():
    like = torch.empty(3, 5)
    single, double = (DIRECTION.part("w", like.to(dtype)) for dtype in (torch.float32, torch.float64))
    assert torch.equal(single.double(), double)
    assert (DIRECTION.part("w", like.bfloat16()) == single.bfloat16()).all()


def test_a_layers_numbers_do_not_depend_on_what_else_moves():
    segment = segment_of_case(CASES[0], torch.float64)
    key = "fc.weight"
    one, all_layers = (step_of(segment, moving) for moving in (("fc",), tuple(segment.layers)))
    start = segment.weights(segment.point("a", (), 0.0))[key]
    steps = [segment.weights(step.point(segment, "a", 1.0))[key] - start for step in (one, all_layers)]
    torch.testing.assert_close(steps[0] / one.scale, steps[1] / all_layers.scale, rtol=0, atol=1e-12)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(6, 4), nn.Linear(4, 6, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x):
        return self.head(self.embedding(x))


def test_tied_parameters_move_together_and_count_once():
    torch.manual_seed(0)
    model = Tied()
    a, b = ({key: t.clone() for key, t in Tied().state_dict().items()} for _ in range(2))
    segment = segment_of(model, a, b)
    labels = tuple(segment.layers)
    moved = segment.weights(step_of(segment, labels).point(segment, "a", 1.0))
    assert torch.equal(moved["embedding.weight"], moved["head.weight"])
    assert not torch.equal(moved["embedding.weight"], a["embedding.weight"])
    assert math.isclose(
        length(moved, a, ["embedding.weight"]), length(a, b, ["embedding.weight"]), rel_tol=1e-6
    )  # fmt: skip


@pytest.mark.parametrize("other", [RandomDirection(5, 2), RandomDirection(4, 3)])
def test_seed_and_draw_fix_a_direction_and_both_matter(other):
    like = torch.empty(100)
    assert torch.equal(DIRECTION.part("w", like), RandomDirection(4, 2).part("w", like))
    assert not torch.equal(DIRECTION.part("w", like), other.part("w", like))
    assert not torch.equal(DIRECTION.part("w", like), DIRECTION.part("v", like))
    assert RandomDirection(4, 2) == DIRECTION
    assert other != DIRECTION


def test_the_global_random_state_is_neither_used_nor_moved():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = DIRECTION.part("w", torch.empty(8))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert torch.equal(DIRECTION.part("w", torch.empty(8)), first)


def test_no_fraction_of_a_step_is_the_host_itself_and_layers_without_parameters_stay():
    segment = segment_of_case(CASES[0])
    assert step_of(segment, ("fc",)).point(segment, "b", 0.0) == segment.point("b", (), 0.0)
    empty = RandomStep.of_length(0.0, DIRECTION, segment, ())
    assert (empty.scale, empty.point(segment, "a", 1.0)) == (0.0, segment.point("a", (), 0.0))
