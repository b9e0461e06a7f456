"""The members of a collection as jobs: each is a whole measurement, into a folder of its own."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import xarray as xr

from isthmus.data.examples import Examples
from isthmus.errors import IsthmusWarning
from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.evaluation.stages.kept_graphs import kept_graphs
from isthmus.runs.carried import InHand, in_hand
from isthmus.runs.folder.collection_record import CollectionRecord
from isthmus.runs.pair import pair_result
from isthmus.runs.request.members import Collection
from isthmus.runs.request.networks import HeldCheckpoints, NamedNetwork
from isthmus.runs.request.request import Request
from isthmus.weights.checkpoint import Checkpoint
from isthmus.weights.step import Step
from isthmus.work.folders import WorkFolder
from isthmus.work.news import Tell
from isthmus.work.shared import Shared
from isthmus.work.task import Workers

Data = tuple[dict[str, Examples], Examples | None]
Measured = tuple[xr.Dataset, InHand]


@dataclass(frozen=True)
class MemberJob:
    """One member.

    Attributes:
        number: From 1.
        name: For messages.
        a: Network a.
        b: Network b.
        folder: Holds its run folder; None for a measurement in memory.
        run: The name of that.
    """

    number: int
    name: str
    a: Shared[Checkpoint]
    b: Shared[Checkpoint]
    folder: WorkFolder | None
    run: str


@dataclass(frozen=True)
class Begun:
    """A member begins.

    Attributes:
        number: From 1.
        name: Of the member.
    """

    number: int
    name: str


@dataclass(frozen=True)
class MeasureMembers:
    """Measures members one after the other; the model is exported once in each worker.

    Attributes:
        request: What is common to all, without data.
        data: Splits, and what to recalibrate on.
    """

    request: Request
    data: Shared[Data]

    def __call__(self) -> Callable[[MemberJob, Tell], Measured]:
        """What measures one member after the other."""
        splits, recalibration = self.data.value()
        common = self.request.model_copy(update={"data": splits, "recalibration_data": recalibration})
        return _Measuring(common)


@dataclass(frozen=True)
class _Measuring:
    common: Request
    graphs: dict[str, OperatorGraph] = field(default_factory=dict)

    def __call__(self, job: MemberJob, tell: Tell) -> Measured:
        tell(Begun(job.number, job.name))
        opened = nullcontext() if job.folder is None else job.folder.opened(tell)
        with kept_graphs(self.graphs), _named_warnings(job.name), opened as folder:
            out = None if folder is None else folder / job.run
            asked = {"a": job.a.value(), "b": job.b.value(), "out": out}
            result = pair_result(self.common.model_copy(update=asked))
        return result, in_hand(result)


@dataclass(frozen=True)
class MemberJobs(Sequence[MemberJob]):
    """The members of a collection, each made when its turn comes: not all networks need fit into memory.

    Attributes:
        collection: Which there are.
        record: Their names and folders.
        held: Reads networks.
        workers: Who measures.
        home: The folder of all runs; None for measurements in memory.
        confirm: Raises where nothing must be written there any more.
    """

    collection: Collection
    record: CollectionRecord
    held: HeldCheckpoints
    workers: Workers
    home: Path | None
    confirm: Callable[[], None]

    def __len__(self) -> int:
        return len(self.record.members)

    @overload
    def __getitem__(self, number: int) -> MemberJob: ...
    @overload
    def __getitem__(self, number: slice) -> "Sequence[MemberJob]": ...
    def __getitem__(self, number: Any) -> Any:
        """The job of a number."""
        member, known = self.collection.members[number], self.record.members[number]
        steps = member.steps or (None, None)
        folder = None
        if self.home is not None:
            folder = self.workers.folder(self.home, (known.folder,), self.confirm)
        a, b = (self._shared(network, step) for network, step in zip((member.a, member.b), steps, strict=True))
        return MemberJob(number + 1, known.name, a, b, folder, known.folder)

    def _shared(self, network: NamedNetwork, step: Step | None) -> Shared[Checkpoint]:
        return self.workers.share(lambda: self.held.checkpoint(network, step), (network.name, step))


@contextmanager
def _named_warnings(name: str) -> Iterator[None]:
    """Warnings of the block, with the member's name before those of isthmus."""
    with warnings.catch_warnings(record=True) as found:
        # Python would swallow what an earlier member has already said at the same line.
        warnings.simplefilter("always", IsthmusWarning)
        yield
    for warning in found:
        text = f"{name}: {warning.message}" if issubclass(warning.category, IsthmusWarning) else str(warning.message)
        warnings.warn(text, warning.category, stacklevel=5)
