"""Inputs that a network takes, where the user gives no data."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from isthmus.errors import InputError

SIDES = (32, 28, 64, 224, 16, 8)
NUM_TOKENS = 12


def sample_inputs(module: nn.Module, num_examples: int, seed: int = 0) -> Tensor:
    """Random inputs of the first form that a network runs on, guessed from its first layer.

    Args:
        module: A network in evaluation mode.
        num_examples: How many.
        seed: Of the draw.

    Returns:
        Images, tokens or features.

    Raises:
        InputError: It runs on none of these.
    """
    random = torch.Generator().manual_seed(seed)
    tried = []
    for inputs in _guesses(module, num_examples, random):
        try:
            with torch.no_grad():
                module(inputs)
        except Exception:  # whatever a network raises on inputs that are none of its
            tried.append(str(tuple(inputs.shape[1:])))
        else:
            return inputs
    raise InputError(
        "a network that runs on images, tokens or features of a size read from its first layer",
        f"one that runs on none of the shapes {', '.join(tried) or 'tried'}",
        "--data",
        "name data that it takes (data=): a few examples are enough",
    )


def _guesses(module: nn.Module, num_examples: int, random: torch.Generator) -> Iterator[Tensor]:
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            rank = len(part.kernel_size)
            for side in SIDES:
                yield torch.randn((num_examples, part.in_channels, *[side] * rank), generator=random)
            return
        if isinstance(part, nn.Embedding):
            yield torch.randint(part.num_embeddings, (num_examples, NUM_TOKENS), generator=random)
            return
        if isinstance(part, nn.Linear | nn.RNNBase):
            size = part.in_features if isinstance(part, nn.Linear) else part.input_size
            yield torch.randn((num_examples, size), generator=random)
            yield torch.randn((num_examples, NUM_TOKENS, size), generator=random)
            return
