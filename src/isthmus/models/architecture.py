"""Facts that identify a network: its number of parameters, and the modules that hold them."""

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Architecture:
    """A network without its values.

    Attributes:
        num_parameters: Numbers in all of its parameters, tied ones once.
        layers: Paths of the modules that own a parameter, in the order of registration; the root module's is "".
    """

    num_parameters: int
    layers: tuple[str, ...]


def architecture(model: nn.Module) -> Architecture:
    """Count the parameters of a network and name the modules that own them.

    Args:
        model: Any module; its tensors may be on the meta device.

    Returns:
        Both facts.

    Example:
        >>> architecture(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)))
        Architecture(num_parameters=13, layers=('0', '2'))
    """
    return Architecture(
        sum(parameter.numel() for parameter in model.parameters()),
        tuple(
            path for path, module in model.named_modules() if next(module.parameters(recurse=False), None) is not None
        ),
    )
