"""Fully connected networks; with three hidden layers that of the paper's subspace experiments."""

from collections import OrderedDict

from torch import nn


def mlp(inputs: int, width: int = 128, hidden: int = 3, classes: int = 10) -> nn.Module:
    """Hidden layers of equal width with ReLU, then a linear layer; initialised as PyTorch does.

    Args:
        inputs: Numbers in one example, once flattened (784 for a 28 x 28 grey image).
        width: Units of each hidden layer.
        hidden: How many there are.
        classes: Number of outputs.

    Returns:
        A network from examples of any shape (examples, ...) with `inputs` numbers each to logits (examples, classes).
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    previous = inputs
    for number in range(1, hidden + 1):
        modules[f"hidden{number}"] = nn.Linear(previous, width)
        modules[f"relu{number}"] = nn.ReLU()
        previous = width
    modules["fc"] = nn.Linear(previous, classes)
    return nn.Sequential(modules)
