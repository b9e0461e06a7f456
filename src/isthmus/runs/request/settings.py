"""The settings of a measurement, checked before anything is loaded."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from isthmus.errors import InputError
from isthmus.runs.request.number_list import number_list
from isthmus.sweeps.spec import FORMS

M = TypeVar("M", bound=BaseModel)

Alphas = int | float | str | Sequence[float]
LOSS_NAMES = ("cross_entropy", "squared_error", "absolute_error", "binary_cross_entropy")
MOST_ALPHAS = 100_000  # a thousand times what a curve shows; a count is listed as soon as it is read, from a file too
AUTO_POINTS = 9  # the midpoint is one of them, and halving their distance gives short binary numbers
AUTO_TOLERANCE = 1 / 64  # three halvings of the spacing of nine points


class Settings(BaseModel):
    """The settings of a measurement, as they stand in `run.json`.

    A new setting is one field here, and its use: the option of the command line, its help, the argument of
    `isthmus.measure` and what `help` says of it are made of the field. A run is identified by the settings that differ
    from their defaults, so a new setting's default must mean "as before".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sweep: tuple[str, ...] = Field(
        ("single",), description=f"{', '.join(FORMS)}: which layers move together. Repeat for several."
    )
    alphas: tuple[float, ...] = Field(
        (0.5,),
        description="11: that many evenly spaced points of [0, 1]; 0.5 or 0,0.25,0.5: these positions; auto "
        "(auto:0.01): more points near every curve's maximum.",
    )
    alpha_tolerance: float | None = Field(None, gt=0, le=0.5)  # set by alphas "auto"; None takes the grid as it is
    hosts: tuple[Literal["a", "b"], ...] = Field(("a", "b"), description="Which networks are host: a,b or a or b.")
    layers: str = Field("module", description="module, tensor, block, type or pattern:GLOB,...")
    loss: str = Field(
        "cross_entropy",
        description="cross_entropy (also cross_entropy:ignore_index=0,label_smoothing=0.1), squared_error, "
        "absolute_error, binary_cross_entropy, or file.py:function that returns per-example losses.",
    )
    error: str | None = Field(
        None,
        description="file.py:function that returns each example's error, in [0, 1]; default: wrong classes or labels.",
    )
    output: str | None = Field(
        None, description="Which output holds the scores: a field or place, as image_embeds or 1; default: logits."
    )
    baseline: Literal["models", "chord", "cut", "host"] = Field(
        "models", description="models, chord, cut or host: what the excess is counted from."
    )
    batch_norm: Literal["interpolate", "host", "recalibrate"] = Field(
        "interpolate", description="interpolate, host or recalibrate: BatchNorm's running statistics."
    )
    allow_shared_examples: bool = Field(default=False, description="Let recalibration use measured examples.")
    dtype: Literal["float32", "float64", "bfloat16", "tf32"] = Field(
        "float32", description="float32, float64, bfloat16 or tf32."
    )
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, ...")
    engine: Literal["shared", "direct"] = Field(
        "shared", description="shared, or direct: one full forward pass for each network."
    )
    compile: bool = Field(default=False, description="Compile the stages of the shared engine.")
    batch_size: int | None = Field(None, ge=1, description="Examples in a batch; default: chosen for the device.")
    seed: int = Field(0, description="Seed of all random draws.")
    precision: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Stop once the 95 % interval of every rise and barrier is this tight (half-width, nats).",
    )
    simultaneous: bool = Field(
        default=False, description="With precision: intervals that hold for all barriers of a split at once."
    )
    directions: int = Field(
        0,
        ge=0,
        description="Number of random directions beside every barrier, each as long as the averaging step.",
    )

    @field_validator("alphas", mode="before")
    @classmethod
    def _alphas(cls, value: Any) -> Any:
        return alpha_grid(value)

    @field_validator("hosts", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return tuple(value.split(",")) if isinstance(value, str) else value

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
        values: By name of the field. A text of `alphas` means what it means on the command line; "auto" sets
            `alpha_tolerance`.

    Returns:
        The settings.

    Raises:
        InputError: A value is not allowed; the message names the setting.
    """
    alphas = values.get("alphas")
    if isinstance(alphas, str):
        values["alphas"] = alphas_of(alphas)
        if isinstance(values["alphas"], str):
            values |= {"alphas": alpha_grid(AUTO_POINTS), "alpha_tolerance": auto_tolerance(alphas)}
    return validate(Settings, values)


def validate(kind: type[M], values: Mapping[str, Any]) -> M:
    """A record of values of any origin.

    Args:
        kind: A pydantic model.
        values: By name of the field.

    Returns:
        The record.

    Raises:
        InputError: A value is not allowed; the message names the field as an option and as an argument.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name, known = str(first["loc"][0]), first.get("ctx", {})
        if isinstance(known.get("error"), InputError):
            raise known["error"] from error
        expected = str(known.get("expected", first["msg"]))
        raise InputError(
            expected.removeprefix("Value error, ").removeprefix("Input should be "),
            repr(first["input"]),
            f"--{name.replace('_', '-')} ({name}= in Python)",
            "choose a value that is expected",
        ) from error


def alpha_grid(alphas: Alphas) -> tuple[float, ...]:
    """The grid that `alphas` means: numbers as given, or a count of evenly spaced points of [0, 1].

    Args:
        alphas: Numbers; or an integer n of 2 to 100,000 for 0, 1/(n-1), ..., 1.

    Returns:
        Distinct finite numbers in the order given.

    Raises:
        InputError: A count outside that, no number, a number twice, or one that is not finite.

    Example:
        >>> alpha_grid(3)
        (0.0, 0.5, 1.0)
    """
    if isinstance(alphas, int) and not isinstance(alphas, bool):
        if not 2 <= alphas <= MOST_ALPHAS:
            raise InputError(
                f"a count of 2 to {MOST_ALPHAS:,} points, or positions such as 0.5 or 0,0.5,1",
                repr(alphas),
                "--alphas",
                "write 0.5 for the midpoint, 11 for a grid of tenths, 0.0,1.0 for the two ends alone",
            )
        # One rounding each: np.linspace gives 0.30000000000000004 for 0.3.
        return tuple(k / (alphas - 1) for k in range(alphas))
    numbers = [alphas] if isinstance(alphas, float) else alphas
    try:
        grid = tuple(float(number) for number in numbers)  # type: ignore[union-attr]
    except (TypeError, ValueError, OverflowError):
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
