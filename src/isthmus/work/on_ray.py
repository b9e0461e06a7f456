"""Jobs on a Ray cluster. Nothing else of isthmus knows Ray."""

import logging
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray._private import ray_constants
from ray.cloudpickle import CloudPickler
from ray.exceptions import RayActorError

from isthmus.errors import InputError
from isthmus.processes import num_cores
from isthmus.work.doer import Doer
from isthmus.work.environment import environment
from isthmus.work.folders import Files, Sent
from isthmus.work.kind import kind_of_worker, num_places, other_kind, refused_all, warn_of_other_kind
from isthmus.work.news import Tell, no_news
from isthmus.work.packed import Packed, packed, unpacked
from isthmus.work.reports import News, mourn, taken_in
from isthmus.work.task import Done, Job, Result, Task, V, nothing
from isthmus.work.user_files import files_run

LOG = logging.getLogger(__name__)
LOCAL = "local"
WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class _Stored:
    """A value in the cluster's object store, which every machine fetches once, and every worker there maps."""

    reference: Any

    def value(self) -> Any:
        found = ray.get(self.reference)
        return unpacked(found) if isinstance(found, Packed) else found


@dataclass(eq=False)
class _Worker:
    """A process of the cluster, and how many jobs it has."""

    actor: Any
    place: str = "one that had not begun"
    load: int = 0


class OnRay:
    """Workers of a cluster, begun when they are first needed, and kept for further jobs.

    Args:
        size: How many at most.
        threads: That torch computes with in each, and cores that it asks for.
        on_accelerator: Whether each needs one.
    """

    def __init__(self, size: int, threads: int, *, on_accelerator: bool) -> None:
        self.threads, self.on_accelerator, self._size = threads, on_accelerator, size
        self._workers: list[_Worker] = []
        self._beginning: dict[Any, _Worker] = {}
        self._shared: dict[Hashable, _Stored] = {}
        self._confirmed: dict[str, Callable[[], None]] = {}
        self._refusals: list[str] = []
        self._deaths_at_begin = 0

    def share(self, make: Callable[[], V], name: Hashable = None) -> _Stored:
        """As `Workers.share`: the value goes into the object store once."""
        found = self._shared.get(name)
        if found is None:
            found = _Stored(ray.put(packed(make(), CloudPickler)))
            self._shared |= {} if name is None else {name: found}
        return found

    def folder(self, home: Path, parts: tuple[str, ...] = (".",), confirm: Callable[[], None] = nothing) -> Sent:
        """As `Workers.folder`: the job has a copy of what is there when it is given to a worker."""
        self._confirmed[str(home)] = confirm
        return Sent(home, parts)

    def done(self, task: Task[Job, Result], jobs: Sequence[Job], tell: Tell = no_news) -> Iterator[Done[Result]]:
        """As `Workers.done`.

        Args:
            task: As there.
            jobs: As there.
            tell: As there.

        Yields:
            Each job when it has ended.

        Raises:
            refused_all: The cluster has only workers of another kind than this process.
            RuntimeError: Worker after worker died at one job.
        """
        # Not packed: it may hold on to shared values, of which Ray is to know.
        stored, files = _Stored(ray.put(task)), files_run()
        waiting, deaths, at = deque(range(len(jobs))), Counter[int](), dict[Any, tuple[_Worker, int]]()
        try:
            while waiting or at:
                while waiting and (free := self._free(len(waiting))):
                    doing = free.actor.do.options(num_returns="streaming").remote(stored, files, jobs[waiting[0]])
                    at[doing] = free, waiting.popleft()
                    free.load += 1
                self._begin_more(len(waiting))
                for found in self._ready([*at, *self._beginning]):
                    if found in self._beginning:
                        self._admit(found, self._beginning.pop(found))
                        continue
                    worker, job = at[found]
                    try:
                        report = ray.get(next(found))
                    except (RayActorError, StopIteration) as error:
                        del at[found]
                        waiting.appendleft(job)
                        if worker in self._workers:  # or this one had only been waiting there
                            self._workers.remove(worker)
                            deaths[job] += 1
                            mourn(worker.place, deaths[job], error)
                        continue
                    if isinstance(report, News) and isinstance(report.told, Files):
                        self._confirmed[report.told.home]()
                        report.told.save()
                    elif (end := taken_in(report, tell)) is not None:
                        del at[found]
                        worker.load -= 1
                        yield Done(job, end.result)
        finally:
            self._end_all([worker for worker in self._workers if worker.load])

    def forget(self) -> None:
        """Let go what was shared: names mean something in one piece of work."""
        self._shared.clear()
        self._confirmed.clear()

    def close(self) -> None:
        """End all workers."""
        self._end_all([*self._workers, *self._beginning.values()])
        self._beginning.clear()
        self.forget()

    def _end_all(self, workers: list[_Worker]) -> None:
        for worker in workers:
            ray.kill(worker.actor, no_restart=True)
        self._workers = [worker for worker in self._workers if worker not in workers]

    def _free(self, num_waiting: int) -> _Worker | None:
        """A worker with nothing to do; while many jobs wait also one with a single job, lest it wait for the next."""
        most = 2 if num_waiting > 2 * len(self._workers) else 1
        return next((one for load in range(most) for one in self._workers if one.load == load), None)

    def _begin_more(self, num_waiting: int) -> None:
        """Begin workers for the jobs that wait, as far as there is room; the others come when these have ended."""
        room = self._size - len(self._workers) - len(self._beginning)
        for _ in range(min(room, num_waiting - len(self._beginning))):
            actor = ray.remote(Doer).options(
                num_cpus=self.threads, num_gpus=int(self.on_accelerator), scheduling_strategy="SPREAD"
            )
            worker = _Worker(actor.remote(self.threads, str(Path.cwd()), sys.path))
            self._beginning[worker.actor.begin.remote()] = worker

    def _ready(self, awaited: list[Any]) -> list[Any]:
        while True:
            ready, _ = ray.wait(awaited, timeout=WAIT_SECONDS)
            if ready:
                return list(ready)
            if len(awaited) == len(self._beginning):
                LOG.warning("for %.0f s there was no place in the Ray cluster: it is busy or not up", WAIT_SECONDS)

    def _admit(self, found: Any, worker: _Worker) -> None:
        """Take in a worker that is ready, unless it computes otherwise than this process."""
        try:
            ready = taken_in(ray.get(found), no_news)
        except RayActorError as error:
            self._deaths_at_begin += 1
            mourn(worker.place, self._deaths_at_begin, error)
            return
        assert ready is not None
        kind, worker.place = ready.result
        other = other_kind(kind_of_worker(), kind)
        if not other:
            LOG.info("worker: %s", worker.place)
            self._workers.append(worker)
            return
        self._end_all([worker])
        self._size -= 1
        if other not in self._refusals:
            self._refusals.append(other)
            warn_of_other_kind(worker.place, other)
        if self._size == 0:
            raise refused_all(self._refusals)


_crews: list[OnRay] = []  # of the connection that is open
_open: list[str] = []  # its address


@contextmanager
def connection(address: str) -> Iterator[None]:
    """Be connected to a cluster while a block runs; within it, further blocks take the same cluster.

    Args:
        address: `LOCAL` for one that is started on this machine, and ended with the block; "auto" or "HOST:PORT" for
            one that runs, of which this machine is a part. Where the caller has one open, it is that one.

    Yields:
        Nothing.
    """
    if _open:
        yield
        return
    _open.append(address)
    try:
        with nullcontext() if ray.is_initialized() else _cluster(address):
            try:
                yield
            finally:
                while _crews:
                    _crews.pop().close()
    finally:
        _open.clear()


@contextmanager
def _cluster(address: str) -> Iterator[None]:
    if address != LOCAL:
        with environment(RAY_USAGE_STATS_ENABLED="0"):
            yield from _connected(address)
        return
    home = tempfile.mkdtemp(prefix="isthmus-")  # a short path: Ray's sockets lie below it
    # Ray listens on every interface, and does what anybody asks; without clusters, on the loopback alone.
    alone = {ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR: "0", "RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    reaches_others = ray_constants.ENABLE_RAY_CLUSTER  # read from there on import, which may have been long ago
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        with environment(**alone):
            yield from _connected(address, num_cpus=num_cores(), include_dashboard=False, _temp_dir=home)
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = reaches_others
        shutil.rmtree(home, ignore_errors=True)


def _connected(address: str, **options: Any) -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "logging_level": logging.ERROR}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ray.init(address, **options, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise InputError(
                "a Ray cluster of this version of Ray and Python", " ".join(lines)[:300], f"--ray {address}",
                "start one with ray start --head, write its HOST:PORT, or --ray alone for this machine",
            ) from error  # fmt: skip
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray puts its own in place
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def on_ray(address: str, threads: int, *, on_accelerator: bool = False) -> Iterator[OnRay]:
    """Workers of a cluster while a block runs.

    Args:
        address: As `connection`.
        threads: That torch computes with in each of them.
        on_accelerator: Whether they compute on one.

    Yields:
        The workers.

    Raises:
        InputError: There is no such cluster, or it has no room for a worker.
    """
    with connection(address):
        for other in [one for one in _crews if (one.threads, one.on_accelerator) != (threads, on_accelerator)]:
            other.close()  # or its idle workers would take the places
            _crews.remove(other)
        if not _crews:
            machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
            size = num_places(machines, threads, on_accelerator=on_accelerator)
            _crews.append(OnRay(size, threads, on_accelerator=on_accelerator))
        try:
            yield _crews[-1]
        finally:
            _crews[-1].forget()
