"""Deep linear networks, products of matrices: the subject of the paper's Theorem 4.1."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def deep_linear(inputs: int, width: int = 16, hidden: int = 2, classes: int = 10) -> nn.Module:
    """Hidden layers of equal width without bias and without nonlinearity, then a linear layer.

    Args:
        inputs: Numbers in one example, once flattened (64 for an 8 x 8 grey image).
        width: Units of each hidden layer.
        hidden: Number of hidden layers, so one less than there are matrices.
        classes: Number of outputs.

    Returns:
        A network from examples of any shape (examples, ...) with `inputs` numbers each to outputs (examples, classes).
    """
    return deep_linear_network([inputs, *[width] * hidden, classes])


def deep_linear_network(widths: Sequence[int]) -> nn.Module:
    """f(x) = W_L ... W_2 W_1 x with W_i of shape (widths[i], widths[i - 1]).

    The weights start as independent Gaussians of variance 1 / fan-in, which keeps the scale of x from layer to layer.

    Args:
        widths: Numbers in an example, units of each hidden layer, number of outputs; at least two of them.

    Returns:
        The network; its layers are `hidden1`, `hidden2`, ..., `fc`.
    """
    names = [*(f"hidden{number}" for number in range(1, len(widths) - 1)), "fc"]
    modules: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for name, (fan_in, fan_out) in zip(names, pairwise(widths), strict=True):
        modules[name] = nn.Linear(fan_in, fan_out, bias=False)
        nn.init.normal_(modules[name].weight, std=fan_in**-0.5)  # type: ignore[arg-type]
    return nn.Sequential(modules)
