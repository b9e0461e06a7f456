"""Coverage and cost of the intervals that `precision=` gives, by drawing examples of known populations.

A population holds the losses of two complete networks and of the points of some cuts on all N examples of a data set.
In each run it is put into a new random order and evaluated as `isthmus.measure(..., precision=...)` does it, by an
engine that looks the losses up; then the intervals of every cut's rise and barrier are compared with those of the whole
population. One line a population and precision: coverage in percent, of the worst cut and of all; examples used, in the
mean and of the cut that took most; what an interval of a size fixed beforehand would take for the rise, had the
variances been known; and how many intervals had no width although examples were left.

    python benchmarks/coverage.py --runs 1000
    python benchmarks/coverage.py --runs 1000 --measured RUN --precision 0.003 0.01

The stored populations are the single layers of two networks that know 3,000 images by heart, on these images
(tests/measures/memorised_losses.npz), and three layers of an earlier such pair and of a little trained one on 1,600
test images, given five times over (tests/measures/real_losses.npz). Any run folder of single layers is one more. Made
ones have the tails that break intervals; their networks a and b are equally good.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import isthmus
from isthmus.data.examples import Examples
from isthmus.evaluation.precision import PreciseEvaluation
from isthmus.evaluation.unit import ExampleBlock, blocks_of
from isthmus.measures.examples import ExampleTable, differences_of_cut
from isthmus.measures.intervals.sampled_barrier import (
    BarrierRule,
    SampledCuts,
    cuts_of,
    sampled_barrier,
    sampled_error_barrier,
)
from isthmus.measures.intervals.sequential import FACTOR, Precision, looks
from isthmus.paths.point import Blend, Point
from isthmus.sweeps.grid import Grid
from isthmus.sweeps.group import MovingGroup

STORED = Path(__file__).parents[1] / "tests" / "measures"
ALPHAS = tuple(k / 10 for k in range(11))
MIDPOINT = 5
SLACK = 1e-9
COLUMNS = (
    *("population", "N", "precision", "rise: worst cut, all", "barrier: the same", "examples: mean, most"),
    *("fixed size: the same", "half-width", "without width"),
)


@dataclass
class Population:
    """Losses, and perhaps errors, of points on all examples; points 0 and 1 are the complete networks."""

    grid: Grid
    loss: np.ndarray
    error: np.ndarray | None = None

    @classmethod
    def of_cuts(cls, ends, cuts, alphas=(0.5,), error=None):
        """From losses of the two networks, (2, example), and of cuts, (cut, alpha, example) into a or a host more."""
        cuts = cuts if cuts.ndim == 4 else cuts[None]
        shape = cuts.shape[:3]
        groups = tuple(MovingGroup(f"cut{m}", (f"cut{m}",), "single") for m in range(shape[1]))
        rows = 2 + np.arange(np.prod(shape)).reshape(shape)
        grid = Grid(("a", "b")[: shape[0]], groups, alphas, 2 + rows.size, rows, None)
        return cls(grid, np.concatenate([ends, cuts.reshape(-1, cuts.shape[-1])]).astype(np.float64), error)

    @classmethod
    def of_test_images(cls, pair: str, num_alphas: int):
        """Three cuts at the midpoint, or one on eleven alphas, of 1,600 test images given five times over."""
        with np.load(STORED / "real_losses.npz") as stored:
            loss = np.tile(stored[f"{pair}_loss"], 5)
            error = np.tile(np.unpackbits(stored[f"{pair}_error"], axis=1).astype(bool), 5)
        chosen = [2, 3, 4 + MIDPOINT] if num_alphas == 1 else [*range(4, 4 + len(ALPHAS))]
        cuts = loss[chosen][:, None] if num_alphas == 1 else loss[chosen][None]
        return cls.of_cuts(loss[:2], cuts, (0.5,) if num_alphas == 1 else ALPHAS, error[[0, 1, *chosen]])

    @classmethod
    def memorised(cls):
        """Both hosts, all layers at once and one by one, at the midpoint, on the images known by heart."""
        with np.load(STORED / "memorised_losses.npz") as stored:
            return cls.of_cuts(stored["ends"], stored["cuts"][:, :, None])

    @classmethod
    def measured(cls, folder: str):
        """The cuts of a run folder."""
        found = isthmus.examples(isthmus.load_run(folder))
        ends = np.stack([found.loss_a.values, found.loss_b.values])
        return cls.of_cuts(ends, found.loss.values, tuple(found.alpha.values.tolist()))

    @classmethod
    def made(cls, kind: str, size: int = 10_000):
        """One cut with a tail."""
        random = np.random.default_rng(0)
        rises = np.zeros(size)
        if kind in {"2 in 1,000 by 30 nats", "2 in 1,000 by 30 nats, all else equal"}:
            rises[: round(0.002 * size)] = 30.0
            if "equal" not in kind:
                rises += 0.1 * random.standard_normal(size)
        elif kind == "0.6 % of examples change":
            rises[: round(0.006 * size)] = random.exponential(1.0, round(0.006 * size))
        elif kind.startswith("lognormal"):
            rises = random.lognormal(0.0, float(kind[10:-1]), size)
        elif kind == "Student, 2.5 degrees":
            rises = random.standard_t(2.5, size)
        elif kind == "Pareto, index 2":
            rises = random.pareto(2.0, size)
        elif kind == "normal":
            rises = random.standard_normal(size)
        end = random.exponential(0.5, size)
        return cls.of_cuts(np.stack([end, end]), (end + rises)[None, None])


@dataclass
class LookUp:
    """An engine whose points are rows of a table and whose inputs are its columns."""

    population: Population

    def units(self, _points, _examples):
        """One unit for everything."""
        yield 0, 0

    def evaluated(self, points, examples):
        """As every engine; the integers of a point's one version are the number of its row."""
        numbers = np.array([point.versions[0].integers for point in points])
        loss = self.population.loss[np.ix_(numbers, examples.inputs)]
        return lambda _: ExampleBlock(tuple(range(len(points))), 0, loss, None)

    def blocks(self, points, examples, _done):
        """The one unit."""
        return blocks_of(self, points, examples, set())


def true_barriers(population: Population, values: np.ndarray, baseline: str) -> np.ndarray:
    """The largest excess of every cut on the whole population."""
    grid, N = population.grid, population.loss.shape[1]
    return np.array([
        differences_of_cut(grid, values, baseline, h, m, N).mean(axis=1).max()
        for h, m in np.ndindex(*grid.rows.shape[:2])
    ])


def one_run(population: Population, precision: Precision, order: np.ndarray, truth: dict) -> dict[str, np.ndarray]:
    """For each cut, whether its intervals hold the truth, how wide they are, and how many examples they took."""
    grid, N = population.grid, precision.num_population
    inputs = torch.from_numpy(order)
    walk = PreciseEvaluation(
        LookUp(population),
        tuple(Point((Blend(0.0, 0.0, number),)) for number in range(grid.num_points)),
        Examples(inputs, inputs, "order", "test"),
        cuts_of(grid, "models"),
        BarrierRule(grid, "models", precision),
    )
    for _ in walk.blocks(looks(N), {}):
        pass
    sampled = SampledCuts(grid, ExampleTable(walk.losses, None, None, walk.counts), "models", N)
    found = {name: [] for name in (*truth, "n", "half", "empty")}
    for number, (h, m) in enumerate(np.ndindex(*grid.rows.shape[:2])):
        cut = sampled.cut(h, m)
        n = cut.rise.num_examples
        rise = sampled_barrier(cut.rise, cut.excesses, grid.alphas, precision)
        barrier = sampled_barrier(cut.excess, cut.excesses, grid.alphas, precision)
        intervals = {"rise": rise, "barrier": barrier}
        if population.error is not None:
            differences = differences_of_cut(grid, population.error[:, order], "models", h, m, n)
            intervals["error"] = sampled_error_barrier(differences, grid.alphas, precision)
        for name, one in intervals.items():
            found[name].append(one.estimate.low - SLACK <= truth[name][number] <= one.estimate.high + SLACK)
        found["n"].append(n)
        found["half"].append(max((one.estimate.high - one.estimate.low) / 2 for one in (rise, barrier)))
        found["empty"].append(n < N and min(one.estimate.high - one.estimate.low for one in (rise, barrier)) == 0)
    return {name: np.array(values) for name, values in found.items()} | {"ends": walk.counts[:1]}


def study(population: Population, half_width: float, runs: int, factor: float = FACTOR) -> dict[str, float]:
    """Coverage and cost of one population at one precision."""
    N = population.loss.shape[1]
    precision = Precision(half_width, N, factor=factor)
    truth = {"rise": true_barriers(population, population.loss, "host")}
    truth["barrier"] = true_barriers(population, population.loss, "models")
    if population.error is not None:
        truth["error"] = true_barriers(population, population.error, "models")
    random = np.random.default_rng(0)
    every = [one_run(population, precision, random.permutation(N), truth) for _ in range(runs)]
    mean = {name: np.mean([run[name] for run in every], axis=0) for name in every[0]}
    known = Precision(half_width, N, factor=1.0)
    variances = [
        differences_of_cut(population.grid, population.loss, "host", h, m, N).var(axis=1, ddof=1).max()
        for h, m in np.ndindex(*population.grid.rows.shape[:2])
    ]
    fixed = np.array([known.num_needed(variance) for variance in variances])
    found = {"N": N, "precision": half_width, "runs": runs, "first_look": next(looks(N))}
    for name in truth:
        found |= {f"{name}_worst": round(100 * mean[name].min(), 1), f"{name}_all": round(100 * mean[name].mean(), 1)}
    return found | {
        "worst_cut": int(mean["rise"].argmin()),
        "examples": round(mean["n"].mean()),
        "examples_most": round(mean["n"].max()),
        "end_examples": round(float(mean["ends"][0])),
        "fixed_size": round(fixed.mean()),
        "fixed_size_most": round(fixed.max()),
        "half_width": round(float(mean["half"].mean()), 5),
        "widest": round(float(max(run["half"].max() for run in every)), 6),
        "empty": int(sum(run["empty"].sum() for run in every)),
    }


def cases():
    """Names, populations and precisions, each population made when it is reached."""
    for pair, num_alphas, precisions in (
        ("little", 1, (0.002, 0.05)),
        ("little", 11, (0.005,)),
        ("memo", 1, (0.2, 0.4)),
        ("memo", 11, (0.4,)),
    ):
        where = "the midpoint" if num_alphas == 1 else f"{num_alphas} alphas"
        name = f"{'little trained' if pair == 'little' else 'memorised'}, test images, {where}"
        yield name, Population.of_test_images(pair, num_alphas), precisions
    yield "memorised, its own images", Population.memorised(), (0.003, 0.01, 0.03, 0.1)
    for kind, precisions in (
        ("2 in 1,000 by 30 nats", (0.02, 0.05)),
        ("2 in 1,000 by 30 nats, all else equal", (0.02, 0.05)),
        ("0.6 % of examples change", (0.003, 0.01)),
        ("lognormal(1.5)", (0.3, 1.0)),
        ("lognormal(2.0)", (3.0, 9.0)),
        ("Student, 2.5 degrees", (0.07, 0.2)),
        ("Pareto, index 2", (0.08, 0.25)),
        ("normal", (0.036, 0.2)),
    ):
        yield kind, Population.made(kind), precisions


def line(name: str, found: dict[str, float]) -> str:
    """One row of the table."""
    columns = (
        f"{name} | {found['N']:,} | {found['precision']}",
        f"{found['rise_worst']}, {found['rise_all']}",
        f"{found['barrier_worst']}, {found['barrier_all']}",
        f"{found['examples']:,}, {found['examples_most']:,}",
        f"{found['fixed_size']:,}, {found['fixed_size_most']:,}",
        f"{found['half_width']} | {found['empty']}",
    )
    return f"| {' | '.join(columns)} |"


def main() -> None:
    """Run every case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--factor", type=float, default=FACTOR)
    parser.add_argument("--measured", metavar="RUN", help="a run folder of single layers, measured without --precision")
    parser.add_argument("--precision", type=float, nargs="+", default=[0.01, 0.05])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.measured:
        chosen = [(options.measured, Population.measured(options.measured), options.precision)]
    else:
        chosen = cases()
    if not options.json:
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name, population, precisions in chosen:
        for half_width in precisions:
            found = study(population, half_width, options.runs, options.factor)
            print(json.dumps({"name": name} | found) if options.json else line(name, found), flush=True)


if __name__ == "__main__":
    main()
