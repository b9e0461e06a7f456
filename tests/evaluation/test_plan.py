"""The plan runs every distinct (stage, incoming values, version) once, and starts from what it kept."""

from itertools import combinations_with_replacement, permutations
from time import perf_counter

import numpy as np
import pytest
import torch
from pairs_of_networks import MIXED, REGISTERED, Pair
from wide_networks import WIDE, DenseExperts, ParallelBranches, TwoTowers

from isthmus.evaluation.stages.cost import plan_cost
from isthmus.evaluation.stages.plan import plan_of
from isthmus.evaluation.stages.schedule import Schedule
from isthmus.evaluation.stages.stages import StageCosts
from isthmus.evaluation.stages.wiring import INPUTS, Wiring
from isthmus.paths.point import Blend, Point

CHAIN = Wiring.chain([(name,) for name in "uvwxyz"])
NETWORKS = {
    "chain": CHAIN,
    "tied": Wiring.chain([(), ("u",), ("v", "w"), ("x", "u"), ("z",)]),
    "whole": Wiring.chain([tuple("uvwxyz")]),
    "towers": Wiring(
        (("u",), ("v",), ("w",), ("x",), ("y",), (), ("z",)), ((INPUTS,), (0,), (1,), (INPUTS,), (3,), (2, 4), (5,))
    ),
    "branches": Wiring(
        (("u",), ("v",), ("w",), ("x",), (), ("y",), ("z", "u")), ((INPUTS,), (0,), (0,), (0,), (1, 2, 3), (4,), (5, 0))
    ),
}


def version(number):
    """One of the ways that a layer can come; different numbers are different ways."""
    return Blend(float(number), float(number), 0)


def random_points(seed, number, num_versions=3):
    draws = np.random.default_rng(seed).integers(0, num_versions, (number, 6))
    return list(dict.fromkeys(Point(tuple(map(version, row))) for row in draws.tolist()))


def random_costs(seed, wiring):
    sizes = np.random.default_rng(seed).integers(1, 9, len(wiring.layers) + 1).tolist()
    return StageCosts((1,) * len(wiring.layers), tuple(sizes))


def combination(point, wiring, stage):
    """The versions that a stage depends on, those of what it reads first."""
    if stage == INPUTS:
        return ()
    versions = dict(zip("uvwxyz", point.versions, strict=True))
    of_sources = tuple(combination(point, wiring, source) for source in wiring.sources[stage])
    return (*of_sources, *(versions[label] for label in wiring.layers[stage]))


def combinations(points, wiring):
    """For each stage how many combinations of versions it depends on."""
    return [len({combination(point, wiring, stage) for point in points}) for stage in range(len(wiring.layers))]


def walked(plan, points, wiring, sizes):
    """Follow the plan as the engine does; returns the most held at once and the combinations run, by stage."""
    values, of = {0: ()}, {0: INPUTS}
    most, runs, results = 0, [[] for _ in wiring.layers], {}
    for step in plan.steps():
        for source, number in step.given.items():
            assert of[number] == source
            assert values[number] == combination(points[step.point], wiring, source)
        values[step.value] = combination(points[step.point], wiring, step.stage)
        of[step.value] = step.stage
        most = max(most, sum(sizes[of[number] + 1] for number in values))
        runs[step.stage].append(values[step.value])
        if step.stage == len(runs) - 1:
            results[step.value] = values[step.value]
        for number in step.dropped:
            del values[number]
    assert not values
    for point, number in zip(points, plan.values.tolist(), strict=True):
        assert results[number] == combination(point, wiring, len(runs) - 1)
    return most, runs


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(5))
def test_every_combination_that_a_stage_depends_on_is_run_once_from_kept_values(name, seed):
    wiring, points = NETWORKS[name], random_points(seed, 60)
    costs = random_costs(seed, wiring)
    plan = plan_of(points, "uvwxyz", wiring, costs, room=10_000)
    most, runs = walked(plan, points, wiring, costs.made_bytes)
    assert sorted(plan.order.tolist()) == list(range(len(points)))
    assert plan.least.tolist() == combinations(points, wiring)
    assert [len(run) for run in runs] == plan.runs.tolist()
    assert plan.runs.sum() <= 1.05 * plan.least.sum()
    assert [set(run) for run in runs] == [{combination(p, wiring, n) for p in points} for n in range(len(runs))]
    assert most == plan.held


@pytest.mark.parametrize("seed", range(12))
def test_no_depth_first_order_holds_less_on_a_chain(seed):
    points = random_points(seed, 6, num_versions=2)
    costs = random_costs(seed, CHAIN)
    best = plan_of(points, "uvwxyz", CHAIN, costs)
    keys = [
        np.unique([hash(combination(point, CHAIN, stage)) for point in points], return_inverse=True)[1]
        for stage in range(6)
    ]
    least = min(
        schedule.held
        for order in permutations(range(len(points)))
        if is_depth_first(order, keys)
        for schedule in [Schedule.of([of_stage[list(order)] for of_stage in keys], CHAIN, costs.made_bytes)]
    )
    assert best.held == least


def is_depth_first(order, keys):
    changes = [np.count_nonzero(np.diff(of_stage[list(order)])) + 1 for of_stage in keys]
    return changes == [of_stage.max() + 1 for of_stage in keys]


def test_the_order_of_the_points_does_not_change_the_cost():
    points = random_points(0, 80)
    for wiring in NETWORKS.values():
        plan, turned = (plan_of(given, "uvwxyz", wiring) for given in (points, points[::-1]))
        assert plan.runs.tolist() == turned.runs.tolist()
        assert plan.held == turned.held


def test_points_that_differ_only_where_no_stage_reads_are_run_once():
    points = [Point(tuple(map(version, (*range(5), n)))) for n in range(4)]
    plan = plan_of(points, "uvwxyz", Wiring.chain(CHAIN.layers[:5]))
    assert plan.runs.tolist() == [1, 1, 1, 1, 1]
    assert plan.values.tolist() == [5, 5, 5, 5]


def test_a_sweep_of_single_layers_holds_the_values_of_two_nodes_however_deep_the_network():
    for depth in (10, 40):
        layers = [str(n) for n in range(depth)]
        points = [Point(tuple(version(n == moved) for n in range(depth))) for moved in range(depth)]
        plan = plan_of(points, layers, Wiring.chain([(label,) for label in layers]))
        assert plan.held == 3  # kept at the branch, and in and out of the stage that runs
        # Layer k of n needs n - k + 1 stage runs, and the host's own stages run once.
        assert plan.runs.sum() == depth * (depth + 1) / 2 + depth - 1


@pytest.mark.parametrize("name", NETWORKS)
def test_where_there_is_no_room_stages_run_again_but_no_more_than_on_a_chain(name):
    wiring, points = NETWORKS[name], random_points(1, 200, num_versions=3)
    chain = plan_of(points, "uvwxyz", Wiring.chain(wiring.layers))
    for room in (0, 10, 30, 1000):
        plan = plan_of(points, "uvwxyz", wiring, room=room)
        assert plan.held <= chain.held + max(room, chain.held)
        most, runs = walked(plan, points, wiring, [1] * (len(wiring.layers) + 1))
        assert most == plan.held
        assert [len(run) for run in runs] == plan.runs.tolist()
        assert (plan.least <= plan.runs).all()
        assert (plan.runs <= chain.runs).all()
    assert plan.runs.sum() <= 1.05 * plan.least.sum()


def test_a_value_kept_for_another_branch_is_dropped_where_there_is_no_room():
    depth = 10
    layers = [f"{tower}{n}" for tower in "uv" for n in range(depth)]
    sources = [(n - 1,) for n in range(depth)] + [(INPUTS,)] + [(n - 1,) for n in range(depth + 1, 2 * depth)]
    wiring = Wiring((*((label,) for label in layers), ()), (*sources, (depth - 1, 2 * depth - 1)))
    points = [
        Point(tuple(version(n in moved) for n in range(2 * depth)))
        for moved in map(set, combinations_with_replacement(range(2 * depth), 2))
    ]
    chain = plan_of(points, layers, Wiring.chain(wiring.layers))
    tight, wide = (plan_of(points, layers, wiring, room=room) for room in (0, 10_000))
    assert wide.runs.sum() <= 1.05 * wide.least.sum() < tight.runs.sum() < chain.runs.sum()
    assert tight.held < wide.held


@pytest.fixture(scope="module")
def resnet():
    """A pair of small ResNet-18s without normalisation, and the engine for it."""
    pair = Pair.of(*REGISTERED["resnet18_no_norm"]())
    return pair, pair.shared_engine()


@pytest.mark.parametrize(
    ("sweeps", "num_alphas", "most"),
    [("single", 24, 1.0), ("cumulative:deep_first", 24, 1.0), ("pairs", 3, 1.4), (MIXED, 3, 1.4)],
)
def test_memory_depends_on_the_kind_of_points_and_hardly_on_their_number(resnet, sweeps, num_alphas, most):
    pair, engine = resnet
    points = pair.points(sweeps, alphas=[k / 50 for k in range(1, num_alphas + 1)])
    few, many = (engine.plan(points[:: len(points) // number][:number]).held for number in (50, 1000))
    assert many <= most * few


def test_floating_point_work_of_resnet18_meets_its_bounds(resnet):
    pair, engine = resnet

    def cost(*sweeps):
        return plan_cost(engine.plan(pair.points(sweeps, alphas=(0.5,))), engine.staged.costs)

    single, pairs, shallow = cost("single"), cost("pairs"), cost("cumulative:shallow_first")
    assert single.flops / single.naive_flops <= 0.55
    assert pairs.flops / pairs.naive_flops <= 0.40
    assert shallow.flops / shallow.naive_flops <= 0.55
    assert cost("single", "pairs", "cumulative:shallow_first").flops < single.flops + pairs.flops + shallow.flops


def test_cost_weighs_stage_runs_by_their_operations():
    points = [Point((version(0), version(0))), Point((version(0), version(1)))]
    costs = StageCosts((30, 10), (1, 1, 1))
    plan = plan_of(points, "uv", Wiring.chain([("u",), ("v",)]), costs)
    cost = plan_cost(plan, costs)
    assert (cost.stage_runs, cost.naive_stage_runs) == (3, 4)
    assert (cost.flops, cost.naive_flops, cost.least_flops) == (50, 80, 50)
    assert (cost.forwards, cost.naive_forwards) == (1.25, 2)
    assert plan_cost(plan, StageCosts((0, 0), (1, 1, 1))).forwards == 1.5


def test_five_thousand_points_of_sixty_layers_are_planned_in_two_seconds():
    layers = [str(n) for n in range(60)]
    rng = np.random.default_rng(0)
    home = [Point(tuple(map(version, row))) for row in rng.integers(0, 2, (2, 60))]
    points = list({
        Point(tuple(version(0.1 * alpha) if n in moved else kept for n, kept in enumerate(host.versions)))
        for host in home
        for alpha in (1, 5)
        for moved in (frozenset(rng.choice(60, 2, replace=False).tolist()) for _ in range(1500))
    })[:5000]
    assert len(points) > 4000
    start = perf_counter()
    plan_of(points, layers, Wiring.chain([(label,) for label in layers]))
    assert perf_counter() - start < 2


# A stage that depends on L of T layers: alone and growing each host has 1 + L combinations, in pairs
# 1 + L + L (L - 1) / 2 (without the L where L = T). Both hosts have the one with all of the L half-way, which is one of
# those where L = 1, where they grow, and in pairs where L = 2. An m x n matrix takes 2 m n operations.
NEEDED = {
    TwoTowers: {
        "single": 72 * (3 + 7 + 9 + 11) + 72 * (7 + 9 + 11 + 13) + 48 * 23,
        "cumulative:shallow_first": 72 * (3 + 5 + 7 + 9) + 72 * (5 + 7 + 9 + 11) + 48 * 21,
        "pairs": 72 * (3 + 7 + 15 + 23) + 72 * (7 + 15 + 23 + 33) + 48 * 93,
    },
    DenseExperts: {
        "single": 72 * (3 + 7) + 6 * 96 * (7 + 9) + 48 * 33,
        "cumulative:shallow_first": 72 * (3 + 5) + 6 * 96 * (5 + 7) + 48 * 31,
        "pairs": 72 * (3 + 7) + 6 * 96 * (7 + 15) + 48 * 213,
    },
    ParallelBranches: {
        "single": 4 * 60 * (3 + 7) + 4 * 60 * (21 + 23) + 48 * 37,
        "cumulative:shallow_first": 4 * 60 * (3 + 5) + 4 * 60 * (19 + 21) + 48 * 35,
        "pairs": 4 * 60 * (3 + 7) + 4 * 60 * (93 + 113) + 48 * 275,
    },
}


@pytest.mark.parametrize("kind", WIDE)
def test_what_a_wide_network_needs_is_what_counting_by_hand_gives(kind):
    torch.manual_seed(0)
    pair = Pair.of(kind(), WIDE[kind](3))
    engine = pair.shared_engine()
    for sweep, by_hand in NEEDED[kind].items():
        cost = plan_cost(engine.plan(pair.points(sweep, alphas=(0.5,))), engine.staged.costs)
        assert cost.least_flops == by_hand
        assert cost.flops <= 1.1 * by_hand
