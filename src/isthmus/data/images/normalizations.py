"""The normalisation constants of known image sets, and the user's own."""

import warnings

import torch

from isthmus.data.examples import Normalization
from isthmus.data.images.channel_numbers import channel_numbers
from isthmus.data.spec import NORMALIZATIONS
from isthmus.errors import IsthmusWarning

CIFAR10_PAPER = Normalization((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010), name="paper")
"""What the paper used: its std is the mean over images of each image's own std, below the std over all pixels."""

TRUE_NORMALIZATIONS: dict[str, Normalization] = {
    "cifar10": Normalization((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616), name="true"),
    "cifar100": Normalization((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762), name="true"),
    "mnist": Normalization((0.1307,), (0.3081,), name="true"),
    "fashion_mnist": Normalization((0.2860,), (0.3530,), name="true"),
    "fashion_mnist_small": Normalization((0.2860,), (0.3530,), name="true"),
}
"""Mean and std over all pixels of the complete training split, on the 0-1 scale."""

SCALE_ONLY = Normalization((0.0,), (1.0,), name="scale")
"""Bytes divided by 255, nothing else."""


DIGITS_SCALE_ONLY = Normalization((0.0,), (1.0,), scale=16.0, name="scale")
"""Grey values from 0 to 16, divided by 16."""


def known_normalization(source: str, options: dict[str, str]) -> Normalization:
    """The normalisation of a known image set.

    Args:
        source: The set's name.
        options: The option `normalization`: "paper" (CIFAR-10 only, its default), "true" or "none"; or the user's own
            `mean` and `std`, on the 0-1 scale.

    Returns:
        The formula; under "none" and for the digits, which have no option `normalization`, the scale alone.
    """
    scale_only = DIGITS_SCALE_ONLY if source == "digits" else SCALE_ONLY
    own = own_normalization(options, scale_only.scale, source)
    if own is not None:
        return own
    if not NORMALIZATIONS[source]:
        return scale_only
    named = options.get("normalization", NORMALIZATIONS[source][0])
    if named == "none":
        return scale_only
    return CIFAR10_PAPER if named == "paper" else TRUE_NORMALIZATIONS[source]


def own_normalization(options: dict[str, str], scale: float, where: str) -> Normalization | None:
    """The normalisation that the options `mean` and `std` ask for.

    Args:
        options: Options by name; the numbers of several channels stand apart by '/'.
        scale: What stored values are divided by first; `mean` and `std` are on the scale of the quotient.
        where: What to name in a message. A mean beyond the scale of bytes, [0, 1], is warned of.

    Returns:
        The formula, or None without these options.
    """
    if "mean" not in options:
        return None
    mean, std = (channel_numbers(name, options[name], where) for name in ("mean", "std"))
    if scale != 1.0 and not all(0 <= number <= 1 for number in mean):
        message = (
            f"mean={options['mean']} of {where}: stored values are divided by {scale:g} first, so a mean lies in [0, 1]"
        )
        warnings.warn(message, IsthmusWarning, stacklevel=2)
    return Normalization(mean, std, scale=scale, name="own")


def stored_scale(dtype: torch.dtype) -> float:
    """What the user's stored values are divided by before they are normalised.

    Args:
        dtype: Their type.

    Returns:
        255 for bytes; 1 for all others, which are taken as they are.
    """
    return 255.0 if dtype == torch.uint8 else 1.0
