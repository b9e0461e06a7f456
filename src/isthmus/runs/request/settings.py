"""What a measurement is asked to do, checked before anything is loaded."""

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from isthmus.errors import InputError
from isthmus.runs.request.number_list import number_list

Alphas = int | float | str | Sequence[float]
AUTO_POINTS = 9  # the midpoint is one of them, and halving their distance gives short binary numbers
AUTO_TOLERANCE = 1 / 64


class Settings(BaseModel):
    """The settings of a measurement, as they stand in `run.json`.

    A run is identified by those that differ from their defaults, so a new setting's default must mean "as before".

    Attributes:
        sweep: Specifications of the sweeps.
        alphas: Positions between host (0) and donor (1).
        alpha_tolerance: How near the position of every curve's maximum is to be known; None takes the grid as it is.
        hosts: Which networks play host.
        layers: The rule of the layer partition, or "given".
        loss: The name of the loss.
        baseline: What the excess is counted from.
        batch_norm: What becomes of BatchNorm's running statistics.
        allow_shared_examples: Whether `recalibrate` may use the measured examples.
        dtype: Arithmetic of the forward passes. "tf32" is float32 with products in TF32, which a processor has not.
        device: "auto" is the first accelerator there is, else the processor.
        engine: How points are evaluated; every engine gives the numbers of `direct`.
        compile: Whether the stages of the shared engine are compiled.
        batch_size: Examples at once; None lets a rule choose.
        seed: Of everything random.
        precision: Half-width of the loss barriers' intervals, in nats, at which to stop; None uses all examples.
        simultaneous: Whether those intervals are to hold for all barriers of a split at once.
        directions: Random directions beside every moving group.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sweep: tuple[str, ...] = ("single",)
    alphas: tuple[float, ...] = (0.5,)
    alpha_tolerance: float | None = Field(default=None, gt=0, le=0.5)
    hosts: tuple[Literal["a", "b"], ...] = ("a", "b")
    layers: str = "module"
    loss: str = "cross_entropy"
    baseline: Literal["models", "chord", "cut", "host"] = "models"
    batch_norm: Literal["interpolate", "host", "recalibrate"] = "interpolate"
    allow_shared_examples: bool = False
    dtype: Literal["float32", "float64", "bfloat16", "tf32"] = "float32"
    device: str = "auto"
    engine: Literal["shared", "direct"] = "shared"
    compile: bool = False
    batch_size: int | None = Field(default=None, ge=1)
    seed: int = 0
    precision: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    simultaneous: bool = False
    directions: int = Field(default=0, ge=0)

    @field_validator("alphas", mode="before")
    @classmethod
    def _alphas(cls, value: Any) -> Any:
        return alpha_grid(value)

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) < len(value):
            raise ValueError("name one host or both, each once")
        return value

    @field_validator("compile")
    @classmethod
    def _compile(cls, value: bool, info: ValidationInfo) -> bool:
        if value and (info.data.get("engine") == "direct" or info.data.get("batch_norm") == "recalibrate"):
            raise ValueError("stages to compile: the shared engine, and BatchNorm interpolate or host")
        return value

    @field_validator("simultaneous")
    @classmethod
    def _simultaneous(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("precision") is None:
            raise ValueError("a precision with it: the intervals of all examples hold for each barrier")
        return value

    @field_validator("directions")
    @classmethod
    def _directions(cls, value: int, info: ValidationInfo) -> int:
        if value and info.data.get("precision") is not None:
            raise ValueError("no precision with it: directions are measured on all examples")
        return value

    @field_validator("precision")
    @classmethod
    def _precision(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("alpha_tolerance") is not None:
            raise ValueError("no alphas 'auto' with it: a maximum is refined on all examples")
        return value

    def non_default(self) -> dict[str, Any]:
        """The settings that differ from their defaults."""
        return self.model_dump(mode="json", exclude_defaults=True)


def settings_of(**values: Any) -> Settings:
    """Settings from values of any origin.

    Args:
        values: By name of the field; `alphas` may be "auto", which sets `alpha_tolerance`.

    Returns:
        The settings.

    Raises:
        InputError: A value is not allowed; the message names the setting.
    """
    alphas = values.get("alphas")
    if isinstance(alphas, str):
        values |= {"alphas": alpha_grid(AUTO_POINTS), "alpha_tolerance": auto_tolerance(alphas)}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        expected = str(first.get("ctx", {}).get("expected", first["msg"]))
        raise InputError(
            expected.removeprefix("Value error, ").removeprefix("Input should be "),
            repr(first["input"]),
            f"--{name.replace('_', '-')} ({name}= in Python)",
            "choose a value that is expected",
        ) from error


def alpha_grid(alphas: Alphas) -> tuple[float, ...]:
    """The grid that `alphas` means: numbers as given, or a count of evenly spaced points of [0, 1].

    Args:
        alphas: Numbers; or an integer n >= 2 for 0, 1/(n-1), ..., 1.

    Returns:
        Distinct finite numbers in the order given.

    Raises:
        InputError: A count below 2, no number, a number twice, or one that is not finite.

    Example:
        >>> alpha_grid(3)
        (0.0, 0.5, 1.0)
    """
    if isinstance(alphas, int) and not isinstance(alphas, bool):
        if alphas < 2:
            raise InputError(
                "a count of at least 2 points, or positions such as 0.5 or 0,0.5,1",
                repr(alphas),
                "--alphas",
                "write 0.5 for the midpoint, 11 for a grid of tenths, 0.0,1.0 for the two ends alone",
            )
        return tuple(k / (alphas - 1) for k in range(alphas))
    numbers = [alphas] if isinstance(alphas, float) else alphas
    try:
        grid = tuple(float(number) for number in numbers)  # type: ignore[union-attr]
    except (TypeError, ValueError):
        grid = ()
    if not grid or len(set(grid)) < len(grid) or not all(math.isfinite(number) for number in grid):
        raise InputError(
            "different finite numbers, or a count", repr(alphas), "--alphas", "write 0.5, or 0,0.25,0.5, or 11"
        )
    return grid


def auto_tolerance(text: str) -> float:
    """How near the maximum of a curve is to be known.

    Args:
        text: "auto", or with the tolerance, "auto:0.01".

    Returns:
        A distance of alphas.

    Raises:
        InputError: It is something else, or no distance in (0, 0.5].

    Example:
        >>> auto_tolerance("auto:0.01")
        0.01
    """
    name, colon, number = text.partition(":")
    try:
        tolerance = float(number) if colon else AUTO_TOLERANCE
    except ValueError:
        tolerance = math.nan
    if name != "auto" or not 0 < tolerance <= 0.5:
        raise InputError(
            "'auto', or 'auto:0.01' for the maximum to within 0.01 of alpha", repr(text), "--alphas", "write auto"
        )
    return tolerance


def alphas_of(text: str) -> str | tuple[float, ...]:
    """The grid that `--alphas` means: a bare integer is a count, a decimal or a comma list are positions.

    Args:
        text: Such as "11", "0.5", "0,0.25,0.5", "auto"; positions beyond the two networks as "-0.5" or "0,2.0".

    Returns:
        The grid; "auto" as it is. What is no number is refused, and so are 0 or 1 alone, which could mean either, and
        what may be a decimal comma ("0,5").
    """
    if text.startswith("auto"):
        auto_tolerance(text)
        return text
    if re.fullmatch(r"\s*[-+]?\d+\s*", text):
        return alpha_grid(int(text))
    remedy = "write 0.5 for the midpoint, 11 for a grid, 0,0.5,1 for a list"
    return alpha_grid(number_list(text, "--alphas", remedy))
