"""Stored arrays by name: `.npz`, `.safetensors` and `.pt` files with targets and one input or several."""

import pickle
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.images.bytes import scaled_images
from isthmus.data.images.normalizations import own_normalization, stored_scale
from isthmus.data.named import inputs_and_targets
from isthmus.errors import InputError
from isthmus.trees import Tree, is_tree, tidy


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
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return {name: torch.from_numpy(_native(stored[name])) for name in stored.files}
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, TypeError) as error:
        raise InputError(expected, str(error).partition("\n")[0], path.name, remedy) from error


def _load_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        remedy = "save it with safetensors.torch.save_file({'inputs': ..., 'targets': ...}, path)"
        raise InputError("a whole safetensors file", str(error), path.name, remedy) from error


def _load_torch(path: Path) -> Mapping[str, Tree] | tuple[Tree, Tree]:
    expected = "a torch file that holds tensors by name, or a pair (inputs, targets)"
    remedy = "save it with torch.save({'inputs': ..., 'targets': ...}, path), tensors alone"
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, TypeError, KeyError) as error:
        got = str(error).partition("\n")[0][:200] or type(error).__name__
        raise InputError(expected, got, path.name, remedy) from error
    if not is_tree(stored) or isinstance(stored, Tensor) or (isinstance(stored, tuple | list) and len(stored) != 2):
        raise InputError(expected, type(stored).__name__, path.name, remedy)
    found: Mapping[str, Tree] | tuple[Tree, Tree] = tidy(stored)
    return found


def _native(array: np.ndarray) -> np.ndarray:
    # torch takes no other byte order than the machine's own.
    return array.astype(array.dtype.newbyteorder("="), copy=False)
