"""Weights on disk: safetensors files and folders, and torch files read without running code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from isthmus.errors import InputError, short_list
from isthmus.files import remove_parts_of, unchanged
from isthmus.gate.door import parsing
from isthmus.gate.tensors import refuse_expanded, refuse_names, refuse_safetensors
from isthmus.hugging_face import PREFIX, hugging_face_source, snapshot_folder
from isthmus.weights.formats.adapter import CONFIG, FILES, adapter_config, bare_factors, is_adapter, merged_adapter
from isthmus.weights.formats.distributed import distributed_contents, is_distributed
from isthmus.weights.formats.folder import chosen_files, indexed_files
from isthmus.weights.formats.nest import FoundWeights, found_weights
from isthmus.weights.formats.torch_file import needs_code, refuse_stand_in, torch_contents
from isthmus.weights.keys import AROUND, AVERAGED, TRANSPARENT, without_wrappers
from isthmus.weights.sealed_tensors import save_tensors
from isthmus.weights.state import StateDict


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

    A folder may also be a distributed checkpoint (DCP, as FSDP saves it), or a LoRA adapter as PEFT saves it, which is
    merged into its base. Settings that a trainer saved beside the weights are left out without running their code.

    `hf:ID` and `hf:ID@REVISION` name such a folder on the Hugging Face hub; of a folder the file is read that
    transformers would read. A torch file is read with `weights_only=True`: code in it does not run. A state dict that
    is nested under a usual key (`state_dict`, `model`, ...) is unpacked; what wrappers put into keys is taken out
    (`module.` before every key, `_orig_mod`, `_fsdp_wrapped_module`, `_checkpoint_wrapped_module` anywhere).

    Args:
        path: File or folder, an index of shards, or `hf:` and a folder or an id.

    Returns:
        The checkpoint, with a note for everything that was changed on the way.

    Raises:
        InputError: There is no such file, it is damaged or holds code, an entry is sparse, quantised or meta, or two
            keys would become one without the parts of wrappers.
    """
    if str(path).startswith(PREFIX):
        source = hugging_face_source(str(path), "a checkpoint")
        path, name = snapshot_folder(source, "a checkpoint"), source.name
    else:
        path = Path(path)
        name = path.name
    if not path.is_file() and not path.is_dir():
        got = "a pipe or device" if path.exists() else "nothing there"
        raise InputError("a checkpoint file or folder", got, str(path), "check the path")
    with unchanged(path.rglob("*") if path.is_dir() else [path]):
        found = _entries(path)
    unwrapped = _unwrapped(_dense_entries(bare_factors(found.weights), path), str(path))
    return Checkpoint(unwrapped.weights, name, (*found.notes, *unwrapped.notes))


def save_weights(weights: StateDict, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file so that a file of that name is always whole: temporary name, flush, rename.

    Args:
        weights: Tensors; those that share memory are written once each, under every key. None is copied, and those
            that are made when they are read are in memory one at a time.
        path: The file to make; its folder is made too.
        metadata: Texts for the file's header.
    """
    remove_parts_of(Path(path))
    save_tensors(weights, Path(path), metadata)


def load_weights(path: Path) -> dict[str, Tensor]:
    """The entries of one safetensors file as they stand there: the inverse of `save_weights`.

    Args:
        path: The file.

    Returns:
        Tensors by key.

    Raises:
        InputError: It is damaged, or something else.
    """
    refuse_stand_in(path)
    with parsing("a whole safetensors file", str(path), "copy or download the file again"):
        refuse_safetensors(path)
        return load_file(path)


def _entries(path: Path) -> FoundWeights:
    if is_adapter(path):
        return _adapter_entries(path)
    if is_distributed(path):
        note = "read from a distributed checkpoint"
        found = found_weights(distributed_contents(path), str(path))
        return FoundWeights(found.weights, (note, *found.notes))
    return _file_entries(path) if path.is_file() and path.suffix != ".json" else _chosen_entries(path)


def _chosen_entries(place: Path) -> FoundWeights:
    chosen = chosen_files(place) if place.is_dir() else indexed_files(place)
    parts = [_file_entries(file) for file in chosen.files]
    entries = {key: tensor for part in parts for key, tensor in part.weights.items()}
    lost = [key for key in chosen.placed if key not in entries]
    if lost:
        raise InputError("every key of the index", f"missing {short_list(lost)}", str(place), "copy the folder again")
    return FoundWeights(entries, (chosen.note, *dict.fromkeys(note for part in parts for note in part.notes)))


def _file_entries(path: Path) -> FoundWeights:
    if path.suffix == ".safetensors":
        return FoundWeights(load_weights(path), ())
    read = torch_contents(path)
    try:
        found = found_weights(read.contents, str(path))
    except InputError as error:
        # What was left out of the file may be what held the weights.
        raise (InputError(*needs_code(path, read.classes)) if read.classes else error) from error
    refuse_expanded(found.weights, path.stat().st_size, str(path))
    if not read.classes:
        return found
    note = f"objects of {short_list(read.classes)} were left out; no code of theirs was run"
    return FoundWeights(found.weights, (*found.notes, note))


def _adapter_entries(folder: Path) -> FoundWeights:
    """The weights of an adapter's base with the adapter merged into them."""
    config, factors = adapter_config(folder), _file_entries(adapter_file(folder)).weights
    base = load_checkpoint(adapter_base(folder))
    merged, note = merged_adapter(base.weights, factors, config, folder.name)
    return FoundWeights(merged, (*base.notes, note))


def adapter_file(folder: Path) -> Path:
    """The file of an adapter's weights.

    Args:
        folder: Of the adapter.

    Returns:
        Its path.

    Raises:
        InputError: There is none.
    """
    file = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if file is None:
        raise InputError(f"a file {FILES[0]} beside {CONFIG}", "none", str(folder), "copy the whole folder")
    return file


def adapter_base(folder: Path) -> str | Path:
    """Where the base of an adapter is: beside it, or an id.

    Args:
        folder: Of the adapter.

    Returns:
        A path, or `hf:ID`.

    Raises:
        InputError: The adapter does not say.
    """
    base = adapter_config(folder).base
    if not base:
        raise InputError("the base of the adapter", "none", f"{folder / CONFIG}", "fill in base_model_name_or_path")
    expected, where = "the base of the adapter: a folder, or an id", str(folder / CONFIG)
    with parsing(expected, where, "correct base_model_name_or_path"):
        beside = [folder / base, folder.parent / base, Path(base)]
        found = next((place for place in beside if place.exists()), f"{PREFIX}{base}")
    if isinstance(found, Path) and is_adapter(found):  # it may be this very one, which would never end
        raise InputError(expected, f"the adapter {base!r}", where, "merge that one with PEFT first")
    return found


def _dense_entries(entries: dict[str, Any], path: Path) -> dict[str, Tensor]:
    refuse_names(entries, str(path))
    for key, tensor in entries.items():
        wrong = (
            "a meta tensor without data"
            if tensor.is_meta
            else "a quantised tensor"
            if tensor.is_quantized
            else "a sparse tensor"
            if tensor.layout != torch.strided
            else "a tensor of packed 4-bit numbers"
            if tensor.dtype == torch.float4_e2m1fn_x2
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


def _unwrapped(weights: dict[str, Tensor], where: str) -> FoundWeights:
    """The weights without the parts that wrappers put into their keys, as far as keys alone show them."""
    total, notes = len(weights), []
    # Sorted, since a set's order, and so that of the notes, differs from process to process.
    for wrapper in sorted(TRANSPARENT):
        bare = without_wrappers(weights, {wrapper}, where)
        if changed := sum(bare_key != key for bare_key, key in bare.items()):
            weights = {bare_key: weights[key] for bare_key, key in bare.items()}
            notes.append(f"the wrapper's part '{wrapper}.' was taken out of {changed} of {total} keys")
    while prefix := next((p for p in sorted(AROUND) if _stands_below(weights, p)), None):
        if AVERAGED in weights:
            notes.append(f"{AVERAGED!r}, which counts the averaged networks, was left out")
        weights = {key.removeprefix(f"{prefix}."): tensor for key, tensor in weights.items() if key != AVERAGED}
        notes.append(f"the prefix '{prefix}.' was stripped from every key")
    return FoundWeights(weights, tuple(notes))


def _stands_below(weights: dict[str, Tensor], prefix: str) -> bool:
    keys = [key for key in weights if key != AVERAGED]
    return bool(keys) and all(key.startswith(f"{prefix}.") for key in keys)
