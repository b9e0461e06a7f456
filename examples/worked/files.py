"""Files as libraries write them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import transformers
from torch import nn

NETWORK = '''"""What `--model network.py:build` needs: the network that config.json describes."""

import transformers


def build():
    config = transformers.AutoConfig.from_pretrained("{folder}")
    return getattr(transformers, config.architectures[0])._from_config(config)
'''


def save_folders(pair: list[nn.Module], names: tuple[str, str] = ("a", "b")) -> None:
    """Two networks as transformers writes them."""
    transformers.utils.logging.disable_progress_bar()
    for network, name in zip(pair, names, strict=True):
        network.save_pretrained(name)


def save_network_file(folder: str) -> None:
    """The file that builds the network of a folder."""
    Path("network.py").write_text(NETWORK.format(folder=folder), encoding="utf-8")


def imported(file: str) -> ModuleType:
    """A file of Python as a module."""
    spec = importlib.util.spec_from_file_location("network_of_the_example", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
