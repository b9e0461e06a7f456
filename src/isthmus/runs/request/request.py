"""A request for a measurement, made once by each entry point and passed on whole. This module loads no torch."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from isthmus.data.spec import parse_data_spec
from isthmus.errors import InputError, UnknownNameError
from isthmus.models.spec import parse_model_spec
from isthmus.runs.request.settings import LOSS_NAMES, Settings, settings_of, validate
from isthmus.sweeps.group import Sweep
from isthmus.sweeps.spec import sweeps_of
from isthmus.user_code import load_function
from isthmus.weights.step import Step


class Request(BaseModel):
    """The arguments of `isthmus.measure`, sorted, and checked as far as that needs neither data nor networks.

    What a person may set beside `Settings` has a description, from which options and help are made; it is no part of
    the identity of a run.

    Attributes:
        model: Module, function that builds one, or name.
        a: Weights of network a, or the path of a checkpoint; also several networks or a trajectory.
        b: The same of network b.
        data: Anything that `isthmus.data.load.load_splits` takes.
        recalibration_data: For BatchNorm policy `recalibrate`, else None.
        sweeps: The full sweep first, then those asked for.
        layers: Rule or partition.
        loss: Name or function.
        error: Function, or None for that of the loss and the targets.
        settings: What identifies the measurement beside its inputs, as plain values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    model: Any
    a: Any
    b: Any
    data: Any
    recalibration_data: Any
    sweeps: list[Sweep]
    layers: Any
    loss: Any
    error: Any
    settings: Settings
    steps: tuple[str, ...] | None = Field(
        None,
        description="With folders of checkpoints: which steps, for example 0ep,20ep; default: all shared ones.",
    )
    data_root: Path | None = Field(None, description="Folder of data sets; default: ISTHMUS_DATA.")
    out: Path | None = Field(None, description="Run folder to make: results, pictures and report.html.")
    resume: bool = Field(default=False, description="Continue the run in --out, if there is one.")
    ray: str | None = Field(
        None,
        description="Spread the work over Ray: alone for this machine's cores, auto or HOST:PORT for a cluster.",
    )
    progress: bool = Field(default=False, description="Show progress on standard error.")

    @field_validator("steps", mode="before")
    @classmethod
    def _steps(cls, value: Any) -> Any:
        listed = value.split(",") if isinstance(value, str) else value
        return None if listed is None else tuple(str(Step.parse(str(text).strip())) for text in listed)


ASKED = {
    name: field
    for kind in (Settings, Request)
    for name, field in kind.model_fields.items()
    if field.description is not None
}
"""What a person may set, by name: fields of pydantic with type, default and words."""


def request_of(
    model: object,
    a: object,
    b: object,
    data: object,
    *,
    sweep: str | Sweep | Sequence[str | Sweep] = "single",
    layers: object = "module",
    loss: object = "cross_entropy",
    error: object = None,
    recalibration_data: object = None,
    **others: Any,
) -> Request:
    """Sort and check the arguments of a measurement.

    Args:
        model: As `isthmus.measure`.
        a: As `isthmus.measure`.
        b: As `isthmus.measure`.
        data: As `isthmus.measure`.
        sweep: As `isthmus.measure`.
        layers: As `isthmus.measure`.
        loss: As `isthmus.measure`, or `file.py:function`.
        error: A function (outputs, targets) -> each example's error in [0, 1], or `file.py:function`.
        recalibration_data: As `isthmus.measure`.
        others: Any other of `ASKED`, by name; texts mean what they mean on the command line.

    Returns:
        The request.

    Raises:
        InputError: A value is not allowed, or the function of the loss is not there.
        UnknownNameError: There is no such setting.
    """
    for name in others:
        if name not in ASKED:
            raise UnknownNameError("a setting", name, ASKED, "the arguments")
    sweeps = sweeps_of(sweep)
    settings = settings_of(
        sweep=tuple(item.name for item in sweeps[1:]) or ("full",),
        layers=layers if isinstance(layers, str) else "given",
        loss=_name(loss),
        error=None if error is None else _name(error),
        **{name: value for name, value in others.items() if name in Settings.model_fields},
    )
    _refuse_unused_recalibration(settings, recalibration_data)
    if isinstance(model, str):
        parse_model_spec(model)
    for text in (*_texts(data), *_texts(recalibration_data)):
        parse_data_spec(text)
    if isinstance(loss, str) and ":" in loss and loss.partition(":")[0] not in LOSS_NAMES:
        loss = _function_of_file(loss)
        settings = settings.model_copy(update={"loss": _name(loss)})
    if error is not None:
        error = _function_of_file(error) if isinstance(error, str) else error
        settings = settings.model_copy(update={"error": _name(error)})
    beside = {name: value for name, value in others.items() if name in Request.model_fields}
    inputs = {"model": model, "a": a, "b": b, "data": data, "recalibration_data": recalibration_data}
    known = {"sweeps": sweeps, "layers": layers, "loss": loss, "error": error, "settings": settings}
    return validate(Request, inputs | known | beside)


def _function_of_file(text: str) -> Any:
    file, _, function = text.rpartition(":")
    return load_function(Path(file), function, text)


def _name(loss: Any) -> str:
    """The loss's own name, or that of the function or class behind it."""
    named = loss.func if isinstance(loss, partial) else loss
    return loss if isinstance(loss, str) else getattr(named, "__qualname__", type(named).__name__)


def _texts(data: object) -> list[str]:
    """The specifications among what was given as data."""
    parts = list(data.values()) if isinstance(data, Mapping) else data if isinstance(data, list | tuple) else [data]
    return [part for part in parts if isinstance(part, str)]


def _refuse_unused_recalibration(settings: Settings, data: object) -> None:
    if (settings.batch_norm == "recalibrate") == (data is not None):
        return
    if data is None:
        raise InputError(
            "data to recalibrate BatchNorm on",
            "none",
            "--batch-norm recalibrate",
            "add --recalibrate-on DATA, a training split (recalibration_data= in Python)",
        )
    raise InputError(
        "recalibration data only with batch_norm='recalibrate'",
        f"batch_norm={settings.batch_norm!r}",
        "--recalibrate-on",
        "add --batch-norm recalibrate, or leave the data out",
    )
