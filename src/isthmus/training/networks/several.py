"""The networks of a recipe trained at once, each in a process of one thread.

Small networks use the cores better this way than one after the other with many threads. A network that is spawned from
another waits for it in the same process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from isthmus.evaluation.arithmetic.device import device_named, num_cores
from isthmus.training.networks.networks import Progress, refuse_used_folders, train_networks
from isthmus.training.networks.turns import independent_groups
from isthmus.training.recipe.recipe import NetworkRecipe
from isthmus.work.in_processes import Processes
from isthmus.work.task import Tell

ON_ACCELERATOR = 2  # networks at a time: their copies of the data and two states each have to fit


@dataclass(frozen=True)
class _Training:
    """Trains groups of networks; what is there already was looked at before, so that each goes on."""

    out: Path
    data_root: Path | None

    def __call__(self) -> Callable[[Sequence[NetworkRecipe], Tell], None]:
        return self._train

    def _train(self, recipes: Sequence[NetworkRecipe], tell: Tell) -> None:
        train_networks(recipes, self.out, resume=True, data_root=self.data_root, tell=tell)


def train_at_once(
    recipes: Sequence[NetworkRecipe],
    out: Path,
    *,
    processes: int | None = None,
    resume: bool = False,
    data_root: Path | None = None,
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
    if at_once < 2 or finished or not on_processor:
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
        for _ in workers.done(_Training(out, data_root), groups, tell):
            pass
    return {recipe.name: out / recipe.name for recipe in recipes}
