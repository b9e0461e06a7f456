"""The contents of a torch file, read without running code. Whatever would need code is named."""

import pickle
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint

from isthmus.errors import InputError, short_list
from isthmus.gate.tensors import refuse_torch_file
from isthmus.weights.formats.inert import UNKNOWN_CLASS, inert_contents

STAND_INS = {  # how files begin that some download left in place of the weights
    b"version https://git-lfs": ("a pointer of Git LFS, which stands for the file", "fetch the file: git lfs pull"),
    b"<!doctype html": ("a web page", "download the file itself, not the page that shows it"),
    b"<html": ("a web page", "download the file itself, not the page that shows it"),
}


@dataclass(frozen=True)
class TorchContents:
    """What a torch file holds.

    Attributes:
        contents: Tensors, numbers, text, and mappings, lists and tuples of these.
        classes: Classes of other objects in it, which were left out (`isthmus.weights.formats.inert`).
    """

    contents: object
    classes: tuple[str, ...] = ()


def torch_contents(path: Path) -> TorchContents:
    """Read a torch file.

    Args:
        path: A file of `torch.save`.

    Returns:
        The contents; no code in the file was run.

    Raises:
        InputError: It holds objects of classes that may hold the weights, which are named, or is damaged or of another
            kind.
    """
    refuse_stand_in(path)
    try:
        refuse_torch_file(path, path.stat().st_size, str(path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of pickles of another protocol before it refuses them
            return TorchContents(torch.load(path, map_location="cpu", weights_only=True))
    except InputError:
        raise
    except pickle.UnpicklingError as error:
        classes = _unsafe_classes(path) or UNKNOWN_CLASS.findall(str(error))[:1]
        if not classes:
            raise InputError(*_damaged(path, str(error).rpartition("error: ")[2])) from error
        try:
            return TorchContents(*inert_contents(path, classes))
        except Exception:
            raise InputError(*needs_code(path, classes)) from error
    except Exception as error:  # whatever torch meets in a file that is not as it writes it
        if "TorchScript" in str(error):
            raise InputError(
                "a torch file of weights, numbers and text alone",
                "a TorchScript archive, which holds code",
                str(path),
                f"save its weights alone: torch.save(torch.jit.load({path.name!r}).state_dict(), 'weights.pt')",
            ) from error
        raise InputError(*_damaged(path, str(error))) from error


def needs_code(path: Path, classes: Collection[str]) -> tuple[str, str, str, str]:
    """What to say of a file whose weights only its own code could make.

    Args:
        path: The file.
        classes: Of objects in it.

    Returns:
        Expected, got, where, what to do.
    """
    return (
        "a torch file of weights, numbers and text alone",
        f"objects of {short_list(classes)}, which only code in the file can make; it was not run",
        str(path),
        _how_to_save_weights(path.name, classes),
    )


def refuse_stand_in(path: Path) -> None:
    """Refuse what a download leaves in place of a file of weights.

    Args:
        path: Any file.

    Raises:
        InputError: It is a pointer of Git LFS, or a web page.
    """
    try:
        with path.open("rb") as file:
            # Pages may begin with blanks, and in capitals.
            begin = file.read(64).lstrip().lower()
    except OSError:  # whoever reads the file says so
        return
    for start, (what, remedy) in STAND_INS.items():
        if begin.startswith(start):
            raise InputError("a file of weights", what, str(path), remedy)


def _unsafe_classes(path: Path) -> list[str]:
    """The classes that a file asks for beyond weights, by reading it without running it; none for older formats."""
    try:
        return sorted(get_unsafe_globals_in_checkpoint(path))
    except Exception:
        return []


def _how_to_save_weights(name: str, classes: Collection[str]) -> str:
    if any(path.startswith("torch.nn.modules.") for path in classes):
        weights = (
            "torch.save(contents.state_dict(), 'weights.pt'), or contents['model'].state_dict() of one in a mapping"
        )
    elif "numpy.ndarray" in classes:
        weights = "torch.save({key: torch.as_tensor(array) for key, array in contents.items()}, 'weights.pt')"
    else:
        weights = "torch.save(contents['state_dict'], 'weights.pt'), or under whichever name they stand"
    return (
        "save the weights alone where the file was made: torch.save(model.state_dict(), 'weights.pt'). Or, which runs "
        f"the file's code, so only if you trust its maker: contents = torch.load({name!r}, weights_only=False); "
        f"{weights}"
    )


def _damaged(path: Path, reason: str) -> tuple[str, str, str, str]:
    return (
        "a torch file or a safetensors file",
        f"a file that is damaged or of another kind ({reason.strip()[:100]})",
        str(path),
        "copy the file again, or save it as safetensors",
    )
