"""When each stage runs on a walk over points, and how long what it makes is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

from isthmus.evaluation.stages.order import Keys
from isthmus.evaluation.stages.wiring import INPUTS, Wiring

Times = Int[np.ndarray, "..."]
"""Times are numbered by point and stage: the place of the point times the number of stages, plus the stage."""


@dataclass(frozen=True)
class Schedule:
    """Stages on a walk over points.

    A stage has a key for each point; it runs at the first point that needs what it makes, and what it made serves all
    points of the same key. A point needs a stage where another stage that reads it runs, and the last one always.

    Attributes:
        keys: For each stage the key of each point, in the order of the walk.
        wiring: Of the stages.
        sizes: Memory of the batch's tensors, and of what each stage hands on.
        positions: For each stage the points, by their place in the walk, at which it runs.
        last: For each stage and each of its keys the time at which it is read last.
        last_of_inputs: The same of the batch.
    """

    keys: list[Keys]
    wiring: Wiring
    sizes: Sequence[int]
    positions: list[Int[np.ndarray, "..."]]
    last: list[Times]
    last_of_inputs: int

    @classmethod
    def of(cls, keys: list[Keys], wiring: Wiring, sizes: Sequence[int]) -> "Schedule":
        """The schedule that follows from keys.

        Args:
            keys: For each stage the key of each point, in the order of the walk.
            wiring: Of the stages.
            sizes: Memory of the batch's tensors, and of what each stage hands on.

        Returns:
            When stages run.
        """
        num_stages, num_points = len(keys), len(keys[0])
        wanted: list[Bool[np.ndarray, " points"]] = [np.zeros(num_points, dtype=np.bool_) for _ in keys]
        wanted[-1][:] = True
        positions = [np.empty(0, dtype=np.int64)] * num_stages
        last = [np.full(of_stage.max() + 1, INPUTS, dtype=np.int64) for of_stage in keys]
        last_of_inputs = INPUTS
        for stage in reversed(range(num_stages)):
            positions[stage] = at = _firsts(keys[stage], np.flatnonzero(wanted[stage]))
            times = at * num_stages + stage
            np.maximum.at(last[stage], keys[stage][at], times)
            for source in wiring.sources[stage]:
                if source == INPUTS:
                    last_of_inputs = max(last_of_inputs, int(times[-1]))
                else:
                    wanted[source][at] = True
                    np.maximum.at(last[source], keys[source][at], times)
        return cls(keys, wiring, sizes, positions, last, last_of_inputs)

    @property
    def num_stages(self) -> int:
        """The number of stages."""
        return len(self.keys)

    @property
    def runs(self) -> Int[np.ndarray, "..."]:
        """How often each stage runs."""
        return np.array([len(at) for at in self.positions])

    @cached_property
    def held(self) -> int:
        """The most memory that values take at once, for one example."""
        return int(self._held.max())

    def times(self) -> Times:
        """The times at which a stage runs, in order."""
        return np.sort(np.concatenate([at * self.num_stages + stage for stage, at in enumerate(self.positions)]))

    def value(self, stage: int, position: int) -> int:
        """The number of what a stage makes for the point at a place of the walk; 0 is the batch."""
        return 0 if stage == INPUTS else int(self._begins[stage] + self.keys[stage][position])

    def values_of_results(self) -> Keys:
        """For each point, in the order of the walk, the number of the value that has its scores."""
        values: Keys = self._begins[-2] + self.keys[-1]
        return values

    def deaths(self) -> tuple[Int[np.ndarray, "..."], Times]:
        """Values in the order in which they are no longer needed, and the times after which they are not."""
        numbers = np.arange(self._begins[-1])
        ends = np.concatenate([[self.last_of_inputs], *self.last])
        by_end = np.argsort(ends, kind="stable")
        known = by_end[ends[by_end] > INPUTS]
        return numbers[known], ends[known]

    def within(self, room: int, chain: "Schedule") -> "Schedule":
        """A schedule that keeps no more than there is room for.

        Those stages whose values take most at the worst time get the keys of a chain, until all fits: they run again in
        other branches of the tree.

        Args:
            room: Memory for one example.
            chain: A schedule of the same stages and points whose values serve one branch each.

        Returns:
            This schedule where it fits.
        """
        schedule = self
        may_change = np.array([len(a) < len(b) for a, b in zip(self.last, chain.last, strict=True)])
        while schedule.held > room and may_change.any():
            taken = np.where(may_change, schedule._held_at_worst_time(), 0)
            by_size = np.argsort(-taken, kind="stable")
            enough = int(np.searchsorted(np.cumsum(taken[by_size]), schedule.held - room)) + 1
            chosen = [stage for stage in by_size[:enough].tolist() if taken[stage]]
            if not chosen:
                break
            may_change[chosen] = False
            keys = [chain.keys[stage] if stage in chosen else own for stage, own in enumerate(schedule.keys)]
            schedule = Schedule.of(keys, self.wiring, self.sizes)
        return schedule

    @cached_property
    def _begins(self) -> Int[np.ndarray, "..."]:
        """The number of each stage's first value, and of values altogether; the batch is value 0."""
        return np.array([1, *(len(of_stage) for of_stage in self.last)]).cumsum()

    @cached_property
    def _lives(self) -> tuple[Times, Times, Int[np.ndarray, "..."]]:
        """When values are made, when they are read last, and what they take."""
        stages = range(self.num_stages)
        begins = [self.positions[stage] * self.num_stages + stage for stage in stages]
        ends = [self.last[stage][self.keys[stage][self.positions[stage]]] for stage in stages]
        sizes = np.repeat(self.sizes, [1, *(len(times) for times in begins)])
        return np.concatenate([[INPUTS], *begins]), np.concatenate([[self.last_of_inputs], *ends]), sizes

    @cached_property
    def _held(self) -> Int[np.ndarray, "..."]:
        """What is held when each value is made, itself and all that is read for it among that, in the order of time."""
        begins, ends, sizes = self._lives
        by_begin, by_end = np.argsort(begins), np.argsort(ends)
        dropped = np.concatenate([[0], np.cumsum(sizes[by_end])])
        return np.asarray(np.cumsum(sizes[by_begin]) - dropped[np.searchsorted(ends[by_end], begins[by_begin])])

    def _held_at_worst_time(self) -> Int[np.ndarray, "..."]:
        """What the values of each stage take when most is held."""
        begins, ends, sizes = self._lives
        worst = np.sort(begins)[self._held.argmax()]
        is_held = (begins <= worst) & (ends >= worst) & (begins > INPUTS)
        taken = np.zeros(self.num_stages, dtype=np.int64)
        np.add.at(taken, begins[is_held] % self.num_stages, sizes[is_held])
        return taken


def _firsts(keys: Keys, positions: Int[np.ndarray, "..."]) -> Int[np.ndarray, "..."]:
    """Of ascending places those at which a key comes for the first time."""
    first = np.full(keys.max() + 1, INPUTS, dtype=np.int64)
    first[keys[positions[::-1]]] = positions[::-1]
    return np.sort(first[first > INPUTS])
