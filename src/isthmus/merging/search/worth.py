"""What it is worth to have a layer averaged: its parameters, one each, or numbers of the user's."""

import sys
from collections.abc import Mapping
from pathlib import Path

from isthmus.errors import InputError, UnknownNameError
from isthmus.gate.texts import read_object
from isthmus.paths.linear import Segment
from isthmus.weights.made_when_read import layout_of

KINDS = ("parameters", "count")
By = str | Path | Mapping[str, float]


def worth_of_layers(by: By, segment: Segment) -> dict[str, float]:
    """The worth of every layer.

    Args:
        by: "parameters" (tied ones once), "count" for 1 each, a mapping, or the path of a JSON file that holds one:
            every layer's label -> a number of at least 0, such as bytes to be sent.
        segment: Knows the layers.

    Returns:
        Label -> worth, in layer order.

    Raises:
        InputError: The file can't be read, or a layer has no number.
        UnknownNameError: It is none of these, or names another layer.
    """
    if by == "parameters":
        return {label: float(num_parameters(segment, label)) for label in segment.layers}
    if by == "count":
        return dict.fromkeys(segment.layers, 1.0)
    given = by if isinstance(by, Mapping) else _read(Path(by))
    for label in given:
        if label not in segment.layers.layers:
            raise UnknownNameError("a layer", label, tuple(segment.layers), "--by")
    for label in segment.layers:
        number = given.get(label)
        if not isinstance(number, int | float) or not 0 <= number <= sys.float_info.max:
            raise InputError("a number of at least 0 for every layer", f"{label}: {number}", "--by", "give each one")
    return {label: float(given[label]) for label in segment.layers}


def num_parameters(segment: Segment, *labels: str) -> int:
    """The parameters of some layers, tied ones counted once.

    Args:
        segment: Knows the layers.
        labels: Of the layers.

    Returns:
        How many numbers they are.
    """
    return sum(layout_of(segment.first)[key].numel() for key in segment.parameters(labels))


def _read(file: Path) -> Mapping[str, float]:
    expected = "parameters, count, or a JSON file of numbers by layer"
    if file.suffix != ".json":
        raise InputError(expected, str(file), "--by", "write one of these")
    return read_object(file, expected, 'write {"conv1": 1000, ...}')
