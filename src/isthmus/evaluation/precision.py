"""Evaluating points on as many examples as a precision needs, one look after the other."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from isthmus.evaluation.unit import Engine, ExampleBlock, Unit

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.paths.point import Point

ENDS = (0, 1)  # the two complete networks are points 0 and 1


@dataclass(frozen=True)
class Decision:
    """What a stopping rule says at a look.

    Attributes:
        finished: Numbers of the cuts that need no more examples.
        num_end_examples: On how many examples the two complete networks should be known.
    """

    finished: frozenset[int]
    num_end_examples: int


StoppingRule = Callable[[Float[np.ndarray, "points n"], Int[np.ndarray, " points"], Sequence[int]], Decision]
"""From the losses, the number of examples that each point is known on (the first columns), and the numbers of the cuts
that are not finished, to a decision. It must depend on nothing else, so that an interrupted run goes on alike."""


class PreciseEvaluation:
    """Points evaluated on the beginnings of one order of examples, each as far as its cuts need it.

    At every look the points of the cuts that are not finished are evaluated up to the look, and so are the two complete
    networks, points 0 and 1, which the rule may want known on more examples. A point that no remaining cut needs is
    evaluated no further. Once all cuts are finished each is judged again, and goes on at the next look if it fails.

    Attributes:
        engine: Evaluates points on a run of examples.
        points: Distinct networks; the first two are the complete ones.
        examples: In the order to be used.
        cuts: For each cut, the numbers of its points.
        rule: When a cut is finished.
        counts: On how many examples each point is known so far.
        losses: They lie in the first `counts` columns of each row; NaN elsewhere.
    """

    def __init__(
        self,
        engine: Engine,
        points: "Sequence[Point]",
        examples: "Examples",
        cuts: Sequence[Sequence[int]],
        rule: StoppingRule,
    ) -> None:
        self.engine = engine
        self.points = points
        self.examples = examples
        self.cuts = cuts
        self.rule = rule
        self.counts = np.zeros(len(points), dtype=np.int64)
        self.losses = np.full((len(points), 0), np.nan)

    def blocks(self, looks: Iterable[int], known: Mapping[Unit, ExampleBlock]) -> Iterator[ExampleBlock]:
        """Evaluate until every cut is finished.

        Args:
            looks: Numbers of examples, increasing; the last is all of them.
            known: Units of an interrupted run by (first point, first example): read instead of computed.

        Yields:
            The units that were not known.
        """
        every = set(range(len(self.cuts)))
        active = set(every)
        for look in looks:
            while active:
                needed = sorted({*ENDS, *(point for cut in active for point in self.cuts[cut])})
                yield from self._extended(needed, look, known)
                active -= yield from self._finished(active, known)
                if active:
                    break
                # More examples of the complete networks may have widened what was tight enough before.
                active = every - (yield from self._finished(every, known))
                if look < len(self.examples):
                    break

    def _finished(
        self, cuts: set[int], known: Mapping[Unit, ExampleBlock]
    ) -> Generator[ExampleBlock, None, frozenset[int]]:
        """Which cuts are finished, with the complete networks on as many examples as the rule wants."""
        while True:
            decision = self.rule(self.losses, self.counts, sorted(cuts))
            wanted = min(decision.num_end_examples, len(self.examples))
            if wanted <= self.counts[0]:
                return decision.finished
            yield from self._extended(ENDS, wanted, known)

    def _extended(self, needed: Sequence[int], stop: int, known: Mapping[Unit, ExampleBlock]) -> Iterator[ExampleBlock]:
        """The needed points evaluated up to an example; points that are equally far go together."""
        for start in np.unique(self.counts[list(needed)]).tolist():
            if start < stop:
                yield from self._evaluated([p for p in needed if self.counts[p] == start], start, stop, known)

    def _evaluated(
        self, numbers: Sequence[int], start: int, stop: int, known: Mapping[Unit, ExampleBlock]
    ) -> Iterator[ExampleBlock]:
        if stop > self.losses.shape[1]:
            # Columns grow by doubling up to the number of examples: most points stay far below it.
            width = min(len(self.examples), max(stop, 2 * self.losses.shape[1]))
            more = np.full((len(self.points), width - self.losses.shape[1]), np.nan)
            self.losses = np.concatenate([self.losses, more], axis=1)
        place = {number: k for k, number in enumerate(numbers)}
        old = {unit: block for unit, block in known.items() if unit[0] in place and start <= unit[1] < stop}
        covered = sum(self._added(block) for block in old.values())
        done = {(place[first], example - start) for first, example in old}
        points = [self.points[number] for number in numbers]
        for part in self.engine.blocks(points, self.examples.take(slice(start, stop)), done):
            of_all = tuple(numbers[k] for k in part.points)
            block = ExampleBlock(of_all, start + part.start, part.loss, part.error)
            covered += self._added(block)
            yield block
        assert covered == len(numbers) * (stop - start), f"{covered} results of {len(numbers)} points x {stop - start}"
        self.counts[list(numbers)] = stop

    def _added(self, block: ExampleBlock) -> int:
        """Take in a block; how many results it holds."""
        self.losses[np.ix_(block.points, range(block.start, block.start + block.loss.shape[1]))] = block.loss
        return block.loss.size
