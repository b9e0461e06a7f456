"""The names and types of the tensors of a checkpoint as they stand in its files, without reading the tensors."""

from pathlib import Path

from safetensors import safe_open

from isthmus.errors import InputError
from isthmus.gate.door import parsing
from isthmus.gate.tensors import refuse_safetensors
from isthmus.weights.formats.folder import chosen_files


def stored_names(path: Path) -> dict[str, str]:
    """The tensors of safetensors files.

    Args:
        path: A file, or a folder of one or several.

    Returns:
        Name -> type as the header writes it, such as "F32"; in the order of the names.

    Raises:
        InputError: The weights are in files of another kind.
    """
    files = chosen_files(path).files if path.is_dir() else (path,)
    found: dict[str, str] = {}
    for file in files:
        if file.suffix != ".safetensors":
            raise InputError("safetensors files", file.name, str(path), "save the network as .safetensors first")
        with parsing("a whole safetensors file", str(file), "copy it again"):
            refuse_safetensors(file)
            with safe_open(file, "pt") as opened:
                found |= {name: opened.get_slice(name).get_dtype() for name in opened.keys()}  # noqa: SIM118
    return dict(sorted(found.items()))
