"""Stored arrays: `.npz` and `.safetensors` files with `inputs` and `targets`."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.images.normalizations import own_normalization, stored_scale
from isthmus.errors import InputError, short_list

NAMES = ("inputs", "targets")


def load_arrays(path: Path, options: dict[str, str]) -> Examples:
    """The arrays `inputs` and `targets` of one file, as stored; nothing in it is ever unpickled.

    Args:
        path: A file ending in .npz or .safetensors.
        options: `mean` and `std`, for inputs to be normalised; without them they are taken as they are.

    Returns:
        Examples whose split is not known.

    Raises:
        InputError: If the file is damaged, lacks an array, or holds Python objects.
    """
    tensors = _load_npz(path) if path.suffix == ".npz" else _load_safetensors(path)
    inputs, targets = (tensors[name] for name in NAMES)
    normalization = own_normalization(options, stored_scale(inputs.dtype), path.name)
    return Examples(inputs, targets, path.name, "data", normalization)


def _load_npz(path: Path) -> dict[str, Tensor]:
    expected = "an .npz archive with arrays of numbers, no Python objects"
    remedy = "save it with numpy.savez(path, inputs=..., targets=...), both arrays of numbers"
    if not zipfile.is_zipfile(path):
        raise InputError(expected, "an incomplete archive", path.name, remedy)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            _refuse_other_names(list(stored.files), path)
            return {name: torch.from_numpy(_native(stored[name])) for name in NAMES}
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, TypeError) as error:
        raise InputError(expected, str(error).partition("\n")[0], path.name, remedy) from error


def _load_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        remedy = "save it with safetensors.torch.save_file({'inputs': ..., 'targets': ...}, path)"
        raise InputError("a whole safetensors file", str(error), path.name, remedy) from error
    _refuse_other_names(list(tensors), path)
    return tensors


def _native(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _refuse_other_names(names: list[str], path: Path) -> None:
    missing = [name for name in NAMES if name not in names]
    if missing:
        got = f"no {short_list(missing)}; it holds {short_list(names)}"
        raise InputError("arrays named inputs and targets", got, path.name, "save the arrays under these two names")
