"""The kind of machine, never its name."""

import torch

from isthmus.evaluation.arithmetic.device import num_cores

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


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
