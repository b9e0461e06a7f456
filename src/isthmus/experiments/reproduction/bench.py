"""The bench of a claim: it trains and measures into a folder, and continues what is there."""

import math
import warnings
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import IsthmusWarning
from isthmus.experiments.reproduction.pages.settings import federation_rows, measured_rows, recipe_rows
from isthmus.experiments.reproduction.recipes import TrainedNetworks, shipped_recipes
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.scale import Scale
from isthmus.experiments.reproduction.times import count_time, spent_seconds

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.federated.results.tables import FederationTables
    from isthmus.federated.rounds import Progress as RoundProgress
    from isthmus.training.networks.networks import Progress

TRAINING, MEASURING = "training", "measuring"
NETWORKS, RUNS = "networks", "runs"
NUM_LINES = 8


class Bench:
    """One claim at one scale.

    Attributes:
        claim: The claim's name.
        scale: At which scale.
        out: Holds a folder for each claim at each scale, so that claims can share networks.
        data_root: Where known data sets lie.
        settings: What was done, by the names of `reproduction.pages.settings`; a claim may add to it.
        borrowed: The claims whose networks are used.
        made_data: What stands in for data of a recipe: a specification by the one that the recipe names, for data that
            a claim makes.
    """

    def __init__(
        self,
        claim: str,
        scale: Scale,
        out: Path,
        data_root: Path | None,
        say: Callable[[str], None] = lambda _: None,
        ray: str | None = None,
    ) -> None:
        self.claim, self.scale, self.out, self.data_root = claim, scale, out, data_root
        self.settings: dict[str, str] = {}
        self.borrowed: list[str] = []
        self.made_data: dict[str, str] = {}
        self._say, self._ray = say, ray

    @property
    def folder(self) -> Path:
        """Where this claim's work at this scale is."""
        return claim_folder(self.out, self.claim, self.scale)

    def say(self, text: str) -> None:
        """Tell the user how far it is.

        Args:
            text: One line.
        """
        self._say(f"{self.claim}: {text}")

    def threshold(self, criterion: str) -> float:
        """What a criterion of this claim compares with, for sentences that speak of it.

        Args:
            criterion: Its name.

        Returns:
            The number.
        """
        return known_claims()[self.claim].criteria[criterion].threshold

    def train_networks(self, claim: str | None = None, names: Collection[str] = ()) -> TrainedNetworks:
        """Train the networks of a recipe that ships with the package; those that are there already are taken.

        Args:
            claim: Whose recipe, and in whose folder: None for this claim's own.
            names: Of the networks that are needed; none for all of them.

        Returns:
            The networks.
        """
        from isthmus.training.networks.several import train_at_once

        owner = claim or self.claim
        shipped, home = shipped_recipes(owner, self.scale), claim_folder(self.out, owner, self.scale)
        shipped = tuple(recipe for recipe in shipped if not names or recipe.name in names)
        # Data that a claim makes lies in its folder, whose place no shipped recipe can name.
        recipes = [r.model_copy(update={"data": self.made_data.get(r.data, r.data)}) for r in shipped]
        networks = TrainedNetworks(home / NETWORKS, recipes)
        self._note(recipe_rows(shipped))
        if owner != self.claim and owner not in self.borrowed:
            self.borrowed.append(owner)
        missing = [recipe for recipe in recipes if not networks.final(recipe.name).is_file()]
        if not missing:
            self.say(f"{len(recipes)} networks are there")
        else:
            self.say(f"training {len(missing)} networks of {shipped[0].model} on {shipped[0].data}")
        with count_time(home, TRAINING, unless=not missing) as add_time:

            def tell(progress: "Progress") -> None:
                add_time()
                self._tell(progress)

            train_at_once(recipes, networks.folder, resume=True, data_root=self.data_root, ray=self._ray, tell=tell)
        return networks

    def federate(self) -> "dict[str, FederationTables]":
        """Train this claim's federations, a folder in `runs/` each; those that are there go on, or are read.

        Returns:
            Results by the name of the federation, in the order of the recipe.
        """
        from isthmus.experiments.reproduction.federations import shipped_federations
        from isthmus.federated.federate import federate_all
        from isthmus.federated.parts import Job
        from isthmus.federated.results.tables import is_complete, load_federation
        from isthmus.processes import num_cores

        recipes = shipped_federations(self.claim, self.scale)
        self._note(federation_rows(recipes))
        jobs = {name: Job(recipe, self.folder / RUNS / name) for name, recipe in recipes.items()}
        parts = [f"{len(recipe.rules)} rules, {len(recipe.seeds)} seeds" for recipe in recipes.values()]
        self.say(f"{len(recipes)} federations: {'; '.join(dict.fromkeys(parts))}")
        with count_time(self.folder, TRAINING, unless=all(is_complete(job.out) for job in jobs.values())):
            federate_all(
                list(jobs.values()), resume=True, processes=num_cores(), ray=self._ray, data_root=self.data_root,
                tell=self._tell_round,
            )  # fmt: skip
        return {name: load_federation(job.out) for name, job in jobs.items()}

    def measure(self, name: str, model: str, data: Mapping[str, str], **options: Any) -> "xr.Dataset":
        """Measure networks with `isthmus.measure`, into `runs/NAME`; a run that is there goes on, or is read.

        Args:
            name: Of the run.
            model: As `isthmus.measure` takes it.
            data: Specifications by the name of the split.
            options: `a` and `b`, and whatever else `isthmus.measure` takes.

        Returns:
            The result.
        """
        from isthmus.runs.folder.layout import Layout
        from isthmus.runs.measure import measure

        self._note(measured_rows(name, data, options))
        out = self.folder / RUNS / name
        with self._measuring(name, complete=Layout(out).results.is_file()), warnings.catch_warnings():
            # pairs of one initialisation are meant to be equal at the start
            warnings.filterwarnings("ignore", message=".*hold the same weights", category=IsthmusWarning)
            return measure(
                model, data=dict(data), out=out, resume=True, data_root=self.data_root,
                ray=self._ray, progress=False, **options,
            )  # fmt: skip

    def study(self, name: str, make: "Callable[..., xr.Dataset]") -> "xr.Dataset":
        """Make a study into `runs/NAME`; one that is there goes on, or is read.

        Args:
            name: Of the study.
            make: `isthmus.subspace_noise`, say, with its arguments but for `out`, `resume` and `data_root`.

        Returns:
            The study.
        """
        from isthmus.questions.study.folder import is_whole

        out = self.folder / RUNS / name
        with self._measuring(name, complete=is_whole(out)):
            return make(out=out, resume=True, data_root=self.data_root)

    def _measuring(self, name: str, *, complete: bool) -> AbstractContextManager[Callable[[], None]]:
        self.say(f"{name} is measured" if complete else f"measuring {name}")
        return count_time(self.folder, MEASURING, unless=complete)

    def count_time(self) -> AbstractContextManager[Callable[[], None]]:
        """Count the time of a block that measures something without `measured`.

        Returns:
            A context.
        """
        return count_time(self.folder, MEASURING)

    @property
    def seconds(self) -> dict[str, float]:
        """What was spent on the networks, also where they are another claim's, and on measuring."""
        homes = [claim_folder(self.out, owner, self.scale) for owner in (self.claim, *self.borrowed)]
        spent = {TRAINING: sum(spent_seconds(home).get(TRAINING, 0.0) for home in homes)}
        return spent | {MEASURING: spent_seconds(self.folder).get(MEASURING, 0.0)}

    def _note(self, rows: Mapping[str, str]) -> None:
        for row, words in rows.items():
            earlier = self.settings.get(row)
            self.settings[row] = words if earlier in {None, words} else f"{earlier}; {words}"

    def _tell(self, progress: "Progress") -> None:
        step, length = progress.step, progress.length
        due = step == length or step.unit != length.unit or not step.count % math.ceil(length.count / NUM_LINES)
        if due and not math.isnan(progress.loss):
            self.say(
                f"network {progress.network}, {step} of {length}: training loss {progress.loss:.4f}, "
                f"{progress.seconds:.0f} s"
            )

    def _tell_round(self, progress: "RoundProgress") -> None:
        if progress.round == progress.rounds and progress.own is not None:
            self.say(
                f"rule {progress.rule}, seed {progress.seed}, {progress.rounds} rounds: accuracy on own test parts "
                f"{1 - progress.own:.1%}, {progress.seconds:.0f} s"
            )


def claim_folder(out: Path, claim: str, scale: Scale) -> Path:
    """Where the work of a claim at a scale is.

    Args:
        out: The folder of all claims.
        claim: The claim's name.
        scale: At which scale.

    Returns:
        The folder.
    """
    return out / f"{claim}-{scale}"
