"""The augmentation of examples, as a recipe describes it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Augmentation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Crop(_Augmentation):
    """A window of the image's own size, at a random place of the image with a black border.

    Attributes:
        padding: Width of the border, in pixels of stored value 0.
    """

    name: Literal["crop"] = "crop"
    padding: int = Field(default=4, ge=1)  # as usual on CIFAR (He et al., 2016)


class Flip(_Augmentation):
    """Left and right exchanged.

    Attributes:
        probability: How likely, for each image alone.
    """

    name: Literal["flip"] = "flip"
    probability: float = Field(default=0.5, ge=0, le=1)


class RandAugment(_Augmentation):
    """Random operations on shape and colour (after Cubuk et al., 2020).

    Attributes:
        operations: How many each image goes through.
        strength: Share of the largest strength of every operation; 0.3 is magnitude 9 of 30.
    """

    name: Literal["rand_augment"] = "rand_augment"
    # As in torchvision: two operations at magnitude 9 of 30.
    operations: int = Field(default=2, ge=1)
    strength: float = Field(default=0.3, ge=0, le=1)


class Mixup(_Augmentation):
    """Every image blended with another of its mini-batch (Zhang et al., 2018).

    Attributes:
        alpha: The share of an image is drawn from Beta(alpha, alpha), once a mini-batch.
    """

    name: Literal["mixup"] = "mixup"
    alpha: float = Field(default=0.2, gt=0, allow_inf_nan=False)


Augmentation = Crop | Flip | RandAugment | Mixup
