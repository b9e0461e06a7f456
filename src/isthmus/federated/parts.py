"""The seeds of recipes as jobs, which know nothing of each other."""

import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, overload

from isthmus.errors import DamagedError, IsthmusWarning
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.evaluation.arithmetic.threads import limit_threads
from isthmus.federated.federation import Federation, federation_of
from isthmus.federated.folder import RuleFolder, load_seconds
from isthmus.federated.manifest import Described, described
from isthmus.federated.recipe import FederatedRecipe
from isthmus.federated.rounds import Progress, run_rounds
from isthmus.federated.rules.known import AnyRule
from isthmus.federated.server import Server
from isthmus.work.folders import WorkFolder
from isthmus.work.shared import Shared
from isthmus.work.task import Workers

Tell = Callable[[Progress], None]


class Rounds(Protocol):
    """A way to go through the rounds of one rule."""

    def __call__(
        self, federation: Federation, rule: AnyRule, folder: RuleFolder, *, spent: Mapping[str, float], tell: Tell
    ) -> None:
        """As `run_rounds`."""


@dataclass(frozen=True)
class Job:
    """A recipe and where it goes.

    Attributes:
        recipe: Rules and seeds are trained one after the other, or at once by seed.
        out: The folder.
    """

    recipe: FederatedRecipe
    out: Path


@dataclass(frozen=True)
class Part:
    """A seed of a job: all its rules, one after the other.

    Attributes:
        job: The recipe and its folder.
        seed: Of the repetition.
        data_root: The folder that holds the known sets.
    """

    job: Job
    seed: int
    data_root: Path | None


@dataclass(frozen=True)
class PartJob:
    """A part, where its files go, and what it is made of where that is not to be made.

    Attributes:
        part: Which.
        folder: Of the training.
        federation: Data and network; None where the worker reads them.
    """

    part: Part
    folder: WorkFolder
    federation: Shared[Federation] | None


@dataclass(frozen=True)
class PartJobs(Sequence[PartJob]):
    """Parts, each made when its turn comes: not the data of all seeds need fit into memory.

    Attributes:
        parts: Seeds of jobs.
        workers: Who trains.
        confirm: Raises where nothing must be written any more.
        sends_data: Whether workers can't be expected to have it.
    """

    parts: Sequence[Part]
    workers: Workers
    confirm: Callable[[], None]
    sends_data: bool

    def __len__(self) -> int:
        return len(self.parts)

    @overload
    def __getitem__(self, number: int) -> PartJob: ...
    @overload
    def __getitem__(self, number: slice) -> "Sequence[PartJob]": ...
    def __getitem__(self, number: Any) -> Any:
        """The job of a number."""
        part: Part = self.parts[number]
        recipe, seed = part.job.recipe, part.seed
        folders = [RuleFolder(part.job.out, rule.shown, seed) for rule in recipe.rules]
        places = {place for one in folders for place in (one.work, one.first, one.networks)}
        names = tuple(sorted(str(place.relative_to(part.job.out)) for place in places))
        folder = self.workers.folder(part.job.out, names, self.confirm)
        made = partial(federation_of, recipe, seed, part.data_root)
        return PartJob(part, folder, self.workers.share(made) if self.sends_data else None)


@dataclass(frozen=True)
class TrainParts:
    """Trains parts.

    Attributes:
        rounds: Goes through the rounds of one rule and seed.
    """

    rounds: Rounds

    def __call__(self) -> Callable[[PartJob, Tell], Described]:
        """What trains one part after the other."""
        return self._train

    def _train(self, job: PartJob, tell: Tell) -> Described:
        home = str(job.part.job.out)
        with job.folder.opened(tell) as out:
            part = replace(job.part, job=replace(job.part.job, out=out))
            federation = None
            if job.federation is not None:
                federation = job.federation.value()
                # What is shared can't be written to, and a network is when it is trained.
                federation = replace(federation, model=deepcopy(federation.model))
            return train_part(part, lambda news: tell(replace(news, out=home)), self.rounds, federation)


def train_part(
    part: Part, tell: Tell, rounds: Rounds = run_rounds, federation: Federation | None = None
) -> Described:  # fmt: skip
    """Train one seed under every rule, with one thread on a processor: so the number of processes changes no bit.

    Args:
        part: Which.
        tell: Called after every round.
        rounds: As in `federate`.
        federation: What it is made of; None to make it.

    Returns:
        What the manifest says of the clients and the layers.
    """
    recipe = part.job.recipe
    with limit_threads(1) if device_named(recipe.device).type == "cpu" else nullcontext():
        federation = federation or federation_of(recipe, part.seed, part.data_root)
        for rule in recipe.rules:
            Server(federation, rule)  # refuses one that doesn't fit, before another has trained
        for rule in recipe.rules:
            folder = RuleFolder(part.job.out, rule.shown, part.seed)
            try:
                rounds(federation, rule, folder, spent=load_seconds(folder), tell=tell)
            except DamagedError as error:
                # What it was made of is gone, so that one file can't be made again alone.
                text = f"{error.where} was damaged on the disk: the rounds of rule {rule.shown} are made again"
                warnings.warn(text, IsthmusWarning, stacklevel=2)
                shutil.rmtree(folder.work)
                rounds(federation, rule, folder, spent={}, tell=tell)
    return described(federation)
