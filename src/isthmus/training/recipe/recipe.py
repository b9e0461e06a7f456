"""How networks are trained; every setting is checked here."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from isthmus.data.spec import parse_data_spec
from isthmus.models.spec import parse_model_spec
from isthmus.training.recipe.augmentation_settings import Augmentation
from isthmus.training.recipe.optimizer_settings import Optimizer
from isthmus.training.recipe.schedule import Constant, Schedule
from isthmus.training.seeds import Seeds
from isthmus.training.steps import StepField
from isthmus.weights.step import Step


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _model_spec(value: str) -> str:
    parse_model_spec(value)
    return value


def _data_spec(value: str) -> str:
    parse_data_spec(value)
    return value


ModelField = Annotated[str, AfterValidator(_model_spec)]
DataField = Annotated[str, AfterValidator(_data_spec)]
OptimizerField = Annotated[Optimizer, Field(discriminator="name"), BeforeValidator(_named)]
ScheduleField = Annotated[Schedule, Field(discriminator="name"), BeforeValidator(_named)]
AugmentationField = Annotated[Augmentation, Field(discriminator="name"), BeforeValidator(_named)]


class Recipe(BaseModel):
    """Settings of one training; an unknown field is refused.

    A schedule or an augmentation with nothing to set may be written as its name alone: `schedule = "constant"`.

    Attributes:
        length: How long, in epochs ("20ep") or iterations ("2000it").
        batch_size: Examples in a mini-batch; the last one of an epoch may be smaller.
        optimizer: The rule of a step, with the peak of the learning rate.
        schedule: The learning rate over time.
        clip_norm: Largest length of the whole gradient; longer ones are shortened to it. None leaves them.
        loss: "cross_entropy", "squared_error", "binary_cross_entropy", or `file.py:function` of (outputs, targets) ->
            per-example losses; their mean over the mini-batch is minimised.
        augmentations: What happens to images on their way, in this order; mixing comes last.
        seeds: One for each source of chance.
        checkpoints: Single steps to keep; the initialisation ("0ep") and the end are always kept.
        checkpoint_every: The time between two checkpoints, from the beginning.
        dtype: "bfloat16" multiplies in bfloat16 and keeps float32 weights, "tf32" multiplies in TF32 on a GPU.
        channels_last: Whether images and convolutions are laid out channels last.
        compile: Whether the network is compiled.
        cuda_graph: Whether a GPU records the passes of a mini-batch once and repeats them: the same bits, sooner where
            mini-batches are small. A processor takes no notice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    length: StepField
    batch_size: int = Field(gt=0)
    optimizer: OptimizerField
    schedule: ScheduleField = Constant()
    clip_norm: float | None = Field(default=None, gt=0)
    loss: str = "cross_entropy"
    augmentations: tuple[AugmentationField, ...] = ()
    seeds: Seeds = Seeds()
    checkpoints: tuple[StepField, ...] = ()
    checkpoint_every: StepField | None = None
    dtype: Literal["float32", "float64", "bfloat16", "tf32"] = "float32"
    channels_last: bool = False
    compile: bool = False
    cuda_graph: bool = False

    @field_validator("length", "checkpoint_every")
    @classmethod
    def _not_zero(cls, value: Step | None) -> Step | None:
        if value is not None and not value.count:
            raise ValueError("a step above 0, such as '20ep'")
        return value

    @field_validator("augmentations")
    @classmethod
    def _each_once_and_mixing_last(cls, value: tuple[Augmentation, ...]) -> tuple[Augmentation, ...]:
        names = [augmentation.name for augmentation in value]
        if len(set(names)) < len(names) or "mixup" in names[:-1]:
            raise ValueError("each augmentation once, and mixup last")
        return value

    @model_validator(mode="after")
    def _nothing_drawn_outside_a_graph(self) -> "Recipe":
        if self.cuda_graph and any(augmentation.name == "mixup" for augmentation in self.augmentations):
            raise ValueError("no mixup with cuda_graph: its share of a mini-batch is drawn on the processor")
        return self


class Spawn(BaseModel):
    """A network that shares the beginning of another one's training.

    Attributes:
        network: The name of the other, which stands earlier in the recipe.
        at: Until when the two are one; from there on this network's own settings hold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str
    at: StepField


class NetworkRecipe(Recipe):
    """A training of one named network on named data.

    Attributes:
        name: Of the network, and of its folder.
        model: `NAME[:option=value,...]` or `path/to/file.py:function`.
        data: `NAME[:SPLIT][[start:stop]]`, or a path: what `isthmus measure --data` takes.
        initial: A checkpoint to start from in place of a random initialisation; a path from the current folder.
        spawn: Another network whose beginning is shared.
        device: "auto", "cpu", "cuda", "cuda:1", ...
    """

    name: str = "a"
    model: ModelField
    data: DataField
    initial: str | None = None
    spawn: Spawn | None = None
    device: str = "auto"

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][\w-]*", value, flags=re.ASCII):
            raise ValueError("a name of letters, digits, _ and -, fit for a folder")
        return value

    @model_validator(mode="after")
    def _one_beginning(self) -> "NetworkRecipe":
        if self.spawn and self.initial:
            raise ValueError("one beginning: either spawn or initial")
        return self
