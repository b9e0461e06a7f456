"""Coverage of the intervals that `precision=` gives, by resampling real per-example losses through the real code.

The losses are those of two pairs of ResNet-18 without normalisation (width 16) on 1,600 test images of CIFAR-10, one
pair little trained, one that has memorised 3,000 training images (tests/measures/real_losses.npz). A case is a pair, a
number of alphas, a number of copies of the images, and a precision. In each run the population is put into a new random
order and evaluated as `isthmus.measure(..., precision=...)` does it, by an engine that looks the losses up; then the
interval of every barrier is compared with the barrier of the whole population. Besides: examples used, relative to an
interval of the same kind whose size is fixed beforehand from the true variances, and to one without control variates.

    python benchmarks/coverage.py --runs 2000 --json
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from isthmus.data.examples import Examples
from isthmus.evaluation.block import ExampleBlock
from isthmus.evaluation.precision import PreciseEvaluation
from isthmus.measures.controlled_barrier import (
    BarrierRule,
    controlled_barrier,
    cut_mean,
    cuts_of,
    known_controls,
    sampled_error_barrier,
)
from isthmus.measures.effective_examples import FEW
from isthmus.measures.examples import ExampleTable, differences_of_cut, num_cut_examples
from isthmus.measures.sequential import FACTOR, Precision, looks
from isthmus.paths.point import Blend, Point
from isthmus.sweeps.grid import Grid
from isthmus.sweeps.group import MovingGroup

FIXTURE = Path(__file__).parents[1] / "tests" / "measures" / "real_losses.npz"


CUTS = 3
ALPHAS = tuple(k / 10 for k in range(11))
MIDPOINT = 5


@dataclass
class Population:
    """Losses and errors of points on all examples of a data set; points 0 and 1 are the complete networks."""

    grid: Grid
    loss: np.ndarray
    error: np.ndarray

    @classmethod
    def of_pair(cls, pair: str, num_alphas: int, copies: int) -> "Population":
        """The stored losses of a pair: three cuts at the midpoint, or one on eleven alphas; the host is a."""
        stored = np.load(FIXTURE)
        loss = stored[f"{pair}_loss"].astype(np.float64)
        error = np.unpackbits(stored[f"{pair}_error"], axis=1)[:, : loss.shape[1]].astype(bool)
        first = CUTS + 1  # rows: a, b, the midpoints of two cuts, the eleven points of the third
        chosen = [0, 1, 2, 3, first + MIDPOINT] if num_alphas == 1 else [0, 1, *range(first, first + len(ALPHAS))]
        cuts = CUTS if num_alphas == 1 else 1
        groups = tuple(MovingGroup(f"cut{m}", (f"cut{m}",), "single") for m in range(cuts))
        rows = 2 + np.arange(cuts * num_alphas).reshape(1, cuts, num_alphas)
        alphas = (0.5,) if num_alphas == 1 else ALPHAS
        grid = Grid(("a",), groups, alphas, len(chosen), rows, None)
        return cls(grid, np.tile(loss[chosen], copies), np.tile(error[chosen], copies))


@dataclass
class LookUp:
    """An engine whose points are rows of a table and whose inputs are its columns."""

    population: Population

    def blocks(self, points, examples, _done):
        """As every engine; the integers of a point's one version are the number of its row."""
        place = np.ix_([p.versions[0].integers for p in points], examples.inputs.numpy())
        yield ExampleBlock(tuple(range(len(points))), 0, self.population.loss[place], self.population.error[place])


def covered(population: Population, precision: Precision, order: np.ndarray) -> dict[str, np.ndarray]:
    """One run: for each cut, whether its intervals hold the truth, and how many examples it took."""
    grid, N = population.grid, precision.num_population
    inputs = torch.from_numpy(order)
    cuts = cuts_of(grid, "models")
    walk = PreciseEvaluation(
        LookUp(population),
        tuple(Point((Blend(0.0, 0.0, number),)) for number in range(grid.num_points)),
        Examples(inputs, inputs, "order", "test"),
        cuts,
        BarrierRule(grid, "models", precision),
    )
    for _ in walk.blocks(looks(N), {}):
        pass
    table = ExampleTable(walk.losses, population.error[:, order[: walk.losses.shape[1]]], None, walk.counts)
    controls = known_controls(table)
    found = {name: np.zeros(len(cuts)) for name in ("loss", "error", "n", "half", "few")}
    for m in range(len(cuts)):
        barrier = controlled_barrier(cut_mean(grid, table, "models", 0, m), controls, grid.alphas, precision)
        n = num_cut_examples(grid, table, 0, m)
        errors = sampled_error_barrier(differences_of_cut(grid, table.error, "models", 0, m, n), grid.alphas, precision)
        truth = [
            differences_of_cut(grid, values, "models", 0, m, N).mean(axis=1).max()
            for values in (population.loss, population.error)
        ]
        slack = 1e-9
        found["loss"][m] = barrier.low - slack <= truth[0] <= barrier.high + slack
        found["error"][m] = errors.low - slack <= truth[1] <= errors.high + slack
        found["n"][m], found["half"][m] = n, (barrier.high - barrier.low) / 2
        found["few"][m] = barrier.effective_examples < FEW
    return found | {"m": np.full(len(cuts), walk.counts[0])}


def fixed_sizes(population: Population, precision: Precision, num_end_examples: float) -> tuple[np.ndarray, np.ndarray]:
    """Examples that a cut would need if the variances were known: with control variates, and plain."""
    grid, N = population.grid, precision.num_population
    table = ExampleTable(population.loss, None, None)
    controls = known_controls(table)
    with_controls, plain = [], []
    for m in range(len(grid.groups)):
        mean = cut_mean(grid, table, "models", 0, m)
        residual, value = mean.residual_covariance.diagonal().max(), mean.value_covariance(controls).diagonal().max()
        critical = precision.critical(mean, mean.value_covariance(controls))
        allowed = (precision.half_width / critical) ** 2
        spare = allowed - (1 / num_end_examples - 1 / N) * value
        with_controls.append(1 / (1 / num_end_examples + spare / residual) if spare > 0 else num_end_examples)
        plain.append(1 / (1 / N + allowed / value))
    return np.array(with_controls), np.array(plain)


def study(pair: str, num_alphas: int, copies: int, half_width: float, runs: int, factor: float) -> dict[str, object]:
    """One case: coverage of loss and error intervals in percent, cut by cut, and examples used."""
    population = Population.of_pair(pair, num_alphas, copies)
    precision = Precision(half_width, population.loss.shape[1], factor=factor)
    random = np.random.default_rng(0)
    found = [covered(population, precision, random.permutation(precision.num_population)) for _ in range(runs)]
    mean = {name: np.mean([run[name] for run in found], axis=0) for name in found[0]}
    fixed, plain = fixed_sizes(population, precision, mean["m"][0])
    return {
        "pair": pair,
        "alphas": num_alphas,
        "population": precision.num_population,
        "precision": half_width,
        "runs": runs,
        "factor": factor,
        "loss_coverage": (100 * mean["loss"]).round(2).tolist(),
        "error_coverage": (100 * mean["error"]).round(2).tolist(),
        "flips": (population.error[2:] != population.error[0]).mean(axis=1).round(4).tolist(),
        "examples": mean["n"].round(1).tolist(),
        "end_examples": round(float(mean["m"][0]), 1),
        "over_fixed_size": (mean["n"] / fixed).round(2).tolist(),
        "over_plain_fixed_size": (mean["n"] / plain).round(2).tolist(),
        "carried_by_few": mean["few"].round(3).tolist(),
        "widest": round(float(max(run["half"].max() for run in found)), 6),
    }


CASES = (
    ("little", 1, 1, 0.05),
    ("little", 1, 5, 0.002),
    ("memo", 1, 1, 0.3),
    ("memo", 1, 5, 0.4),
    ("memo", 1, 5, 0.2),
    ("little", 11, 5, 0.005),
    ("memo", 11, 1, 0.4),
    ("memo", 11, 5, 0.4),
)


def main() -> None:
    """Run every case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--factor", type=float, default=FACTOR)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for case in CASES:
        found = study(*case, runs=options.runs, factor=options.factor)
        print(json.dumps(found) if options.json else "  ".join(f"{k} {v}" for k, v in found.items()), flush=True)


if __name__ == "__main__":
    main()
