"""Images given as bytes, which networks take as numbers from 0 to 1."""

from dataclasses import replace

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.images.normalizations import SCALE_ONLY

NOTE = "bytes of images are divided by 255; give a network that does so itself whole numbers of another type"


def scaled_images(examples: Examples) -> Examples:
    """The examples with bytes of images scaled to [0, 1].

    Args:
        examples: Inputs of any kind, without a normalisation.

    Returns:
        A single input of bytes (n, channels, height, width) stays as stored and is divided when used; among several
        inputs such bytes become float32. The notes say so. Everything else comes back as it is.
    """
    inputs = examples.inputs
    if isinstance(inputs, Tensor):
        if not _are_images(inputs):
            return examples
        return replace(examples, normalization=SCALE_ONLY, notes=(*examples.notes, NOTE))
    named = dict(inputs) if isinstance(inputs, dict) else dict(enumerate(inputs))
    found = {
        name: SCALE_ONLY(part, torch.float32) if isinstance(part, Tensor) and _are_images(part) else part
        for name, part in named.items()
    }
    if all(found[name] is part for name, part in named.items()):
        return examples
    whole = found if isinstance(inputs, dict) else tuple(found.values())
    return replace(examples, inputs=whole, notes=(*examples.notes, NOTE))


def _are_images(values: Tensor) -> bool:
    return values.dtype == torch.uint8 and values.ndim == 4
