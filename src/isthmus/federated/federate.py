"""All rules and seeds of a recipe, and the tables of what came out."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.federated.file import load_federated_recipe
from isthmus.federated.manifest import begin, finish
from isthmus.federated.parts import Job, Part, PartJobs, Rounds, Tell, TrainParts
from isthmus.federated.recipe import FederatedRecipe
from isthmus.federated.results.tables import MANIFEST
from isthmus.federated.rounds import Progress, run_rounds
from isthmus.files import is_empty
from isthmus.held_folder import Hold, held_folder, refuse_held
from isthmus.progress_file import ProgressFile, end_progress
from isthmus.work.here import Here
from isthmus.work.in_processes import Processes
from isthmus.work.places import workers_at


def federate(
    recipe: FederatedRecipe | str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    processes: int = 1,
    ray: str | None = None,
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
        ray: The address of a Ray cluster whose workers train a seed each, "local" for one of this machine.
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
    federate_all([job], resume=resume, processes=processes, ray=ray, data_root=data_root, tell=tell, rounds=rounds)
    return job.out


def federate_all(
    jobs: Sequence[Job], *, resume: bool = False, processes: int = 1, ray: str | None = None,
    data_root: Path | None = None, tell: Tell = lambda _: None, rounds: Rounds = run_rounds,
) -> None:  # fmt: skip
    """Several recipes, each into its own folder: see `federate`.

    Args:
        jobs: Recipes and folders.
        resume: As in `federate`.
        processes: As in `federate`: seeds at a time, of any recipe.
        ray: As in `federate`.
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

    def confirm() -> None:
        for hold in holds:
            hold.confirm()

    def confirmed(progress: Progress) -> None:
        confirm()
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
        if ray is not None:
            on_accelerator = any(device_named(job.recipe.device).type != "cpu" for job in jobs)
            workers = held.enter_context(workers_at(ray, 1, on_accelerator=on_accelerator))
        else:
            is_alone = processes == 1 or len(parts) == 1
            workers = Here() if is_alone else Processes(processes, "isthmus.federated.federate")
        given = PartJobs(parts, workers, confirm, sends_data=ray is not None)
        done = {one.number: one.result for one in workers.done(TrainParts(rounds), given, confirmed)}
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
