"""Which file or files of a folder hold the weights."""

from dataclasses import dataclass, replace
from pathlib import Path

from isthmus.errors import InputError, short_list
from isthmus.gate.door import inside
from isthmus.gate.tensors import refuse_names
from isthmus.gate.texts import read_object

USUAL_FILES = (  # in the order of transformers' from_pretrained
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
TORCH_ENDINGS = (".bin", ".pt", ".pth", ".ckpt", ".th")
OTHER_THINGS = ("optimizer", "scheduler", "scaler", "training_args", "rng_state")  # left by trainers beside weights


@dataclass(frozen=True)
class ChosenFiles:
    """The files that hold a folder's weights.

    Attributes:
        files: One file, or the shards of an index.
        placed: Key -> name of its shard, where there is an index; else empty.
        note: What was read, and which others were not.
    """

    files: tuple[Path, ...]
    placed: dict[str, str]
    note: str


def chosen_files(folder: Path) -> ChosenFiles:
    """The weights of a folder: what transformers' `from_pretrained` would take, else the only file of weights there is.

    Args:
        folder: As Hugging Face writes it, or any with one file of weights.

    Returns:
        The files, with a note that names them and those that were not read.

    Raises:
        InputError: There is none, or several and none under a usual name, or shards are missing.
    """
    held = [file for file in sorted(folder.iterdir()) if _may_hold_weights(file)]
    usual = [folder / name for name in USUAL_FILES if (folder / name).is_file()]
    safe = [file for file in held if file.suffix == ".safetensors"]
    firsts = usual[:1] or safe or held
    if len(firsts) != 1:
        raise InputError(
            f"one file of weights, or one under a usual name: {short_list(USUAL_FILES)}",
            f"{len(firsts)} files and no index: {short_list(file.name for file in firsts)}"
            if firsts
            else "no such file",
            str(folder),
            "name the checkpoint file itself",
        )
    first = firsts[0]
    chosen = indexed_files(first) if first.suffix == ".json" else ChosenFiles((first,), {}, f"read from {first.name}")
    others = [file.name for file in dict.fromkeys([*usual, *held]) if file not in {first, *chosen.files}]
    unread = f"; beside it and not read: {short_list(others)}" if others else ""
    return replace(chosen, note=f"{chosen.note}{unread}")


def indexed_files(index: Path) -> ChosenFiles:
    """The shards that an index names.

    Args:
        index: Such as `model.safetensors.index.json`.

    Returns:
        The files, with a note that names the index.

    Raises:
        InputError: It can't be read, or a shard is not in its folder.
    """
    placed = _placed(index)
    files = tuple(index.parent / name for name in sorted(set(placed.values())))
    return ChosenFiles(files, placed, f"read from {index.name} ({len(files)} files)")


def _may_hold_weights(file: Path) -> bool:
    return (
        file.is_file()
        and file.suffix in {".safetensors", *TORCH_ENDINGS}
        and not file.name.startswith((".", *OTHER_THINGS))
    )


def _placed(index: Path) -> dict[str, str]:
    """The weight map of an index, all of whose shards are there."""
    folder = index.parent
    expected = "an index with a weight_map, which names the file of every tensor"
    placed = read_object(index, expected, "copy it again").get("weight_map")
    if not isinstance(placed, dict) or not placed:
        raise InputError(expected, "none", str(index), "copy it again")
    refuse_names(placed, str(index))
    shards = {name: inside(folder, name, str(index)) for name in sorted(set(map(str, placed.values())))}
    absent = [name for name, file in shards.items() if not file.is_file()]
    if absent:
        raise InputError(f"{len(shards)} shards", f"missing {short_list(absent)}", str(folder), "copy the folder again")
    return placed
