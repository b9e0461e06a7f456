"""Files as libraries write them."""

import importlib.util
from types import ModuleType

import transformers
from torch import nn


def save_folders(pair: list[nn.Module], names: tuple[str, str] = ("a", "b")) -> None:
    """Two networks as transformers writes them."""
    transformers.utils.logging.disable_progress_bar()
    for network, name in zip(pair, names, strict=True):
        network.save_pretrained(name)


def imported(file: str) -> ModuleType:
    """A file of Python as a module."""
    spec = importlib.util.spec_from_file_location("network_of_the_example", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
