"""Running an engine over all splits. Units are saved as they arrive, and further rounds refine a maximum."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.evaluation.losses.shapes import is_whole
from isthmus.evaluation.unit import Engine, ExampleBlock
from isthmus.held_folder import Hold
from isthmus.measures.examples import ExampleTable
from isthmus.paths.point import Point
from isthmus.progress_file import ProgressFile
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.record import Record
from isthmus.runs.folder.store import ExampleStore, FolderStore, MemoryStore
from isthmus.runs.precise import drawn_order, precise_blocks
from isthmus.runs.progress import show_progress
from isthmus.runs.refine import num_rounds, refinement
from isthmus.runs.request.settings import Settings
from isthmus.runs.subject.subject import Subject
from isthmus.sweeps.grid import Grid

LOG = logging.getLogger(__name__)
Blocks = Callable[[Examples, ExampleStore], Iterator[ExampleBlock]]


def evaluate_splits(
    subject: Subject, record: Record, engine: Engine, hold: Hold | None, *, progress: bool
) -> tuple[Grid, dict[str, ExampleTable]]:
    """Evaluate every point of a measurement on every split.

    Args:
        subject: What is measured.
        record: Saved first, if there is a folder.
        engine: Evaluates points.
        hold: Of the run folder; what this holds already is used. None keeps results in memory.
        progress: Whether to show how far it is.

    Returns:
        The grid, with the positions that a refinement added, and per-example results by split.
    """
    if hold is not None:
        record.save(hold.folder)
    settings, grid, points = record.settings, subject.grid, subject.points
    stores = _stores(subject, settings, hold)
    rounds = num_rounds(settings.alphas, settings.alpha_tolerance)
    # A round adds at most two positions to every cut for each split.
    most = len(points) + rounds * 2 * len(stores) * grid.rows[..., 0].size
    num_examples = sum(map(len, subject.splits.values()))
    said = ProgressFile(
        None if hold is None else hold.folder, "measure", "losses",
        done=sum(store.num_values() for store in stores.values()), of=most * num_examples,
    )  # fmt: skip
    with show_progress(most * len(stores), most * num_examples, enabled=progress) as advance:

        def keep(split: str, block: ExampleBlock) -> None:
            if hold is not None:
                hold.confirm()
            stores[split].add(block)
            LOG.debug("%s: points from %d, examples from %d", split, block.points[0], block.start)
            advance(split, block.loss.size)
            said.advance(block.loss.size)

        def tables(blocks: Blocks) -> dict[str, ExampleTable]:
            return {
                split: _filled(subject.splits[split], store, blocks, len(points), partial(keep, split))
                for split, store in stores.items()
            }

        if settings.precision is not None:
            found = tables(lambda examples, store: precise_blocks(engine, subject, settings, examples, store))
        else:
            found = tables(lambda examples, store: engine.blocks(points, examples, store.done()))
        for _ in range(rounds):
            known = len(points)
            grid, points = refinement(grid, points, subject.segment, found.values(), settings.baseline)
            if len(points) > known:
                found = tables(_later_blocks(engine, points, known))
    return grid, found


def _stores(subject: Subject, settings: Settings, hold: Hold | None) -> dict[str, ExampleStore]:
    files = None if hold is None else Layout(hold.folder).splits(list(subject.splits))
    stores: dict[str, ExampleStore] = {}
    for split, examples in subject.splits.items():
        targets, order = _class_numbers(examples), drawn_order(settings, len(examples))
        stores[split] = MemoryStore(targets, order) if files is None else FolderStore(files[split], targets, order)
    return stores


def _filled(
    examples: Examples, store: ExampleStore, blocks: Blocks, num_points: int, keep: Callable[[ExampleBlock], None]
) -> ExampleTable:
    for block in blocks(examples, store):
        keep(block)
    return store.table(num_points, len(examples))


def _later_blocks(engine: Engine, points: tuple[Point, ...], known: int) -> Blocks:
    """Blocks of the points from number `known` on, under their own numbers."""

    def blocks(examples: Examples, store: ExampleStore) -> Iterator[ExampleBlock]:
        done = {(first - known, start) for first, start in store.done() if first >= known}
        for block in engine.blocks(points[known:], examples, done):
            yield replace(block, points=tuple(number + known for number in block.points))

    return blocks


def _class_numbers(examples: Examples) -> np.ndarray | None:
    targets = examples.targets
    if not isinstance(targets, Tensor) or targets.ndim != 1 or not is_whole(targets):
        return None
    return targets.long().cpu().numpy()
