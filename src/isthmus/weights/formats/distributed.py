"""Distributed checkpoints (DCP, as FSDP saves them): a folder of `.distcp` files and one of metadata."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from isthmus.errors import InputError, short_list
from isthmus.gate.door import inside, parsing
from isthmus.gate.limits import refuse_bomb, refuse_large
from isthmus.gate.tensors import refuse_names, refuse_torch_file
from isthmus.weights.formats.plain_pickle import Record, plain_pickle

METADATA = ".metadata"


@dataclass(frozen=True)
class _Piece:
    """A box of one tensor: where it begins in the tensor, and where it lies on disk."""

    offsets: tuple[int, ...]
    file: Path
    start: int
    length: int


def is_distributed(path: Path) -> bool:
    """Whether a path is a folder that `torch.distributed.checkpoint` wrote."""
    return path.is_dir() and (path / METADATA).is_file()


def distributed_contents(folder: Path) -> dict[str, Any]:
    """The tensors of a distributed checkpoint of one host, nested as they were saved.

    `.metadata` is a pickle; it is followed without making objects (`plain_pickle`), and tensors are read with
    `weights_only=True`.

    Args:
        folder: With `.metadata` and `.distcp` files.

    Returns:
        Mappings of names to tensors. Whatever is no tensor is left out.

    Raises:
        InputError: A file is missing or damaged, lies outside the folder, or pieces don't make up a tensor.
    """
    refuse_large("metadata", folder / METADATA)
    with parsing("metadata of a distributed checkpoint", str(folder), "copy the folder again"):
        facts = _state(plain_pickle((folder / METADATA).read_bytes(), str(folder)), folder)
        sizes = {
            str(name): _numbers(_state(entry, folder)["size"])
            for name, entry in facts["state_dict_metadata"]
            if _is_tensor(entry)
        }
        paths = dict(facts.get("planner_data") or ())
        pieces: dict[str, list[_Piece]] = {name: [] for name in sizes}
        for name, piece in _pieces(facts["storage_data"], folder):
            if name in pieces:
                pieces[name].append(piece)
        places = {name: tuple(map(str, paths.get(name) or (name,))) for name in sizes}
    refuse_names(sizes, str(folder))
    files = {piece.file for found in pieces.values() for piece in found}
    packed = sum(file.stat().st_size for file in files if file.is_file())
    refuse_bomb(4 * sum(map(math.prod, sizes.values())), packed, str(folder))
    found: dict[str, Any] = {}
    for name, shape in sizes.items():
        holder = found
        for key in places[name][:-1]:
            holder = holder.setdefault(key, {})
            if not isinstance(holder, dict):
                raise InputError("names that don't contain one another", name, str(folder), "copy the folder again")
        with parsing("the pieces of every tensor", f"{folder}, {name!r}", "copy the folder again"):
            holder[places[name][-1]] = _tensor(name, shape, pieces[name], folder)
    return found


def _is_tensor(entry: Record) -> bool:
    return entry.name.endswith("TensorStorageMetadata")


def _state(record: Any, folder: Path) -> dict[str, Any]:
    state = record.state if isinstance(record, Record) else None
    if isinstance(state, tuple):
        state = state[0]
    if not isinstance(state, list):
        raise InputError("metadata of a distributed checkpoint", "something else", str(folder), "copy the folder again")
    return dict(state)


def _numbers(size: Any) -> tuple[int, ...]:
    values = size.arguments[0] if isinstance(size, Record) and size.arguments else ()
    return tuple(int(value) for value in values)


def _pieces(stored: Any, folder: Path) -> Iterator[tuple[str, _Piece]]:
    for index, place in stored:
        at, lies = _state(index, folder), _state(place, folder)
        file = inside(folder, lies["relative_path"], str(folder))
        if lies.get("transform_descriptors"):
            raise InputError("tensors as they are", "compressed ones", str(folder), "save the checkpoint without")
        yield str(at["fqn"]), _Piece(_numbers(at.get("offset")), file, int(lies["offset"]), int(lies["length"]))


def _tensor(name: str, shape: tuple[int, ...], pieces: list[_Piece], folder: Path) -> Tensor:
    read = [(piece, _read(piece, name)) for piece in pieces]
    if len(read) == 1 and tuple(read[0][1].shape) == shape:
        return read[0][1]
    covered = sum(tensor.numel() for _, tensor in read)
    if not read or covered != math.prod(shape):
        got = f"pieces of {covered} numbers for {name!r} of shape {shape}: {short_list(p.file.name for p in pieces)}"
        raise InputError("all pieces of every tensor", got, str(folder), "copy the files of every process")
    whole, is_there = torch.zeros(shape, dtype=read[0][1].dtype), torch.zeros(shape, dtype=torch.bool)
    for piece, tensor in read:
        box = tuple(slice(start, start + size) for start, size in zip(piece.offsets, tensor.shape, strict=True))
        whole[box], is_there[box] = tensor, True
    if not is_there.all():  # pieces that lie over one another
        got = f"{int(is_there.sum())} numbers of {math.prod(shape)} for {name!r}"
        raise InputError("all pieces of every tensor", got, str(folder), "copy the files of every process")
    return whole


def _read(piece: _Piece, name: str) -> Tensor:
    if not piece.file.is_file():
        raise InputError(
            "the files that the metadata names", f"no {piece.file.name}", str(piece.file.parent), "copy it"
        )
    if piece.length < 1 or piece.start < 0 or piece.start + piece.length > piece.file.stat().st_size:
        raise InputError(
            "whole files", f"{piece.file.name} ends before {name!r}", str(piece.file.parent), "copy it again"
        )
    with piece.file.open("rb") as file:
        file.seek(piece.start)
        data = file.read(piece.length)
    with parsing(f"the tensor {name!r}", str(piece.file), "copy the folder again", "damaged bytes"):
        refuse_torch_file(io.BytesIO(data), len(data), f"{piece.file.name}, {name!r}")
        tensor = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if not isinstance(tensor, Tensor):
        raise InputError("a tensor", type(tensor).__name__, f"{piece.file.name}, {name!r}", "copy the folder again")
    return tensor
