"""Safetensors files whose header holds the hash of their tensors, and the same bytes every time."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from torch import Tensor

from isthmus.files import save_whole
from isthmus.gate.tensors import refuse_safetensors
from isthmus.sealed import SEAL, damage_said, refuse_broken_seal
from isthmus.weights.formats.safetensors_file import write_entries
from isthmus.weights.made_when_read import layout_of
from isthmus.weights.state import StateDict, content_hash


def save_tensors(tensors: StateDict, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file with its seal; it is whole if it is there.

    Args:
        tensors: On any device; those that share memory are written once each, under every key. None is copied, and
            those that are made when they are read are in memory one at a time; they are read twice.
        path: The file to make; its folder is made too.
        metadata: Texts for the header.
    """
    facts = {**(metadata or {}), SEAL: content_hash(tensors)}
    save_whole(path, lambda part: write_entries(tensors, layout_of(tensors), part, dict(sorted(facts.items()))))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file and compare it with its seal, if it has one.

    Args:
        path: The file.

    Returns:
        Tensors by key, on the CPU, and the texts of the header.

    Raises:
        damaged: It is no safetensors file, or holds something else than was written.
    """
    with damage_said(path):
        refuse_safetensors(path)
        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    seal = metadata.pop(SEAL, None)
    if seal is not None:
        refuse_broken_seal(path, seal, content_hash(tensors))
    return tensors, metadata
