"""The device on which forward passes run."""

import torch

from isthmus.errors import InputError
from isthmus.processes import num_cores

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "tf32": torch.float32}


def device_named(name: str) -> torch.device:
    """The device of a name.

    Args:
        name: "auto" for the first accelerator there is, else the processor; or torch's name, such as "cuda:1".

    Returns:
        The device.

    Raises:
        InputError: There is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        # A device has a name even where there is none; only its use shows it.
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            "an available device", f"{name!r} ({str(error).splitlines()[0]})", "--device", "write auto or cpu"
        ) from error
    return device


def hardware_kind() -> str:
    """What this machine computes with, in words.

    Returns:
        Such as "two cores", or "one NVIDIA H100 and sixteen cores" in digits beyond twelve.
    """
    cores = f"{_number(num_cores())} core{'s' if num_cores() > 1 else ''}"
    if not torch.cuda.is_available():
        return cores
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return f"{_number(len(names))} {names[0]} and {cores}"


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)
