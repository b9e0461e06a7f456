"""The plan runs every distinct (stage, incoming values, version) once, and starts from what it kept."""

from itertools import pairwise, permutations
from time import perf_counter

import numpy as np
import pytest
from pairs_of_networks import MIXED, REGISTERED, Pair

from isthmus.evaluation.stages.cost import plan_cost
from isthmus.evaluation.stages.plan import plan_of
from isthmus.evaluation.stages.stages import StageCosts
from isthmus.paths.point import Blend, Point

CHAIN = [(name,) for name in "uvwxyz"]
NETWORKS = {
    "chain": CHAIN,
    "tied": [(), ("u",), ("v", "w"), ("x", "u"), ("z",)],
    "whole": [tuple("uvwxyz")],
}


def version(number):
    """One of the ways that a layer can come; different numbers are different ways."""
    return Blend(float(number), float(number), 0)


def random_points(seed, number, num_versions=3):
    draws = np.random.default_rng(seed).integers(0, num_versions, (number, 6))
    return list(dict.fromkeys(Point(tuple(map(version, row))) for row in draws.tolist()))


def prefix(point, stages, depth):
    """The versions of everything that the first stages read."""
    versions = dict(zip("uvwxyz", point.versions, strict=True))
    return tuple(tuple(versions[label] for label in labels) for labels in stages[:depth])


def walked(plan, points, stages, sizes):
    """Follow the plan as the engine does; returns the most held at once and the prefixes run, by stage."""
    most, runs = 0.0, [[] for _ in stages]
    frames = {0: ()}
    reached = None
    for stretch in plan.walk():
        point = points[stretch.point]
        if stretch.start < len(stages):
            assert frames[stretch.start] == prefix(point, stages, stretch.start)
            frames = {depth: frame for depth, frame in frames.items() if depth in stretch.kept}
            for depth in range(stretch.start, len(stages)):
                if depth in stretch.kept:
                    frames[depth] = prefix(point, stages, depth)
                held = sum(sizes[other] for other in frames if other < depth)
                most = max(most, held + sizes[depth] + sizes[depth + 1])
                runs[depth].append(prefix(point, stages, depth + 1))
            reached = prefix(point, stages, len(stages))
        assert reached == prefix(point, stages, len(stages))
    assert not frames
    return most, runs


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(5))
def test_every_distinct_prefix_is_run_once_from_kept_values(name, seed):
    stages, points = NETWORKS[name], random_points(seed, 60)
    sizes = np.random.default_rng(seed).integers(1, 9, len(stages) + 1).tolist()
    plan = plan_of(points, "uvwxyz", stages, sizes)
    most, runs = walked(plan, points, stages, sizes)
    assert sorted(plan.order.tolist()) == list(range(len(points)))
    assert [len(run) for run in runs] == plan.runs.tolist()
    for depth, run in enumerate(runs):
        assert len(run) == len(set(run))
        assert set(run) == {prefix(point, stages, depth + 1) for point in points}
    assert most == plan.held


@pytest.mark.parametrize("seed", range(12))
def test_no_depth_first_order_holds_less(seed):
    points = random_points(seed, 6, num_versions=2)
    sizes = np.random.default_rng(seed).integers(1, 9, 7).tolist()
    best = plan_of(points, "uvwxyz", CHAIN, sizes)
    tree = [prefix(point, CHAIN, 6) for point in points]
    least = np.inf
    for order in permutations(range(len(points))):
        shared = [
            next((depth for depth in range(6) if tree[i][depth] != tree[j][depth]), 6) for i, j in pairwise(order)
        ]
        if sum(6 - start for start in shared) + 6 == best.runs.sum():  # depth first: nothing is run twice
            plan = type(best)(np.array(order), np.array([0, *shared]), best.runs, 0)
            least = min(least, walked(plan, points, CHAIN, sizes)[0])
    assert best.held == least


def test_the_order_of_the_points_does_not_change_the_cost():
    points = random_points(0, 80)
    plan, turned = (plan_of(given, "uvwxyz", CHAIN) for given in (points, points[::-1]))
    assert plan.runs.tolist() == turned.runs.tolist()
    assert plan.held == turned.held


def test_points_that_differ_only_where_no_stage_reads_are_run_once():
    points = [Point(tuple(map(version, (*range(5), n)))) for n in range(4)]
    plan = plan_of(points, "uvwxyz", CHAIN[:5])
    assert plan.runs.tolist() == [1, 1, 1, 1, 1]
    assert [stretch.start for stretch in plan.walk()] == [0, 5, 5, 5]


def test_a_sweep_of_single_layers_holds_the_values_of_two_nodes_however_deep_the_network():
    for depth in (10, 40):
        layers = [str(n) for n in range(depth)]
        points = [Point(tuple(version(n == moved) for n in range(depth))) for moved in range(depth)]
        plan = plan_of(points, layers, [(label,) for label in layers])
        assert plan.held == 3  # kept at the branch, and in and out of the stage that runs
        # Layer k of n needs n - k + 1 stage runs, and the host's own stages run once.
        assert plan.runs.sum() == depth * (depth + 1) / 2 + depth - 1


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
    stages = [("u",), ("v",)]
    plan = plan_of(points, "uv", stages, (1, 1, 1))
    cost = plan_cost(plan, StageCosts((30, 10), (1, 1, 1)))
    assert (cost.stage_runs, cost.naive_stage_runs) == (3, 4)
    assert (cost.flops, cost.naive_flops) == (50, 80)
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
    plan_of(points, layers, [(label,) for label in layers])
    assert perf_counter() - start < 2
