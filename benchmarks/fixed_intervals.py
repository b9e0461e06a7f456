"""Coverage of the loss intervals of a fixed number of examples, and of the mark that few examples carry a number.

Every sample of n differences gets its interval from `isthmus.measures.intervals.interval.mean_band` and its effective
number of examples; the true mean is known. One line a distribution and n: coverage of this interval and of Student's in
percent, their widths' ratio, in how many samples the mark is up, in how many the interval is unmarked and yet wrong,
and what share of the unmarked that is. (1): of the examples that decide the mean, being of another kind or the
largest that make half of the sum of |d|, fewer than three are expected in a sample. Then what several numbers at once
need: bands over eleven alphas with few examples, and the largest of many equal cuts. docs/intervals.md holds the
tables.

    python benchmarks/fixed_intervals.py --runs 4000
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from isthmus.measures.intervals.effective_examples import FEW, effective_examples
from isthmus.measures.intervals.interval import bounded_mean_band, critical_value, mean_band
from isthmus.measures.intervals.simultaneous import simultaneous_ends

STORED = Path(__file__).parents[1] / "tests" / "measures"
SIZES = (64, 128, 256, 1024, 4096)
CHUNK = 2_000_000
FEWEST = 3
HEAD = "| differences | n | covered | Student's | width / Student's | marked | unmarked and wrong | of the unmarked |"
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Case:
    """A distribution of differences with its mean; `outlying` is the share of examples of another kind, if any."""

    name: str
    draw: Draw
    mean: float
    outlying: float = 1.0

    def deciding_share(self) -> float:
        """How rare the examples are that decide the mean: those of another kind, or the ones that make half of it."""
        sizes = np.sort(np.abs(self.draw(np.random.default_rng(1), (CHUNK,))))[::-1]
        return min(self.outlying, float(1 + np.searchsorted(sizes.cumsum(), sizes.sum() / 2)) / CHUNK)


def rare(share: float, size: float, spread: float) -> Case:
    """A share of examples that are off by much; the others scatter a little."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return spread * random.standard_normal(shape) + size * (random.random(shape) < share)

    return Case(f"{1000 * share:g} in 1,000 by {size:g}", draw, share * size, share)


def known_by_heart(margin: float, spread: float) -> Case:
    """Cross-entropy log(1 + e^z) of examples whose margins -z are normal: nearly all of them have nearly none."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.logaddexp(0.0, random.normal(-margin, spread, shape))

    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    mean = float(np.logaddexp(0.0, -margin + spread * nodes) @ weights / weights.sum())
    return Case(f"log(1 + e^z), z normal({-margin:g}, {spread:g})", draw, mean)


def lognormal(sigma: float) -> Case:
    """Lognormal losses."""
    return Case(f"lognormal({sigma:g})", lambda random, shape: random.lognormal(0, sigma, shape), np.exp(sigma**2 / 2))


def resampled(name: str, values: np.ndarray) -> Case:
    """Real differences, drawn with replacement."""
    return Case(name, lambda random, shape: values[random.integers(0, len(values), shape)], float(values.mean()))


def cases() -> Iterator[Case]:
    """From light to heavy tails."""
    yield Case("normal", lambda random, shape: random.standard_normal(shape), 0.0)
    yield Case("Student, 3 degrees", lambda random, shape: random.standard_t(3, shape), 0.0)
    yield Case("exponential", lambda random, shape: random.standard_exponential(shape), 1.0)
    yield from map(lognormal, (0.5, 1.0, 1.5, 2.0))
    yield Case("Pareto, index 2.5", lambda random, shape: random.pareto(2.5, shape), 1 / 1.5)
    yield from (known_by_heart(4, 3), known_by_heart(8, 4), known_by_heart(10, 3))
    with np.load(STORED / "real_losses.npz") as stored:
        for pair, words in (("little", "real, trained little"), ("memo", "real, test images of a memorised pair")):
            losses = stored[f"{pair}_loss"].astype(np.float64)
            yield resampled(f"{words}, rise", losses[2] - losses[0])
            yield resampled(f"{words}, barrier", losses[2] - (losses[0] + losses[1]) / 2)
    yield from (rare(0.01, 10, 0.3), rare(0.002, 30, 0.3), rare(0.006, 1, 0.0))


def study(case: Case, n: int, runs: int) -> dict[str, float]:
    """Coverage of one case and n."""
    random, critical = np.random.default_rng(0), float(stats.t.ppf(0.975, n - 1))
    counts = dict.fromkeys(("covered", "student", "marked", "unmarked_and_wrong"), 0)
    width, done = 0.0, 0
    while done < runs:
        chunk = case.draw(random, (min(runs - done, max(1, CHUNK // n)), n))
        done += len(chunk)
        low, high = mean_band(chunk, critical)
        half = critical * stats.sem(chunk, axis=1)
        few = np.array([effective_examples(row) < FEW for row in chunk])
        right = (low <= case.mean) & (case.mean <= high)
        counts["covered"] += int(right.sum())
        counts["student"] += int((np.abs(chunk.mean(axis=1) - case.mean) <= half).sum())
        counts["marked"] += int(few.sum())
        counts["unmarked_and_wrong"] += int((~few & ~right).sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            width += float(np.nansum((high - low) / (2 * half)))
    found = {name: 100 * count / runs for name, count in counts.items()}
    return found | {"width": width / runs}


def fixed_lines(runs: int) -> Iterator[str]:
    """The table of fixed numbers of examples.

    Args:
        runs: Samples a case and n.

    Yields:
        Lines of Markdown.
    """
    yield HEAD
    yield "|---|---|---|---|---|---|---|---|"
    for case in cases():
        share = case.deciding_share()
        for n in SIZES:
            found = study(case, n, runs)
            unmarked = 100 - found["marked"]
            cells = [f"{found[name]:.1f}" for name in ("covered", "student")]
            cells += [f"{found['width']:.2f}", f"{found['marked']:.1f}"]
            cells.append(f"{found['unmarked_and_wrong']:.1f}" + (" (1)" if share * n < FEWEST else ""))
            cells.append(f"{100 * found['unmarked_and_wrong'] / unmarked:.0f}" if unmarked else "–")
            yield f"| {case.name} | {n} | {' | '.join(cells)} |"


def band_lines(runs: int) -> Iterator[str]:
    """The table of several numbers at once.

    Args:
        runs: Samples a case.

    Yields:
        Lines of Markdown.
    """
    yield "| band over 11 rows | n | covered at once |"
    yield "|---|---|---|"
    kinds = {
        "independent": lambda random, n: random.standard_normal((11, n)),
        "neighbours alike (0.9)": _neighbours,
        "one example's slope": lambda random, n: (
            np.outer(np.linspace(0, 1, 11), random.standard_normal(n)) + 0.05 * random.standard_normal((11, n))
        ),
    }
    for words, draw in kinds.items():
        for n in (2, 3, 5, 12, 100):
            random, hits = np.random.default_rng(0), 0
            for _ in range(runs):
                differences = draw(random, n)
                low, high = mean_band(differences, critical_value(differences))
                hits += bool(((low <= 0) & (high >= 0)).all())
            yield f"| {words} | {n} | {100 * hits / runs:.1f} |"


def extreme_lines(runs: int, sizes: tuple[int, ...] = (256, 1024)) -> Iterator[str]:
    """The table of the largest of 42 cuts.

    Args:
        runs: Samples a case.
        sizes: Numbers of examples.

    Yields:
        Lines of Markdown.
    """
    yield "| 42 cuts of | n | its interval covers the largest | with each cut's own ends |"
    yield "|---|---|---|---|"
    kinds: dict[str, tuple[Draw, float, bool]] = {
        "equal rises, normal": (lambda random, shape: random.standard_normal(shape), 0.0, False),
        "equal rises, lognormal(1)": (lambda random, shape: random.lognormal(0, 1, shape), np.exp(0.5), False),
        "equal falls, lognormal(1)": (lambda random, shape: -random.lognormal(0, 1, shape), -np.exp(0.5), False),
        "equal errors, 2 % flip": (
            lambda random, shape: random.choice([-1.0, 0.0, 1.0], shape, p=[0.01, 0.98, 0.01]),
            0.0,
            True,
        ),
    }
    for words, (draw, truth, is_bounded) in kinds.items():
        for n in sizes:
            random, critical, hits = np.random.default_rng(0), float(stats.t.ppf(0.975, n - 1)), np.zeros(2)
            for _ in range(runs):
                differences = draw(random, (42, n))
                low, high = (bounded_mean_band if is_bounded else mean_band)(differences, critical)
                values = differences.mean(axis=1)
                numbers = zip(*(column.tolist() for column in (values, low, high)), strict=True)
                lowest = max(simultaneous_ends(*number, count=42)[0] for number in numbers)
                hits += [lowest <= truth <= high.max(), low.max() <= truth <= high.max()]
            yield f"| {words} | {n} | {100 * hits[0] / runs:.1f} | {100 * hits[1] / runs:.1f} |"


def _neighbours(random: np.random.Generator, n: int) -> np.ndarray:
    rows = [random.standard_normal(n)]
    for _ in range(10):
        rows.append(0.9 * rows[-1] + np.sqrt(1 - 0.81) * random.standard_normal(n))
    return np.array(rows)


def tables(runs: int) -> Iterator[str]:
    """All three tables.

    Args:
        runs: Samples a case of the first; the others take a tenth.

    Yields:
        Lines of Markdown.
    """
    yield from fixed_lines(runs)
    yield ""
    yield from band_lines(runs // 4)
    yield ""
    yield from extreme_lines(runs // 10)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=4000)
    for line in tables(parser.parse_args().runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
