"""Stored arrays by name: `.npz`, `.safetensors` and `.pt` files with targets and one input or several."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.images.bytes import scaled_images
from isthmus.data.images.normalizations import own_normalization, stored_scale
from isthmus.data.named import inputs_and_targets
from isthmus.errors import InputError
from isthmus.gate.archives import refuse_archive_bomb
from isthmus.gate.arrays import array_of
from isthmus.gate.door import parsing
from isthmus.gate.tensors import refuse_expanded, refuse_names, refuse_safetensors, refuse_torch_file
from isthmus.trees import Tree, is_tree, named_tensors, tidy


def load_arrays(path: Path, options: dict[str, str]) -> Examples:
    """The arrays of one file, as stored; nothing in it ever runs.

    Args:
        path: A file ending in .npz, .safetensors, .pt or .pth.
        options: `label`, the array of the targets; `mean` and `std`, for a single input to be normalised. Without
            these two, bytes of images are divided by 255, and all else is taken as it is.

    Returns:
        Examples whose split is not known: the array `inputs` alone, or all but the targets by name.

    Raises:
        InputError: If the file is damaged, lacks targets or inputs, or holds Python objects.
    """
    if path.suffix == ".npz":
        named: Any = _load_npz(path)
    else:
        named = _load_safetensors(path) if path.suffix == ".safetensors" else _load_torch(path)
    if isinstance(named, tuple):
        inputs, targets = named
    else:
        inputs, targets = inputs_and_targets(named, path.name, options.get("label"))
    if "mean" not in options:
        return scaled_images(Examples(inputs, targets, path.name, "data"))
    if not isinstance(inputs, Tensor):
        got = f"several: {', '.join(map(str, inputs))}"
        raise InputError("one array of inputs beside mean and std", got, path.name, "store them normalised")
    normalization = own_normalization(options, stored_scale(inputs.dtype), path.name)
    return Examples(inputs, targets, path.name, "data", normalization)


def _load_npz(path: Path) -> dict[str, Tensor]:
    expected = "an .npz archive with arrays of numbers, no Python objects"
    remedy = "save it with numpy.savez(path, inputs=..., targets=...), both arrays of numbers"
    if not zipfile.is_zipfile(path):
        raise InputError(expected, "an incomplete archive", path.name, remedy)
    with parsing(expected, path.name, remedy), zipfile.ZipFile(path) as archive:
        refuse_archive_bomb(archive, path.stat().st_size, path.name)
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        refuse_names(entries, path.name)
        return {name: torch.from_numpy(_native(array_of(archive.read(of)))) for name, of in entries.items()}


def _load_safetensors(path: Path) -> dict[str, Tensor]:
    remedy = "save it with safetensors.torch.save_file({'inputs': ..., 'targets': ...}, path)"
    with parsing("a whole safetensors file", path.name, remedy):
        refuse_safetensors(path)
        return load_file(path)


def _load_torch(path: Path) -> Mapping[str, Tree] | tuple[Tree, Tree]:
    expected = "a torch file that holds tensors by name, or a pair (inputs, targets)"
    remedy = "save it with torch.save({'inputs': ..., 'targets': ...}, path), tensors alone"
    with parsing(expected, path.name, remedy):
        refuse_torch_file(path, path.stat().st_size, path.name)
        stored = torch.load(path, map_location="cpu", weights_only=True)
        if not is_tree(stored) or isinstance(stored, Tensor) or (isinstance(stored, tuple | list) and len(stored) != 2):
            raise InputError(expected, type(stored).__name__, path.name, remedy)
        found: Mapping[str, Tree] | tuple[Tree, Tree] = tidy(stored)
        tensors = named_tensors(found)
    refuse_names(tensors, path.name)
    refuse_expanded(tensors, path.stat().st_size, path.name)
    return found


def _native(array: np.ndarray) -> np.ndarray:
    # torch takes no other byte order than the machine's own.
    return array.astype(array.dtype.newbyteorder("="), copy=False)
