"""Where jobs are done, as a person says it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from isthmus.errors import InputError
from isthmus.work.here import Here
from isthmus.work.kind import OPTION
from isthmus.work.task import Workers

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


@contextmanager
def workers_at(ray: str | None, threads: int, *, on_accelerator: bool = False) -> Iterator[Workers]:
    """Workers while a block runs.

    Args:
        ray: The address of a Ray cluster, "local" for one that is started on this machine; None for this process.
        threads: That torch computes with in each worker of a cluster.
        on_accelerator: Whether each of them needs one.

    Yields:
        The workers.
    """
    if ray is None:
        yield Here()
        return
    refuse_no_ray(ray)
    from isthmus.work.on_ray import on_ray

    with on_ray(ray, threads, on_accelerator=on_accelerator) as workers:
        yield workers


def connected(ray: str | None) -> "AbstractContextManager[None]":
    """Hold on to one cluster for all that a block does.

    Args:
        ray: As `workers_at`.

    Returns:
        A context.
    """
    if ray is None:
        return nullcontext()
    refuse_no_ray(ray)
    from isthmus.work.on_ray import connection

    return connection(ray)


def refuse_no_ray(address: str) -> None:
    """Refuse an address that can't be used, before anything is loaded.

    Args:
        address: As `workers_at`.

    Raises:
        InputError: Ray is not installed, or the address is one for its client, which can't pass on news.
    """
    from importlib.util import find_spec

    if address.startswith("ray://"):
        remedy = "run the command on a machine of the cluster, with --ray auto"
        raise InputError("auto, or HOST:PORT of a cluster that this machine is a part of", address, OPTION, remedy)
    if find_spec("ray") is None:
        raise InputError("Ray", "not installed", OPTION, "pip install 'isthmus[ray]'")
