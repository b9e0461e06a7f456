"""Feature shift: every client sees the same world in its own way."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from isthmus.data.clients.partition import Client, ShiftKind
from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.trees import tree_text

MIXED: tuple[ShiftKind | None, ...] = (None, "rotation", "blur", "inversion", "colour")
"""The kinds that "mixed" takes in turn; grey images have no colour and go without the last."""

LEAST_BLUR, WIDEST_BLUR = 0.5, 1 / 16
"""Of a blur's standard deviation: the least, in pixels, since less hardly changes a byte; and what comes on top at
most, of the side. Together 2.5 pixels of 32."""


@dataclass(frozen=True)
class Shift:
    """What is done to all images of one client.

    Attributes:
        kind: What.
        amount: How much, above 0 and at most 1: the fraction of a full turn, of the circle of hues, or of the widest
            blur; 1 for an inversion.
    """

    kind: ShiftKind
    amount: float

    @property
    def words(self) -> str:
        """Such as "images turned by 90 degrees"."""
        degrees = f"{360 * self.amount:g} degrees"
        return {
            "rotation": f"images turned by {degrees}",
            "colour": f"hues turned by {degrees}",
            "blur": f"images blurred by {LEAST_BLUR} pixels and {self.amount * WIDEST_BLUR:.2g} of the side",
            "inversion": "images inverted",
        }[self.kind]


def shift_of(client: Client, num_channels: int) -> Shift | None:
    """What is done to the images of one client, by its number K of N alone.

    rotation: by K/N of a full turn, counterclockwise. colour: hues by K/N of their circle. blur: a Gaussian whose
    standard deviation is half a pixel and K/N of a sixteenth of the side. inversion: every second client. mixed:
    `MIXED` in turn; the amounts of those of a kind divide (0, 1) evenly.

    Args:
        client: Which.
        num_channels: Of the images.

    Returns:
        The shift; None where the images stay as they are, which is so for client 0.

    Example:
        >>> from isthmus.data.clients.partition import ClientPartition
        >>> shift_of(Client(1, ClientPartition(4, shift="rotation")), 1)
        Shift(kind='rotation', amount=0.25)
    """
    partition, number = client.partition, client.number
    if partition.shift == "mixed":
        kinds = MIXED if num_channels == 3 else MIXED[:-1]
        kind = kinds[number % len(kinds)]
        amount = (number // len(kinds) + 1) / (math.ceil(partition.num_clients / len(kinds)) + 1)
    else:
        kind = partition.shift or None
        amount = number % 2 if kind == "inversion" else number / partition.num_clients
    if kind is None or not amount:
        return None
    return Shift(kind, 1.0 if kind == "inversion" else amount)


def shifted(examples: Examples, client: Client) -> Examples:
    """A client's examples with its shift: the stored bytes are changed, their normalisation stays.

    Args:
        examples: Images as bytes (n, channels, height, width), unless the partition has no shift.
        client: Whose they are.

    Returns:
        Examples of the same shape and name; the same object where nothing is changed.

    Raises:
        InputError: They are no such images, or are to change colour and have none.
    """
    kind = client.partition.shift
    if not kind:
        return examples
    inputs = examples.inputs
    if not isinstance(inputs, Tensor) or inputs.dtype != torch.uint8 or inputs.ndim != 4:
        expected = f"images as bytes (n, channels, height, width), for shift={kind}"
        raise InputError(expected, tree_text(inputs), examples.name, f"leave shift={kind} out")
    if kind == "colour" and inputs.shape[1] != 3:
        got = f"{inputs.shape[1]} channels"
        raise InputError("images of three channels, for shift=colour", got, examples.name, "write shift=rotation")
    shift = shift_of(client, inputs.shape[1])
    if shift is None:
        return examples
    # The digits of scikit-learn are white at 16.
    white = 255 if examples.normalization is None else int(examples.normalization.scale)
    return replace(examples, inputs=shifted_images(inputs, shift, white))


def shifted_images(images: Tensor, shift: Shift, white: int = 255) -> Tensor:
    """Images turned, recoloured, blurred or inverted.

    Args:
        images: Bytes (n, channels, height, width).
        shift: What is done, to all alike.
        white: The largest value.

    Returns:
        Bytes of the same shape, rounded to the nearest value.
    """
    if shift.kind == "inversion":
        return white - images
    if shift.kind == "colour":
        return _recoloured(images, shift.amount)
    if shift.kind == "rotation":
        return _turned(images, shift.amount)
    sigma = LEAST_BLUR + shift.amount * WIDEST_BLUR * min(images.shape[2:])
    # "nearest", since black from outside would darken the rim.
    values = gaussian_filter(images.numpy(), (0, 0, sigma, sigma), output=np.float32, mode="nearest")
    return torch.from_numpy(values).round().to(torch.uint8)


def _turned(images: Tensor, turns: float) -> Tensor:
    """Counterclockwise about the middle, between pixels linearly; what comes in from outside is black."""
    height, width = images.shape[2:]
    cos, sin = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    # Coordinates of a grid go from -1 to 1 on both axes, so a turn in pixels is none in them unless images are square.
    matrix = torch.tensor([[[cos, -sin * height / width, 0], [sin * width / height, cos, 0]]])
    as_channels = images.reshape(1, -1, height, width).float()
    values = grid_sample(
        as_channels, affine_grid(matrix, [1, 1, height, width], align_corners=False), align_corners=False
    )
    return values.round().to(torch.uint8).reshape(images.shape)


def _recoloured(images: Tensor, turns: float) -> Tensor:
    """All hues moved along their circle, by Pillow, to whom the images are one tall image."""
    num_images, _, height, width = images.shape
    tall = images.permute(0, 2, 3, 1).reshape(num_images * height, width, 3)
    values = np.array(Image.fromarray(tall.numpy()).convert("HSV"))
    # Hues go round, and so do bytes that overflow.
    values[..., 0] += np.uint8(round(256 * turns) % 256)
    found = np.array(Image.frombytes("HSV", (width, len(tall)), values.tobytes()).convert("RGB"))
    return torch.from_numpy(found).reshape(num_images, height, width, 3).permute(0, 3, 1, 2).contiguous()
