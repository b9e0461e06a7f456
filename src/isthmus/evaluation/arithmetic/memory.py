"""How much memory a measurement takes at its peak, and how much there is: known before it begins.

A processor's system does not refuse memory, it kills whoever has taken it. So the batch size is chosen so that the peak
fits, from what a forward pass of one example and one of two take.
"""

import ctypes
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

SHARE = 0.8  # of what is there: operators take more while they run than their results, and others work too
MEMORY = Path("/proc/meminfo")
GROUPS_OF_THIS = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None
_TRIM, _SET = (getattr(_LIBRARY, name, None) for name in ("malloc_trim", "mallopt"))  # not in every C library
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # options of mallopt, as malloc.h numbers them
LARGEST_OF_HEAP = 2**25  # bytes; where glibc's own moving threshold of mmap ends


def available_bytes() -> int | None:
    """What this process may still take, by the system and by the limit of its group (a container, a job of Slurm).

    Returns:
        Bytes; None where the system does not say.
    """
    found = []
    if MEMORY.is_file():
        lines = dict(line.split(":", 1) for line in MEMORY.read_text().splitlines())
        if "MemAvailable" in lines:
            found.append(int(lines["MemAvailable"].split()[0]) * 1024)
    if GROUPS_OF_THIS.is_file():
        for line in GROUPS_OF_THIS.read_text().splitlines():
            _, kinds, place = line.split(":", 2)
            if not kinds or "memory" in kinds.split(","):
                root, names = (GROUPS / "memory", VERSION_1) if kinds else (GROUPS, VERSION_2)
                found += _left_in_groups(root, place, names)
    return min(found, default=None)


def _left_in_groups(root: Path, place: str, names: tuple[str, str, str]) -> list[int]:
    """What a group and those around it leave; in a container the group that it names may be the root that is seen."""
    found = []
    for group in {root, *(root / part for part in (Path(place.lstrip("/")), *Path(place.lstrip("/")).parents))}:
        try:
            limit, used = ((group / name).read_text().strip() for name in names[:2])
            if limit.isdecimal():
                facts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
                # Pages of files that nobody has used lately are given back when memory is short.
                found.append(int(limit) - int(used) + int(facts.get(names[2], 0)))
        except (OSError, ValueError):  # not seen from here
            continue
    return found


def give_back() -> None:
    """Give back to the system what was freed, where the C library keeps it (glibc, in holes of its heap).

    Copies of a large network that were let go would otherwise count to the peak of what follows.
    """
    if _TRIM is not None:
        _TRIM(0)


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep freed memory, for work that soon takes as much again; glibc gives the top of its heap back otherwise.

    Eight trainings of a ResNet-18 of width 16 took 145,000 page faults so, and 3 % of their time. From the end on
    glibc gives back what is free at the top beyond 64 MiB, as it does by itself once a process has freed large blocks.
    Nothing is given back at once, since a training is often followed by the next.

    Yields:
        Nothing.
    """
    if _SET is None:
        yield
        return
    # Setting one of the two stops glibc from moving the other.
    _SET(MMAP_THRESHOLD, LARGEST_OF_HEAP)
    _SET(TRIM_THRESHOLD, 2**30)
    try:
        yield
    finally:
        _SET(TRIM_THRESHOLD, 2 * LARGEST_OF_HEAP)


def fitting_batch_size(size: int, fixed: float, of_example: float, room: int | None) -> int:
    """The batch size, halved until the peak fits.

    Args:
        size: The one asked for, or the rule's.
        fixed: Bytes that do not depend on it.
        of_example: Bytes for each example of a batch.
        room: Bytes that are there; None where that is not known.

    Returns:
        At least 1.

    Example:
        >>> fitting_batch_size(64, fixed=100, of_example=10, room=800)
        32
    """
    while room is not None and size > 1 and fixed + size * of_example > SHARE * room:
        size //= 2
    return size


def most_bytes(work: Callable[[], object]) -> int:
    """The most memory that tensors which some work makes take at once; not what operators need while they run.

    Args:
        work: Is done once.

    Returns:
        Bytes.
    """
    counter = _Counter()
    with counter:
        work()
    return counter.most


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the storages that operators make, until nothing refers to them any more."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most, self._now = 0, 0
        self._alive: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {leaf.untyped_storage()._cdata for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}
        found = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(found):
            if isinstance(leaf, Tensor) and leaf.layout == torch.strided and not leaf.is_meta:
                storage = leaf.untyped_storage()
                if storage._cdata not in given | self._alive:
                    self._add(storage)
        return found

    def _add(self, storage: Any) -> None:
        key, size = storage._cdata, storage.nbytes()
        self._alive.add(key)
        self._now += size
        self.most = max(self.most, self._now)
        weakref.finalize(storage, self._remove, key, size)

    def _remove(self, key: int, size: int) -> None:
        self._alive.discard(key)
        self._now -= size
