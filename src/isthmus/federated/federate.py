"""All rules and seeds of a recipe, and the tables of what came out."""

import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from isthmus.errors import DamagedError, InputError, IsthmusWarning
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.evaluation.arithmetic.threads import limit_threads
from isthmus.federated.federation import Federation, federation_of
from isthmus.federated.file import load_federated_recipe
from isthmus.federated.folder import RuleFolder, load_seconds
from isthmus.federated.manifest import Described, begin, described, finish
from isthmus.federated.recipe import FederatedRecipe
from isthmus.federated.results.tables import MANIFEST
from isthmus.federated.rounds import Progress, run_rounds
from isthmus.federated.rules.known import AnyRule
from isthmus.federated.server import Server
from isthmus.held_folder import Hold, held_folder, is_empty, refuse_held
from isthmus.progress_file import ProgressFile, end_progress
from isthmus.work.here import Here
from isthmus.work.in_processes import Processes

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


def federate(
    recipe: FederatedRecipe | str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    processes: int = 1,
    data_root: Path | None = None,
    tell: Tell = lambda _: None,
    rounds: Rounds = run_rounds,
) -> Path:
    """Train clients under every rule of a recipe, for each of its seeds.

    Killed at any moment it goes on with `resume` from the last finished local training, and ends with the same bytes.

    Args:
        recipe: The settings, or the TOML file that has them.
        out: The folder to make.
        resume: Go on with what is there.
        processes: Seeds at a time, one thread each; the number changes no bit.
        data_root: The folder that holds the known sets.
        tell: Called after every round.
        rounds: Goes through the rounds of one rule and seed, as `run_rounds` does in this process; with another one,
            `processes` is 1.

    Returns:
        The folder.

    Raises:
        InputError: It is there and `resume` was not asked for, was begun by other settings, or the data, the network
            and the rules do not fit together.
    """
    settings = recipe if isinstance(recipe, FederatedRecipe) else load_federated_recipe(Path(recipe))
    job = Job(settings, Path(out))
    federate_all([job], resume=resume, processes=processes, data_root=data_root, tell=tell, rounds=rounds)
    return job.out


def federate_all(
    jobs: Sequence[Job], *, resume: bool = False, processes: int = 1, data_root: Path | None = None,
    tell: Tell = lambda _: None, rounds: Rounds = run_rounds,
) -> None:  # fmt: skip
    """Several recipes, each into its own folder: see `federate`.

    Args:
        jobs: Recipes and folders.
        resume: As in `federate`.
        processes: As in `federate`: seeds at a time, of any recipe.
        data_root: As in `federate`.
        tell: As in `federate`.
        rounds: As in `federate`.

    Raises:
        InputError: As in `federate`.
    """
    for job in jobs:
        refuse_existing(job.out, resume=resume)
    holds: list[Hold] = []
    said: dict[str, ProgressFile] = {}

    def confirmed(progress: Progress) -> None:
        for hold in holds:
            hold.confirm()
        said[progress.out].advance(
            1, rule=progress.rule, seed=progress.seed, round=progress.round, error_rate=progress.own
        )
        tell(progress)

    with ExitStack() as held:
        for job in jobs:
            holds.append(held.enter_context(held_folder(job.out)))
            held.enter_context(_nothing_left_of_wrong_input(job.out))
            begin(job.recipe, job.out, data_root)
            recipe = job.recipe
            total = len(recipe.rules) * len(recipe.seeds) * recipe.rounds
            said[str(job.out)] = ProgressFile(job.out, "federate", "rounds", of=total)
        parts = [Part(job, seed, data_root) for job in jobs for seed in job.recipe.seeds]
        is_alone = processes == 1 or len(parts) == 1
        workers = Here() if is_alone else Processes(processes, "isthmus.federated.federate")
        done = {one.number: one.result for one in workers.done(_Training(rounds), parts, confirmed)}
        described = [done[number] for number in range(len(parts))]
        for hold in holds:
            hold.confirm()
        for job in jobs:
            end_progress(job.out)
            finish(
                job.recipe, job.out, [facts for part, facts in zip(parts, described, strict=True) if part.job is job]
            )


@contextmanager
def _nothing_left_of_wrong_input(out: Path) -> Iterator[None]:
    """Where the input is refused before anything was trained, the folder is as it was before."""
    was_there = (out / MANIFEST).exists()
    try:
        yield
    except InputError:
        if not was_there and not any(out.glob("work/**/*.safetensors")):
            end_progress(out)
            (out / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(out / "work", ignore_errors=True)
        raise


def refuse_existing(out: Path, *, resume: bool) -> None:
    """Refuse a folder that another process works in, or that holds what is not to go on.

    Args:
        out: The folder.
        resume: Whether a training that is there is to go on.

    Raises:
        InputError: It is one of these.
    """
    refuse_held(out)
    is_begun = (out / MANIFEST).exists()
    if is_begun and not resume:
        got = "a federated training that is there"
        raise InputError("a new folder", got, str(out), "add --resume, or name another --out")
    if not is_begun and out.is_dir() and not is_empty(out):
        raise InputError("a new or empty folder", "one with other things", str(out), "name another --out")


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
class _Training:
    """Trains parts."""

    rounds: Rounds

    def __call__(self) -> Callable[[Part, Tell], Described]:
        return partial(train_part, rounds=self.rounds)


def train_part(part: Part, tell: Tell, rounds: Rounds = run_rounds) -> Described:
    """Train one seed under every rule, with one thread on a processor: so the number of processes changes no bit.

    Args:
        part: Which.
        tell: Called after every round.
        rounds: As in `federate`.

    Returns:
        What the manifest says of the clients and the layers.
    """
    recipe = part.job.recipe
    with limit_threads(1) if device_named(recipe.device).type == "cpu" else nullcontext():
        federation = federation_of(recipe, part.seed, part.data_root)
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
