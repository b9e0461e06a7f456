"""The units of one measurement spread over workers, each of which makes the engine for itself once."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from isthmus.data.examples import Examples
from isthmus.errors import IsthmusError, IsthmusWarning
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.engines import ChosenEngine
from isthmus.evaluation.unit import Engine, ExampleBlock, Unit, blocks_of
from isthmus.paths.point import Point
from isthmus.runs.request.request import Request
from isthmus.runs.subject.subject import Subject, chosen_engine, subject_of
from isthmus.weights.checkpoint import Checkpoint
from isthmus.work.news import Tell
from isthmus.work.places import workers_at
from isthmus.work.shared import Shared
from isthmus.work.task import Workers

Inputs = tuple[Checkpoint, Checkpoint, Examples | None]
_made: dict[str, tuple[Subject, Engine]] = {}  # in a worker: the one that it evaluates with


@contextmanager
def spread(
    chosen: ChosenEngine, request: Request, subject: Subject, size: BatchSize, threads: int
) -> Iterator[ChosenEngine]:
    """An engine whose units are evaluated by the workers that a request names, while a block runs.

    Args:
        chosen: The engine of this process.
        request: With everything in memory (`isthmus.runs.jobs.in_memory.in_memory`), if it names workers.
        subject: What is measured.
        size: Examples at once.
        threads: That torch computes with.

    Yields:
        An engine of the same results; the same engine where no workers are named.
    """
    if request.ray is None:
        yield chosen
        return
    with workers_at(request.ray, threads, on_accelerator=subject.network.device.type != "cpu") as workers:
        key = uuid4().hex
        splits = {name: workers.share(partial(_itself, split), (key, name)) for name, split in subject.splits.items()}
        recipe = _Recipe(
            key,
            request.model_copy(
                update={"a": None, "b": None, "data": None, "recalibration_data": None, "out": None, "ray": None}
            ),
            workers.share(lambda: (request.a, request.b, request.recalibration_data), (key,)),
            splits,
            size.unit,
            chosen.note,
        )
        engine = SpreadEngine(chosen.engine, workers, recipe, subject.splits)
        yield replace(chosen, engine=engine)


def _itself(split: Examples) -> Examples:
    return split


@dataclass(frozen=True)
class SpreadEngine:
    """An engine of other processes.

    Attributes:
        engine: The same of this process; a single unit is evaluated here.
        workers: Evaluate units.
        recipe: How they make the engine.
        splits: Examples that they have already, by name.
    """

    engine: Engine
    workers: Workers
    recipe: "_Recipe"
    splits: Mapping[str, Examples]

    def units(self, points: Sequence[Point], examples: Examples) -> Iterator[Unit]:
        """Those of the engine of this process.

        Args:
            points: Distinct networks.
            examples: Any.

        Returns:
            The units.
        """
        return self.engine.units(points, examples)

    def evaluated(self, points: Sequence[Point], examples: Examples) -> Callable[[Unit], ExampleBlock]:
        """What evaluates single units, in this process.

        Args:
            points: Distinct networks.
            examples: On the engine's device.

        Returns:
            From a unit to its block.
        """
        return self.engine.evaluated(points, examples)

    def blocks(self, points: Sequence[Point], examples: Examples, done: set[Unit]) -> Iterator[ExampleBlock]:
        """Per-example results.

        Args:
            points: Distinct networks.
            examples: On the engine's device.
            done: Units to leave out.

        Yields:
            One block a unit, in the order in which they end.
        """
        units = [unit for unit in self.units(points, examples) if unit not in done]
        if len(units) < 2:
            yield from blocks_of(self.engine, points, examples, done)
            return
        known = next((name for name, split in self.splits.items() if split is examples), None)
        shared = self.workers.share(lambda: examples) if known is None else self.recipe.splits[known]
        task = _Evaluation(self.recipe, tuple(points), shared)
        for unit in self.workers.done(task, units):
            yield unit.result


@dataclass(frozen=True)
class _Recipe:
    """How a worker makes the engine of a measurement.

    Attributes:
        key: Of this very one.
        request: Without networks and data.
        inputs: Networks a and b, and the data to recalibrate on.
        splits: The data.
        batch_size: What units are cut by.
        note: What the first process's engine says of itself.
    """

    key: str
    request: Request
    inputs: Shared[Inputs]
    splits: Mapping[str, Shared[Examples]]
    batch_size: int
    note: str

    def engine(self) -> tuple[Subject, Engine]:
        """The measurement and its engine, made when first asked for.

        Returns:
            Both.

        Raises:
            IsthmusError: It is another one than in the first process.
        """
        if self.key not in _made:
            _made.clear()
            a, b, recalibration = self.inputs.value()
            data = {name: split.value() for name, split in self.splits.items()}
            inputs = {"a": a, "b": b, "data": data, "recalibration_data": recalibration}
            request = self.request.model_copy(update=inputs)
            with warnings.catch_warnings():  # the first process has given these
                warnings.simplefilter("ignore", IsthmusWarning)
                subject = subject_of(request)
                chosen = chosen_engine(subject, request.settings, BatchSize(self.batch_size))
            if chosen.note != self.note:
                raise IsthmusError(f"the engine of a worker, {chosen.note}, is not that of the run, {self.note}")
            _made[self.key] = subject, chosen.engine
        return _made[self.key]


@dataclass(frozen=True)
class _Evaluation:
    """Evaluates units of some points on some examples."""

    recipe: _Recipe
    points: tuple[Point, ...]
    examples: Shared[Examples]

    def __call__(self) -> Callable[[Unit, Tell], ExampleBlock]:
        subject, engine = self.recipe.engine()
        device, dtype = subject.network.device, self.recipe.request.settings.dtype
        evaluated = engine.evaluated(self.points, self.examples.value().to(device))

        def block(unit: Unit, _tell: Tell) -> ExampleBlock:
            with float32_products(dtype, device):
                return evaluated(unit)

        return block
