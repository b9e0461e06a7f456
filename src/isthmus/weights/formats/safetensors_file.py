"""Safetensors files written key by key, so that of the entries only the one being written is in memory."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from isthmus.errors import InputError

NAMES = {  # in the order of the library, the widest first: so every entry begins at a multiple of its width
    torch.uint64: "U64",
    torch.int64: "I64",
    torch.float64: "F64",
    torch.complex64: "C64",
    torch.float32: "F32",
    torch.uint32: "U32",
    torch.int32: "I32",
    torch.bfloat16: "BF16",
    torch.float16: "F16",
    torch.uint16: "U16",
    torch.int16: "I16",
    torch.float8_e5m2fnuz: "F8_E5M2FNUZ",
    torch.float8_e4m3fnuz: "F8_E4M3FNUZ",
    torch.float8_e8m0fnu: "F8_E8M0",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
ALIGNMENT = 8  # of the first entry, in bytes


def write_entries(
    weights: Mapping[str, Tensor], layout: Mapping[str, Tensor], file: Path, metadata: Mapping[str, str]
) -> None:
    """Write the bytes that the library `safetensors` writes, with the metadata in the order given.

    The library takes all tensors at once. Here each is read from the mapping when its turn comes, and dropped.

    Args:
        weights: Entries by key; a mapping may make them as they are read.
        layout: Tensors of the same keys, types and shapes, of which nothing else is read.
        file: To write to.
        metadata: Texts for the header.

    Raises:
        InputError: An entry is of a type that such files don't hold.
    """
    if odd := [key for key, tensor in layout.items() if tensor.dtype not in NAMES]:
        got, expected = f"{layout[odd[0]].dtype} under {odd[0]!r}", "numbers of a type that safetensors files hold"
        raise InputError(expected, got, "weights to save", "convert them first")
    ranks = {dtype: rank for rank, dtype in enumerate(NAMES)}
    keys = sorted(layout, key=lambda key: (ranks[layout[key].dtype], key.encode()))
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for key in keys:
        begin, end = end, end + layout[key].nbytes
        dtype, shape = NAMES[layout[key].dtype], list(layout[key].shape)
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with file.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for key in keys:
            _write(out, weights[key], layout[key])


def _write(out: BinaryIO, entry: Tensor, layout: Tensor) -> None:
    # A function of its own, so that nothing holds the entry when the next one is made.
    tensor = entry.detach().cpu().contiguous()
    assert (tensor.dtype, tensor.shape) == (layout.dtype, layout.shape)
    if tensor.numel():
        # As bytes, since NumPy has no bfloat16.
        out.write(tensor.reshape(-1).view(torch.uint8).numpy().data)
