"""The constants that known image sets are normalised with, and the user's own."""

import math

import torch

from isthmus.data.examples import Normalization
from isthmus.data.spec import NORMALIZATIONS
from isthmus.errors import InputError

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


def known_normalization(source: str, options: dict[str, str]) -> Normalization:
    """The normalisation of a known image set.

    Args:
        source: The set's name.
        options: The option `normalization`: "paper" (CIFAR-10 only, its default), "true" or "none".

    Returns:
        The formula; under "none" the scale alone.
    """
    named = options.get("normalization", NORMALIZATIONS[source][0])
    if named == "none":
        return SCALE_ONLY
    return CIFAR10_PAPER if named == "paper" else TRUE_NORMALIZATIONS[source]


def own_normalization(options: dict[str, str], dtype: torch.dtype, where: str) -> Normalization | None:
    """The normalisation that the options `mean` and `std` ask for.

    Args:
        options: Options by name; the numbers of several channels stand apart by '/', on the 0-1 scale for bytes.
        dtype: Type of the stored inputs: bytes are divided by 255 first, others are taken as they are.
        where: What to name in a message.

    Returns:
        The formula, or None without these options.

    Raises:
        InputError: If they are no finite numbers, or if a std is not above 0.
    """
    if "mean" not in options:
        return None
    mean, std = (_numbers(name, options[name], where) for name in ("mean", "std"))
    if min(std) <= 0:
        raise InputError("a std above 0", options["std"], f"std of {where}", "give the standard deviation")
    return Normalization(mean, std, scale=255.0 if dtype == torch.uint8 else 1.0, name="own")


def _numbers(name: str, text: str, where: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split("/"))
    except ValueError:
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        remedy = f"write {name}=0.5 or {name}=0.5/0.5/0.5"
        raise InputError("numbers apart by '/'", repr(text), f"{name} of {where}", remedy)
    return numbers
