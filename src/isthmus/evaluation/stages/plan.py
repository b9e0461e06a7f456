"""Which stages to run for a set of points, in which order, and which values to keep."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from jaxtyping import Int

from isthmus.evaluation.stages.order import Keys, combinations, order_of, prefixes, version_numbers
from isthmus.evaluation.stages.schedule import Schedule
from isthmus.evaluation.stages.stages import StageCosts
from isthmus.evaluation.stages.wiring import Wiring
from isthmus.paths.point import Point

NEAR = 1.05  # work is not worth more memory when it is within this factor of the least
SHARES = (0, 1 / 16, 1 / 4, 1)  # of the room that there is


@dataclass(frozen=True)
class Step:
    """One run of a stage.

    Attributes:
        stage: Its number.
        point: Number of a point whose versions its weights have.
        value: Number of what it makes.
        given: For each stage that it reads, and for `INPUTS`, the number of the value.
        dropped: Values that no later step reads, perhaps its own among them.
    """

    stage: int
    point: int
    value: int
    given: dict[int, int]
    dropped: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """A walk over points that computes a stage once for each combination of versions that it depends on.

    Points are walked depth first over the tree of their common prefixes, stages in order. Where all the values that
    later points need would take more than the room there is, some stages are run again: once for each combination of
    versions of all that comes before them, so that what they make is needed within one branch of the tree alone.

    Attributes:
        runs: How often each stage runs.
        least: How many combinations of versions each stage depends on: the least that it can run.
        held: The most memory that values take at once, for one example.
        values: For each point the number of the value that has its scores.
        schedule: When stages run.
        order: Numbers of the points in the order of the walk.
    """

    runs: Int[np.ndarray, " stages"]
    least: Int[np.ndarray, " stages"]
    held: int
    values: Int[np.ndarray, " points"]
    schedule: Schedule
    order: Int[np.ndarray, " points"]

    def steps(self) -> Iterator[Step]:
        """The walk.

        Yields:
            One step a run of a stage.
        """
        schedule = self.schedule
        dying, ending = schedule.deaths()
        times, begun = schedule.times(), 0
        for time, stop in zip(times.tolist(), np.searchsorted(ending, times, side="right").tolist(), strict=True):
            position, stage = divmod(time, schedule.num_stages)
            yield Step(
                stage,
                int(self.order[position]),
                schedule.value(stage, position),
                {source: schedule.value(source, position) for source in schedule.wiring.sources[stage]},
                tuple(dying[begun:stop].tolist()),
            )
            begun = stop


def plan_of(
    points: Sequence[Point],
    layers: Sequence[str],
    wiring: Wiring,
    costs: StageCosts | None = None,
    room: int = 0,
) -> Plan:
    """Plan the evaluation of points, from whatever sweeps, hosts and alphas they come.

    Args:
        points: At least one.
        layers: Labels of the layers, in the order of the points' versions.
        wiring: Of the stages.
        costs: Of the stages; one unit of work and of memory each if left out.
        room: Memory for one example that values may take beside what walking a chain of the same stages takes; they
            may take as much again as that at any rate.

    Returns:
        Of the walks that fit the first whose work is within 5 % of the least, with as little room as that takes, or
        else the one with the least work. The branch of the tree that needs most memory comes last, or else first.
    """
    costs = costs or StageCosts((1,) * len(wiring.layers), (1,) * (len(wiring.layers) + 1))
    versions, counts = version_numbers(points)
    place = {label: number for number, label in enumerate(layers)}
    columns = [[place[label] for label in labels] for labels in wiring.layers]
    of_chain = prefixes(versions, counts, columns)
    of_graph = combinations(versions, counts, columns, wiring)
    least = np.array([keys.max() + 1 for keys in of_graph])
    schedule, order = _chosen(of_chain, of_graph, wiring, costs, least, room)
    values = np.empty(len(points), dtype=np.int64)
    values[order] = schedule.values_of_results()
    return Plan(schedule.runs, least, schedule.held, values, schedule, order)


def _chosen(
    of_chain: list[Keys],
    of_graph: list[Keys],
    wiring: Wiring,
    costs: StageCosts,
    least: Int[np.ndarray, " stages"],
    room: int,
) -> tuple[Schedule, Keys]:
    weights = np.array(costs.flops) + 1  # a stage whose operators are not counted is no reason to run it again

    @cache
    def walked(is_neediest_last: bool) -> tuple[Keys, Schedule, Schedule]:
        order = order_of(of_chain, wiring, costs.made_bytes, is_neediest_last=is_neediest_last)
        both = ([of_stage[order] for of_stage in keys] for keys in (of_chain, of_graph))
        chain, graph = (Schedule.of(keys, wiring, costs.made_bytes) for keys in both)
        return order, chain, graph

    found: list[tuple[int, Schedule, Keys]] = []
    held = walked(True)[1].held
    for share, is_neediest_last in product(SHARES, (True, False)):
        order, chain, graph = walked(is_neediest_last)
        most = held + int(share * max(room, held))
        schedule = graph.within(most, chain)
        if schedule.held <= most:
            work = int(weights @ schedule.runs)
            if work <= NEAR * (weights @ least):
                return schedule, order
            found.append((work, schedule, order))
    return min(found, key=lambda item: item[0])[1:]
