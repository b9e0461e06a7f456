"""The training subspace and noise inside and outside of it; the published code's faults, and how they show."""

import math

import pytest
import torch
from cases import CASES
from torch import nn

from isthmus.errors import InputError
from isthmus.layers.rules import layer_partition
from isthmus.paths.direction import RandomDirection, RandomStep
from isthmus.paths.linear import Segment
from isthmus.questions.noise.subspace import NoiseDirection, TrainingSubspace, flat_vector
from isthmus.weights.state import entry_kinds

MLP = CASES[0]
SPACES = ("training", "null")


def segment_of(case, dtype=torch.float64, a=0, b=1):
    model = case.build()
    weights = ({key: t.to(dtype) for key, t in case.weights(seed).items()} for seed in (a, b))
    return Segment.between(*weights, layer_partition("module", model), entry_kinds(model))


def trained(case, num_steps, seed=0):
    """The living state dict of a network, after each of a few steps of gradient descent."""
    torch.manual_seed(seed)
    model = case.build()
    inputs, targets = case.data(20)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for step in range(num_steps):
        yield model.state_dict()
        batch = slice(5 * (step % 4), 5 * (step % 4) + 5)
        nn.functional.cross_entropy(model(inputs[batch]), targets[batch]).backward()
        optimizer.step()
        optimizer.zero_grad()


def mlp_subspace(num_steps=8):
    keys = tuple(MLP.weights(0))
    return TrainingSubspace.of(trained(MLP, num_steps), keys), keys


def vector_of(direction, keys, like):
    return flat_vector({key: direction.part(key, like[key]) for key in keys}, keys)


def test_null_noise_is_orthogonal_to_every_snapshot_and_training_noise_is_in_their_span():
    subspace, keys = mlp_subspace()
    snapshots = [flat_vector(dict(snapshot), keys) for snapshot in trained(MLP, 8)]
    like = {key: t.double() for key, t in MLP.weights(0).items()}
    for draw in range(5):
        null, training = (
            vector_of(subspace.noise(space, RandomDirection(3, draw)), keys, like) for space in ("null", "training")
        )
        for snapshot in snapshots:
            assert abs(null @ snapshot) < 1e-10 * snapshot.norm() * null.norm()
        nearest = torch.linalg.lstsq(torch.stack(snapshots).T, training[:, None]).solution
        assert (torch.stack(snapshots).T @ nearest - training[:, None]).norm() < 1e-9
        assert training.norm() > 0.9


def test_orthogonality_holds_also_for_snapshots_that_differ_by_a_millionth():
    random = torch.Generator().manual_seed(0)
    start = torch.randn(3000, generator=random)
    snapshots = [{"w": start + 1e-6 * torch.randn(3000, generator=random)} for _ in range(6)]
    subspace = TrainingSubspace.of(snapshots, ["w"])
    assert subspace.rank == 6
    null = subspace.noise("null", RandomDirection(0, 0)).parts["w"]
    assert all(abs(null @ s["w"].double()) < 1e-10 * s["w"].norm() for s in snapshots)
    steps = [(s["w"].double() - snapshots[0]["w"].double()) for s in snapshots[1:]]
    assert all(abs(null @ step) < 1e-8 * step.norm() for step in steps)


def test_little_that_lies_outside_beside_much_inside_is_orthogonal_all_the_same():
    """One subtraction leaves 1e-16 of what was inside: too much where that is a hundred million times the rest."""
    subspace, _ = mlp_subspace()
    random = torch.Generator().manual_seed(1)
    x = torch.randn(subspace.num_parameters, generator=random, dtype=torch.float64)
    outside = subspace.null_projection(x)
    found = subspace.null_projection(1e8 * subspace.projection(x) + outside)
    assert subspace.projection(found).norm() < 1e-10 * found.norm()


def test_the_projector_is_idempotent_symmetric_and_splits_every_vector():
    subspace, _ = mlp_subspace()
    random = torch.Generator().manual_seed(1)
    x, y = (torch.randn(subspace.num_parameters, generator=random, dtype=torch.float64) for _ in range(2))
    inside, outside = subspace.projection(x), subspace.null_projection(x)
    torch.testing.assert_close(subspace.projection(inside), inside, rtol=0, atol=1e-13)
    torch.testing.assert_close(subspace.null_projection(outside), outside, rtol=0, atol=1e-13)
    torch.testing.assert_close(inside + outside, x, rtol=0, atol=1e-13)
    assert abs(x @ subspace.projection(y) - y @ inside) < 1e-12
    gram = subspace.basis.T @ subspace.basis
    torch.testing.assert_close(gram, torch.eye(len(gram), dtype=torch.float64), rtol=0, atol=1e-13)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-6)])
@pytest.mark.parametrize("sigma", [0.25, 3.0])
def test_a_step_has_exactly_the_length_sigma_and_is_zero_elsewhere(space, dtype, tolerance, sigma):
    segment = segment_of(MLP)
    moving = ("hidden2",)
    keys = segment.parameters(moving)
    subspace = TrainingSubspace.of(trained(MLP, 5), keys)
    direction = subspace.noise(space, RandomDirection(0, 0), dtype)
    for host in ("a", "b"):
        moved = segment.weights(segment.displaced(host, moving, direction, sigma))
        stayed = segment.weights(segment.point(host, (), 0.0))
        assert all(moved[key] is stayed[key] for key in stayed if key not in keys)
        length = (flat_vector(moved, keys) - flat_vector(stayed, keys)).norm()
        assert abs(length - sigma) < tolerance * sigma
    assert not direction.part("fc.weight", stayed["fc.weight"]).any()


def test_the_rank_counts_dependent_and_repeated_snapshots_once():
    first, second = ({"w": torch.randn(50, generator=torch.Generator().manual_seed(s))} for s in (0, 1))
    mean = {"w": (first["w"] + 2 * second["w"]) / 3}
    one = TrainingSubspace.of([first], ["w"])
    assert (one.rank, one.num_snapshots, one.null_dimension) == (1, 1, 49)
    twice = TrainingSubspace.of([first, first, second, first], ["w"])
    assert (twice.rank, twice.num_snapshots, twice.null_dimension) == (2, 4, 48)
    exact = TrainingSubspace.of([{"w": s["w"].double()} for s in (first, second)] + [
        {"w": (first["w"].double() + 2 * second["w"].double()) / 3}], ["w"])  # fmt: skip
    assert exact.rank == 2
    rounded = TrainingSubspace.of([first, second, mean], ["w"])
    assert rounded.rank == 2, "what rounding to float32 makes is no direction of training"
    null = rounded.noise("null", RandomDirection(0, 0)).parts["w"]
    assert abs(null @ mean["w"].double()) < 1e-12, "and yet the null space is orthogonal to it"
    nearly = {"w": mean["w"] + 1e-4 * torch.randn(50, generator=torch.Generator().manual_seed(2))}
    assert TrainingSubspace.of([first, second, nearly], ["w"]).rank == 3


def test_a_null_space_or_a_subspace_that_is_empty_has_no_noise():
    snapshots = [{"b": torch.randn(10, generator=torch.Generator().manual_seed(s))} for s in range(20)]
    full = TrainingSubspace.of(snapshots, ["b"])
    assert (full.rank, full.null_dimension) == (10, 0)
    assert full.noise("null", RandomDirection(0, 0)) is None
    assert isinstance(full.noise("training", RandomDirection(0, 0)), NoiseDirection)
    zero = TrainingSubspace.of([{"b": torch.zeros(4)}] * 3, ["b"])
    assert (zero.rank, zero.null_dimension) == (0, 4)
    assert zero.noise("training", RandomDirection(0, 0)) is None
    nothing = TrainingSubspace.of([{"b": torch.zeros(4)}], [])
    assert (nothing.rank, nothing.null_dimension, nothing.num_parameters) == (0, 0, 0)
    assert nothing.noise("null", RandomDirection(0, 0)) is None


def test_noise_depends_on_seed_and_draw_and_on_nothing_else():
    subspace, keys = mlp_subspace()
    again, _ = mlp_subspace()
    like = {key: t.double() for key, t in MLP.weights(0).items()}
    for space in SPACES:
        base = vector_of(subspace.noise(space, RandomDirection(0, 0)), keys, like)
        same = vector_of(again.noise(space, RandomDirection(0, 0)), keys, like)
        torch.testing.assert_close(base, same, rtol=0, atol=1e-12)
        for other in (RandomDirection(1, 0), RandomDirection(0, 1)):
            assert (vector_of(subspace.noise(space, other), keys, like) - base).norm() > 0.1


def test_noise_is_that_of_the_span_and_not_of_the_basis_that_was_found():
    """Snapshots in another order have another basis, with other signs, and the same noise."""
    keys = tuple(MLP.weights(0))
    snapshots = [{key: t.clone() for key, t in snapshot.items()} for snapshot in trained(MLP, 6)]
    like = {key: t.double() for key, t in MLP.weights(0).items()}
    one, other = (TrainingSubspace.of(order, keys) for order in (snapshots, snapshots[::-1]))
    for space in SPACES:
        noises = [vector_of(s.noise(space, RandomDirection(0, 0)), keys, like) for s in (one, other)]
        torch.testing.assert_close(*noises, rtol=0, atol=1e-9)


def test_snapshots_that_cannot_be_spanned_are_refused():
    with pytest.raises(InputError, match="at least one snapshot"):
        TrainingSubspace.of([], ["w"])
    for broken in (torch.tensor([1.0, math.nan]), torch.tensor([1.0 + 1j])):
        with pytest.raises(InputError, match=r"finite real numbers[\s\S]*snapshot 2"):
            TrainingSubspace.of([{"w": torch.ones(2)}, {"w": broken}], ["w"])


def test_snapshots_of_a_living_network_are_copied_and_aliases_have_rank_one_a_network():
    """Trap 5: the published code keeps references, so all snapshots of a training are its last one."""
    keys = tuple(MLP.weights(0))

    def both_networks():
        yield from trained(MLP, 6, seed=0)
        yield from trained(MLP, 6, seed=1)

    assert TrainingSubspace.of(both_networks(), keys).rank == 12
    aliased = list(both_networks())
    assert TrainingSubspace.of(aliased, keys).rank == 2
    single = torch.tensor([1.0, 0.0], dtype=torch.float64)

    def changing():
        yield {"w": single}
        single.copy_(torch.tensor([0.0, 1.0]))
        yield {"w": single}

    assert TrainingSubspace.of(changing(), ["w"]).rank == 2, "one tensor in float64 is copied as well"


def meets_half_way(step, segment, moving):
    """Whether half the distance in the averaging direction is the same place from either end."""
    points = [segment.weights(step(segment, host, moving, 0.5)) for host in ("a", "b")]
    return all(torch.equal(points[0][key], points[1][key]) for label in moving for key in segment.layers[label])


def towards_the_donor(segment, host, moving, fraction):
    return segment.point(host, moving, fraction)


def away_from_the_donor(segment, host, moving, fraction):
    """The published code's sign: host + (host - donor)."""
    return segment.point(host, moving, -fraction)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_averaging_direction_meets_half_way_and_the_wrong_sign_does_not(case):
    """Trap 6."""
    segment = segment_of(case, torch.float32)
    for moving in (tuple(segment.layers), (next(iter(segment.layers)),)):
        assert meets_half_way(towards_the_donor, segment, moving)
        assert not meets_half_way(away_from_the_donor, segment, moving)


def coefficients(noise, basis):
    return basis.T @ noise


def test_coefficients_are_gaussian_and_those_of_the_published_code_lie_in_one_orthant():
    """Trap 8: coefficients from U[0, 1) have one sign, so all their noise points to one side."""
    random = torch.Generator().manual_seed(0)
    snapshots = [{"w": torch.randn(300, generator=random, dtype=torch.float64)} for _ in range(40)]
    subspace = TrainingSubspace.of(snapshots, ["w"])

    def gaussian(draw):
        return subspace.noise("training", RandomDirection(0, draw)).parts["w"]

    def uniform(draw):
        c = torch.rand(40, generator=torch.Generator().manual_seed(draw), dtype=torch.float64)
        return subspace.basis @ c / c.norm()

    def is_centred(noise):
        found = torch.stack([coefficients(noise(draw), subspace.basis) for draw in range(50)])
        mean_sign = found.sign().mean()
        overlap = (found @ found.T).fill_diagonal_(0).mean()
        return abs(mean_sign) < 0.1 and abs(overlap) < 0.05

    assert is_centred(gaussian)
    assert not is_centred(uniform)
    found = 40**0.5 * torch.stack([coefficients(gaussian(draw), subspace.basis) for draw in range(200)])
    assert abs(float((found**2).mean()) - 1) < 1e-12
    assert abs(float((found**4).mean()) - 3 * 40 / 42) < 0.1, "the fourth moment of a Gaussian scaled to length 1"


def lies_on_one_line(displacements):
    """Whether vectors at distances 1, 2, 3 are multiples of the first."""
    return all((d - k * displacements[0]).norm() < 1e-10 * d.norm() for k, d in enumerate(displacements, start=1))


@pytest.mark.parametrize("kind", [*SPACES, "random"])
def test_all_distances_of_a_draw_lie_on_one_line_and_a_new_draw_at_each_does_not(kind):
    """Trap 13."""
    segment = segment_of(MLP)
    moving = ("hidden2", "fc")
    keys = segment.parameters(moving)
    subspace = TrainingSubspace.of(trained(MLP, 5), keys)

    def displacement(distance, draw):
        drawn = RandomDirection(0, draw)
        if kind == "random":
            point = RandomStep.of_length(1.0, drawn, segment, moving).point(segment, "a", distance)
        else:
            point = segment.displaced("a", moving, subspace.noise(kind, drawn), distance)
        return flat_vector(segment.weights(point), keys) - flat_vector(
            segment.weights(segment.point("a", (), 0.0)), keys
        )

    assert lies_on_one_line([displacement(distance, draw=0) for distance in (1.0, 2.0, 3.0)])
    assert not lies_on_one_line([displacement(distance, draw=int(distance)) for distance in (1.0, 2.0, 3.0)])
