"""The networks of a recipe trained at once, each in a process of one thread.

Small networks use the cores better this way than one after the other with many threads. A network that is spawned from
another waits for it in the same process.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from isthmus.data.examples import Examples
from isthmus.data.load import load_examples
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.held_folder import held_folder
from isthmus.processes import num_cores
from isthmus.training.networks.networks import Progress, refuse_used_folders, train_networks
from isthmus.training.networks.turns import independent_groups
from isthmus.training.recipe.recipe import NetworkRecipe
from isthmus.work.folders import WorkFolder
from isthmus.work.in_processes import Processes
from isthmus.work.news import Tell
from isthmus.work.places import workers_at
from isthmus.work.shared import Shared

ON_ACCELERATOR = 2  # networks at a time: their copies of the data and two states each have to fit


@dataclass(frozen=True)
class _Group:
    """Networks of one group, where they go, and their data where it is not to be read."""

    recipes: Sequence[NetworkRecipe]
    folder: WorkFolder
    data: Mapping[str, Shared[Examples]] | None


@dataclass(frozen=True)
class _Training:
    """Trains groups of networks; what is there already was looked at before, so that each goes on."""

    data_root: Path | None

    def __call__(self) -> Callable[[_Group, Tell], None]:
        return self._train

    def _train(self, group: _Group, tell: Tell) -> None:
        data = None if group.data is None else {spec: shared.value() for spec, shared in group.data.items()}
        with group.folder.opened(tell) as out:
            train_networks(group.recipes, out, resume=True, data_root=self.data_root, data=data, tell=tell)


def train_at_once(
    recipes: Sequence[NetworkRecipe],
    out: Path,
    *,
    processes: int | None = None,
    resume: bool = False,
    data_root: Path | None = None,
    ray: str | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> dict[str, Path]:
    """Train the networks of a recipe as `train_networks` does, several at a time.

    On a processor every network is trained by one thread, however many processes there are, so that their number
    changes no bit. On an accelerator the networks take turns in this process (`train_networks` with `at_once`).

    Args:
        recipes: From `load_recipes`.
        out: Where a folder for each network is made.
        processes: How many at once; None for as many as there are cores, on an accelerator for two.
        resume: Go on with what is there.
        data_root: Where known data sets lie.
        ray: The address of a Ray cluster whose workers train, "local" for one of this machine; None for processes.
        tell: Called in this process after every epoch of every network.

    Returns:
        The folders by name, in the order of the recipe.

    Raises:
        InputError: As `train_networks`; the other processes are ended, and what they finished stays.
        RuntimeError: Process after process ended without a word.
    """
    refuse_used_folders(recipes, out, resume=resume)
    groups = independent_groups(recipes)
    # With nothing to train no process is worth its start.
    finished = all((out / recipe.name / f"{recipe.length}.safetensors").is_file() for recipe in recipes)
    on_processor = all(device_named(recipe.device).type == "cpu" for recipe in recipes)
    # Not stacked by torch.func: two ResNet-18 of width 16 took 1.41 times as long together as one after the other.
    at_once = min(processes or (num_cores() if on_processor else ON_ACCELERATOR), len(groups))
    if ray is not None and not finished:
        _train_on_ray(ray, groups, out, data_root, tell, on_accelerator=not on_processor)
    elif at_once < 2 or finished or not on_processor:
        before = torch.get_num_threads()
        if on_processor:
            torch.set_num_threads(1)
        try:
            together = 1 if on_processor or finished else at_once
            train_networks(recipes, out, resume=resume, data_root=data_root, tell=tell, at_once=together)
        finally:
            torch.set_num_threads(before)
    else:
        workers = Processes(at_once, "isthmus.training.networks.networks")
        jobs = [_Group(group, workers.folder(out), None) for group in groups]
        for _ in workers.done(_Training(data_root), jobs, tell):
            pass
    return {recipe.name: out / recipe.name for recipe in recipes}


def _train_on_ray(
    ray: str,
    groups: Sequence[Sequence[NetworkRecipe]],
    out: Path,
    data_root: Path | None,
    tell: Callable[[Progress], None],
    *,
    on_accelerator: bool,
) -> None:
    """Hold the folders, which the workers have copies of, and have every group trained by one of them."""
    recipes = [recipe for group in groups for recipe in group]
    data = {spec: load_examples(spec, data_root=data_root) for spec in dict.fromkeys(r.data for r in recipes)}
    with ExitStack() as held, workers_at(ray, 1, on_accelerator=on_accelerator) as workers:
        holds = [held.enter_context(held_folder(out / recipe.name)) for recipe in recipes]

        def confirm() -> None:
            for hold in holds:
                hold.confirm()

        shared = {spec: workers.share(partial(data.__getitem__, spec), ("data", spec)) for spec in data}
        jobs = []
        for group in groups:
            folder = workers.folder(out, tuple(recipe.name for recipe in group), confirm)
            jobs.append(_Group(group, folder, {recipe.data: shared[recipe.data] for recipe in group}))
        for _ in workers.done(_Training(data_root), jobs, tell):
            pass
