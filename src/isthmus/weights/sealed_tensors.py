"""Safetensors files whose header holds the hash of their tensors, and the same bytes every time."""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from isthmus.files import save_whole
from isthmus.sealed import SEAL, damaged, refuse_broken_seal
from isthmus.weights.state import StateDict, content_hash

LENGTH_BYTES = 8  # before the header
METADATA = "__metadata__"


def save_tensors(tensors: StateDict, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file with its seal; it is whole if it is there.

    Args:
        tensors: On any device; those that share memory are written once each, under every key.
        path: The file to make; its folder is made too.
        metadata: Texts for the header.
    """
    # Clones, since safetensors refuses tensors that share memory, as tied ones do.
    dense = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in tensors.items()}
    facts = {**(metadata or {}), SEAL: content_hash(dense)}

    def write(temporary: Path) -> None:
        save_file(dense, temporary, metadata=facts)
        _sort_metadata(temporary)

    save_whole(path, write)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file and compare it with its seal, if it has one.

    Args:
        path: The file.

    Returns:
        Tensors by key, on the CPU, and the texts of the header.

    Raises:
        damaged: It is no safetensors file, or holds something else than was written.
    """
    try:
        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path, f"one that ends early or is no safetensors ({error})") from error
    seal = metadata.pop(SEAL, None)
    if seal is not None:
        refuse_broken_seal(path, seal, content_hash(tensors))
    return tensors, metadata


def _sort_metadata(file: Path) -> None:
    """Put the texts of the header in order: safetensors writes them in another one in every process."""
    with file.open("rb+") as opened:
        length = int.from_bytes(opened.read(LENGTH_BYTES), "little")
        header = json.loads(opened.read(length))
        header = {METADATA: dict(sorted(header.pop(METADATA).items()))} | header
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) <= length:  # the same letters in another order; were they others, the file stays as it is
            opened.seek(LENGTH_BYTES)
            opened.write(text.ljust(length))
