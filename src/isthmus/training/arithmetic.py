"""How a training computes: precision, memory format, compilation, and deterministic kernels."""

import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from isthmus.evaluation.arithmetic.memory import freed_memory_kept
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.output import USUAL_OUTPUT
from isthmus.training.recipe.recipe import Recipe

Forward = Callable[[Tensor], Tensor]
VECTOR = 8  # numbers of float32 in a vector of AVX2


def forward_of(model: nn.Module, recipe: Recipe, device: torch.device) -> Forward:
    """The forward pass of a model as the recipe wants it.

    Args:
        model: Changed to the recipe's type and memory format.
        recipe: `dtype`, `channels_last` and `compile`.
        device: Where the model is.

    Returns:
        A function from inputs to outputs.
    """
    if recipe.dtype == "float64":
        model.double()
    # On a processor torch 2.13 gives NaN here in bfloat16 where a 3x3 convolution sees one pixel (docs/decisions.md).
    is_last = recipe.channels_last and not has_unsafe_gradients(model, device)
    if is_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network = _compiled(model, device) if recipe.compile else model

    def forward(inputs: Tensor) -> Tensor:
        if is_last and inputs.ndim == 4:
            inputs = inputs.to(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.dtype == "bfloat16"):
            return USUAL_OUTPUT(network(inputs))

    return forward


def has_unsafe_gradients(model: nn.Module, device: torch.device) -> bool:
    """Whether gradients of convolutions that run channels last would be written beyond their memory.

    torch 2.13's oneDNN does so on processors without AVX-512, where a convolution of one pixel leaves pixels out and
    has fewer channels than a vector has numbers (docs/decisions.md, Questions). Wider ones are fine.

    Args:
        model: To be trained.
        device: Where.

    Returns:
        True where channels last has to be left out.
    """
    if device.type != "cpu" or torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        return False
    convolutions = (part for part in model.modules() if isinstance(part, nn.Conv2d))
    return any(
        max(one.kernel_size) == 1 and max(one.stride) > 1 and min(one.in_channels, one.out_channels) < VECTOR
        for one in convolutions
    )


def _compiled(model: nn.Module, device: torch.device) -> Callable[[Tensor], object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the compiler, seen as it is imported
        importlib.import_module("torch._inductor.compile_fx")
    # on a GPU a short last mini-batch is compiled by itself, and the full ones keep kernels of their own size
    return torch.compile(model, dynamic=False if device.type == "cuda" else None)


@contextmanager
def training_arithmetic(dtype: str, device: torch.device) -> Iterator[None]:
    """Full float32 products unless TF32 is asked for, convolutions that repeat themselves, a random state of its own.

    PyTorch's settings and its random state are as before afterwards. What an iteration frees stays with the process
    until the end.

    Args:
        dtype: Of the recipe.
        device: Where the network is.

    Yields:
        Nothing.
    """
    deterministic = torch.backends.cudnn.deterministic
    # Some of cuDNN's kernels add up in an order that changes from run to run.
    torch.backends.cudnn.deterministic = True
    try:
        random = torch.random.fork_rng([device] if device.type == "cuda" else [])
        with float32_products(dtype, device), freed_memory_kept(), random:
            yield
    finally:
        torch.backends.cudnn.deterministic = deterministic


def seed_dropout(seed: int, device: torch.device) -> None:
    """Set the random state that dropout draws from, on the processor and on the device.

    `torch.manual_seed` sets that of every kind of device and keeps a stack trace for each that it has not begun to use:
    a tenth of the time of a small network's iteration.

    Args:
        seed: Of the draws.
        device: Where the network is.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
