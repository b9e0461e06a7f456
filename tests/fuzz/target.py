"""What is read in the fuzz run: a reader, and honest files for it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Target:
    """A reader and honest files.

    Attributes:
        name: Of the form.
        files: By path in a folder of their own; each is mutated in turn.
        read: Takes that folder.
        command: The command line's arguments for it; {} stands for the folder.
        kept: Files that are never mutated.
    """

    name: str
    files: Mapping[str, bytes]
    read: Callable[[Path], object]
    command: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def weights(seed: int = 0) -> dict[str, torch.Tensor]:
    """A small state dict of several types."""
    random = torch.Generator().manual_seed(seed)
    return {
        "body.0.weight": torch.randn(4, 3, generator=random), "body.0.bias": torch.zeros(4, dtype=torch.bfloat16),
        "norm.num_batches_tracked": torch.tensor(3), "head.weight": torch.randn(2, 4, generator=random).half(),
    }  # fmt: skip


def torch_bytes(contents: object, zipped: bool = True) -> bytes:
    stream = io.BytesIO()
    torch.save(contents, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()
