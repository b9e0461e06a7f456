"""What was asked of a measurement, checked as far as that needs neither data nor networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.evaluation.losses.loss import Loss
from isthmus.layers.partition import LayerPartition
from isthmus.runs.request.inputs import Model, Weights, named_loss
from isthmus.runs.request.settings import Settings, settings_of
from isthmus.sweeps.group import Sweep
from isthmus.sweeps.spec import sweeps_of


@dataclass(frozen=True)
class Request:
    """The arguments of `isthmus.measure`, sorted.

    Attributes:
        model: Module, function that builds one, or name.
        a: Weights of network a, or the path of a checkpoint.
        b: Weights of network b.
        data: Anything that `isthmus.data.load.load_splits` takes.
        recalibration_data: For BatchNorm policy `recalibrate`, else None.
        data_root: Where data sets lie.
        sweeps: The full sweep first, then those asked for.
        layers: Rule or partition.
        loss: Name or function.
        loss_code: What identifies the loss: its name, or what it does.
        unknown: What of the loss can't be identified, in words.
        settings: Everything that is a plain value.
    """

    model: Model
    a: Weights
    b: Weights
    data: object
    recalibration_data: object
    data_root: Path | None
    sweeps: list[Sweep]
    layers: str | LayerPartition
    loss: str | Loss
    loss_code: str
    unknown: tuple[str, ...]
    settings: Settings


def request_of(
    model: Model,
    a: Weights,
    b: Weights,
    data: object,
    *,
    sweep: str | Sweep | Sequence[str | Sweep],
    hosts: Sequence[str],
    layers: str | LayerPartition,
    loss: str | Loss,
    recalibration_data: object,
    data_root: str | Path | None,
    **settings: Any,
) -> Request:
    """Sort and check the arguments of a measurement.

    Args:
        model: As `isthmus.measure`.
        a: As `isthmus.measure`.
        b: As `isthmus.measure`.
        data: As `isthmus.measure`.
        sweep: As `isthmus.measure`.
        hosts: As `isthmus.measure`.
        layers: As `isthmus.measure`.
        loss: As `isthmus.measure`.
        recalibration_data: As `isthmus.measure`.
        data_root: As `isthmus.measure`.
        settings: The other fields of `isthmus.runs.request.settings.Settings`.

    Returns:
        The request.
    """
    sweeps = sweeps_of(sweep)
    known_loss = named_loss(loss)
    checked = settings_of(
        sweep=tuple(item.name for item in sweeps[1:]) or ("full",),
        hosts=(hosts,) if isinstance(hosts, str) else tuple(hosts),
        layers=layers if isinstance(layers, str) else "given",
        loss=known_loss.name,
        **settings,
    )
    root = None if data_root is None else Path(data_root)
    return Request(
        model=model,
        a=a,
        b=b,
        data=data,
        recalibration_data=recalibration_data,
        data_root=root,
        sweeps=sweeps,
        layers=layers,
        loss=loss,
        loss_code=known_loss.code,
        unknown=known_loss.unknown,
        settings=checked,
    )
