"""Weights on disk: safetensors files and folders, and torch files read without running code."""

import json
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from isthmus.errors import InputError, listed
from isthmus.files import remove_parts_of, save_whole
from isthmus.hugging_face import PREFIX, parsed_source, snapshot_folder
from isthmus.weights.state import StateDict

NESTS = ("state_dict", "model_state_dict", "model", "weights", "net", "network", "module", "params")
WRAPPERS = ("_orig_mod", "module")  # torch.compile and DataParallel put these around a network
FOLDER_FILES = (("safetensors", "model.safetensors"), ("bin", "pytorch_model.bin"))  # the first that is there counts


@dataclass(frozen=True)
class Checkpoint:
    """Weights as they were saved.

    Attributes:
        weights: Tensors on the CPU, in the dtype of the file.
        name: The file's or folder's name, for labels and messages; never the whole path.
        notes: What was done to the file's contents: unpacked, prefixes stripped.
    """

    weights: dict[str, Tensor]
    name: str
    notes: tuple[str, ...] = field(default=())


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint: `.safetensors`, a torch file, or a (sharded) folder of either as Hugging Face writes it.

    `hf:ID` and `hf:ID@REVISION` name such a folder on the Hugging Face hub. A torch file is read with
    `weights_only=True`: code in it does not run. A state dict that is nested under a usual key (`state_dict`, `model`,
    ...) is unpacked; the prefixes `module.` and `_orig_mod.` of wrappers are stripped.

    Args:
        path: File or folder, or `hf:` and a folder or an id.

    Returns:
        The checkpoint, with a note for everything that was changed on the way.

    Raises:
        InputError: There is no such file, it is damaged or holds code, or an entry is sparse, quantised or meta.
    """
    if str(path).startswith(PREFIX):
        source = parsed_source(str(path), "a checkpoint")
        path, name = snapshot_folder(source, "a checkpoint"), source.name
    else:
        path = Path(path)
        name = path.name
    if not path.exists():
        raise InputError("a checkpoint file or folder", "nothing there", str(path), "check the path")
    entries: dict[str, Any]
    notes: list[str]
    if path.is_dir():
        entries, notes = _folder_entries(path), []
    elif path.suffix == ".safetensors":
        entries, notes = _safetensors_entries(path), []
    else:
        entries, notes = _unpacked(_torch_contents(path), path)
    weights, stripped = _unwrapped(_dense_entries(entries, path))
    return Checkpoint(weights, name, (*notes, *stripped))


def save_weights(weights: StateDict, path: str | Path) -> None:
    """Write a safetensors file so that a file of that name is always whole: temporary name, flush, rename.

    Args:
        weights: Tensors; those that share memory are written once each, under every key.
        path: The file to make; its folder is made too.
    """
    dense = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in weights.items()}
    remove_parts_of(Path(path))
    save_whole(Path(path), lambda temporary: save_file(dense, temporary))


def _safetensors_entries(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(
            "a whole safetensors file",
            f"{path.stat().st_size} bytes that end early or are no safetensors ({error})",
            str(path),
            "copy or download the file again",
        ) from error


def _folder_entries(folder: Path) -> dict[str, Tensor]:
    for kind, name in FOLDER_FILES:
        index, files = folder / f"{name}.index.json", sorted(folder.glob(f"*.{kind}"))
        if index.exists():
            return _sharded_entries(index)
        if (folder / name).exists():
            return _file_entries(folder / name)
        if kind == "safetensors" and len(files) == 1:
            return _file_entries(files[0])
        if kind == "safetensors" and files:
            raise InputError(
                f"one .safetensors file, or several with {index.name}",
                f"{len(files)} files and no index",
                str(folder),
                "name the checkpoint file itself",
            )
    raise InputError(
        "a .safetensors file or pytorch_model.bin in the folder",
        "neither",
        str(folder),
        "name the checkpoint file itself",
    )


def _file_entries(path: Path) -> dict[str, Any]:
    return _safetensors_entries(path) if path.suffix == ".safetensors" else _unpacked(_torch_contents(path), path)[0]


def _sharded_entries(index: Path) -> dict[str, Tensor]:
    folder = index.parent
    try:
        placed: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "an index with a weight_map", f"unreadable JSON ({error})", str(index), "copy it again"
        ) from error
    shards = {name: folder / name for name in sorted(set(placed.values()))}
    absent = [name for name, file in shards.items() if not file.exists() or file.parent != folder]
    if absent:
        raise InputError(f"{len(shards)} shards", f"missing {listed(absent)}", str(folder), "copy the folder again")
    entries = {key: tensor for file in shards.values() for key, tensor in _file_entries(file).items()}
    lost = [key for key in placed if key not in entries]
    if lost:
        raise InputError("every key of the index", f"missing {listed(lost)}", str(folder), "copy the folder again")
    return entries


def _torch_contents(path: Path) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of pickles of another protocol before it refuses them
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            "a torch file of tensors only",
            f"a file that asks for code to run, which was not done ({reason})",
            str(path),
            "save the state dict alone: torch.save(model.state_dict(), path), or better as safetensors",
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise InputError(
            "a torch file or a safetensors file",
            f"a file that is damaged or of another kind ({str(error)[:100]})",
            str(path),
            "copy the file again, or save it as safetensors",
        ) from error


def _unpacked(contents: object, path: Path) -> tuple[dict[str, Any], list[str]]:
    """The state dict inside what a torch file held, looking under the usual keys."""
    if isinstance(contents, Mapping) and contents:
        if any(isinstance(value, Tensor) for value in contents.values()):
            skipped = [str(key) for key, value in contents.items() if not isinstance(value, Tensor)]
            notes = [f"entries that are no tensors were left out: {listed(skipped)}"] if skipped else []
            return {str(k): v for k, v in contents.items() if isinstance(v, Tensor)}, notes
        for nest in NESTS:
            if isinstance(contents.get(nest), Mapping):
                entries, notes = _unpacked(contents[nest], path)
                return entries, [f"the weights were found under {nest!r}", *notes]
    found = listed(contents) if isinstance(contents, Mapping) else type(contents).__name__
    raise InputError(
        f"a state dict, plain or under one of {listed(NESTS)}",
        f"a file that holds {found}",
        str(path),
        "save the state dict alone: torch.save(model.state_dict(), path)",
    )


def _dense_entries(entries: dict[str, Any], path: Path) -> dict[str, Tensor]:
    for key, tensor in entries.items():
        wrong = (
            "a meta tensor without data"
            if tensor.is_meta
            else "a quantised tensor"
            if tensor.is_quantized
            else "a sparse tensor"
            if tensor.layout != torch.strided
            else None
        )
        if wrong:
            raise InputError(
                "dense tensors with data",
                f"{wrong} under {key!r}",
                str(path),
                "save it dense: tensor.to_dense(), dequantize()",
            )
    if not entries:
        raise InputError(
            "at least one tensor", "an empty file", str(path), "check that this is the checkpoint you meant"
        )
    return {key: tensor.detach().contiguous() for key, tensor in entries.items()}


def _unwrapped(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    notes: list[str] = []
    stripping = True
    while stripping:
        stripping = False
        for wrapper in WRAPPERS:
            if all(key.startswith(f"{wrapper}.") for key in weights):
                weights = {key.removeprefix(f"{wrapper}."): tensor for key, tensor in weights.items()}
                notes.append(f"the prefix '{wrapper}.' was stripped from every key")
                stripping = True
    return weights, notes
