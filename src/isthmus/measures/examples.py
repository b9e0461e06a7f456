"""Per-example results of a whole measurement, and the differences behind each barrier."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from isthmus.measures.barrier import Quantity
from isthmus.measures.baseline import Baseline, baseline_values
from isthmus.sweeps.grid import Grid


@dataclass(frozen=True)
class ExampleTable:
    """Loss and error of every point on every example of one split.

    Attributes:
        loss: As the engine computed them; in nats for cross-entropy.
        error: Whether each is wrong, or which fraction of its tokens; None without classes.
        targets: Class number of each example; None where the targets are no class numbers.
        counts: On how many of the first examples each point is known, where that differs; the rest of its row means
            nothing.
        order: The number in the split of each example of the table, where they were drawn in another order.
    """

    loss: Float[np.ndarray, "points n"]
    error: Bool[np.ndarray, "points n"] | Float[np.ndarray, "points n"] | None
    targets: Int[np.ndarray, " n"] | None
    counts: Int[np.ndarray, " points"] | None = None
    order: Int[np.ndarray, " n"] | None = None

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What there is: losses, and errors where there are classes."""
        return ("loss",) if self.error is None else ("loss", "error")

    def values(self, quantity: Quantity) -> Float[np.ndarray, "points n"] | Bool[np.ndarray, "points n"]:
        """The losses or the errors.

        Args:
            quantity: Which.

        Returns:
            One row a point.
        """
        if quantity == "loss":
            return self.loss
        assert self.error is not None
        return self.error

    def of_class(self, label: int) -> "ExampleTable":
        """The examples of one class.

        Args:
            label: Class number.

        Returns:
            A table of those examples.
        """
        assert self.targets is not None
        chosen = self.targets == label
        error = None if self.error is None else self.error[:, chosen]
        counts = None if self.counts is None else np.append(0, chosen.cumsum())[self.counts]
        order = None if self.order is None else self.order[chosen]
        return ExampleTable(self.loss[:, chosen], error, self.targets[chosen], counts, order)

    def num_examples(self, points: Int[np.ndarray, "..."]) -> int:
        """On how many of the first examples all of some points are known.

        Args:
            points: Their numbers.

        Returns:
            All examples where every point is known on all.
        """
        return self.loss.shape[1] if self.counts is None else int(self.counts[points].min())


def cut_differences(
    grid: Grid, table: ExampleTable, quantity: Quantity, baseline: Baseline
) -> Iterator[tuple[int, int, Float[np.ndarray, "alphas n"]]]:
    """The excess of every example over its baseline, cut by cut.

    Args:
        grid: The rows.
        table: Per-example results.
        quantity: Loss or error.
        baseline: What to compare with; `cut` needs far ends in the grid.

    Yields:
        Number of the host, number of the moving group, and d_i(alpha) in float64.
    """
    for h in range(len(grid.hosts)):
        for m in range(len(grid.groups)):
            yield (
                h,
                m,
                differences_of_cut(grid, table.values(quantity), baseline, h, m, num_cut_examples(grid, table, h, m)),
            )


def num_cut_examples(grid: Grid, table: ExampleTable, h: int, m: int) -> int:
    """On how many of the first examples a cut is known.

    Args:
        grid: The rows.
        table: Per-example results.
        h: Number of the host.
        m: Number of the moving group.

    Returns:
        The fewest of its points.
    """
    ends = [] if grid.far_ends is None else [grid.far_ends[h, m]]
    # Appending an empty list turns integers into floats, which can't index.
    return table.num_examples(np.append(grid.cut(h, m)[1], ends).astype(np.int64))


def differences_of_cut(
    grid: Grid,
    values: Float[np.ndarray, "points n"] | Bool[np.ndarray, "points n"],
    baseline: Baseline,
    h: int,
    m: int,
    n: int,
) -> Float[np.ndarray, "alphas used"]:
    """The excess of the first n examples over their baseline for one cut.

    Args:
        grid: The rows.
        values: Losses or errors, one row a point.
        baseline: What to compare with; `cut` needs far ends in the grid.
        h: Number of the host.
        m: Number of the moving group.
        n: How many examples.

    Returns:
        d_i(alpha) in float64, one row for each alpha of `grid.cut(h, m)`.
    """
    host, other = (grid.end(name) for name in (("a", "b") if grid.hosts[h] == "a" else ("b", "a")))
    # In float64, so that the small difference of two large losses is not rounded once more.
    near, donor = (values[number, :n].astype(np.float64) for number in (host, other))
    far = None if grid.far_ends is None else values[grid.far_ends[h, m], :n].astype(np.float64)
    rows = [
        values[point, :n] - baseline_values(baseline, alpha, near, donor, far)
        for alpha, point in zip(*grid.cut(h, m), strict=True)
    ]
    return np.array(rows)


def mean_values(grid: Grid, table: ExampleTable, quantity: Quantity) -> Float[np.ndarray, "host moving alpha"]:
    """The mean loss or error rate at every row, summed in float64 and divided once.

    Args:
        grid: The rows.
        table: Per-example results.
        quantity: Loss or error.

    Returns:
        Nats, or a fraction of the examples.
    """
    values = table.values(quantity)
    if table.counts is None:
        means = values.mean(axis=1, dtype=np.float64)
    else:
        means = np.array([v[:n].mean(dtype=np.float64) for v, n in zip(values, table.counts, strict=True)])
    return np.asarray(means[grid.rows])
