"""Merged networks on disk: a safetensors file, or a Hugging Face folder of the form of the host's."""

import json
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from isthmus.errors import InputError
from isthmus.hugging_face import card_name
from isthmus.weights.checkpoint import load_weights, save_weights
from isthmus.weights.formats.folder import TORCH_ENDINGS, chosen_files
from isthmus.weights.made_when_read import layout_of, some_of
from isthmus.weights.state import StateDict

CARD = "README.md"
NOT_COPIED = (".safetensors", ".index.json", *TORCH_ENDINGS)


def refuse_existing(out: Path) -> None:
    """Refuse to write over anything.

    Args:
        out: What is to be made.

    Raises:
        InputError: It is there, or has another ending than `.safetensors` while it is to be a file.
    """
    refuse_taken(out)
    if out.suffix and out.suffix != ".safetensors":
        raise InputError(
            "a file ending in .safetensors, or a folder", out.name, "--out", f"write {out.stem}.safetensors"
        )


def refuse_taken(path: Path) -> None:
    """Refuse a name that something has.

    Args:
        path: What is to be made.

    Raises:
        InputError: It is there.
    """
    if path.exists():
        raise InputError("a name that is free", "one that is there", str(path), "choose another, or remove it")


def refuse_folder_of_no_folder(out: Path, host: object) -> None:
    """Refuse to make a folder where the host is none, whose config and tokenizer it would have.

    Args:
        out: What is to be made.
        host: The host as it was given.

    Raises:
        InputError: `out` is no `.safetensors` file, and the host no folder.
    """
    if out.suffix != ".safetensors" and not (isinstance(host, str | Path) and Path(host).is_dir()):
        raise InputError(
            "a file name that ends in .safetensors (a folder is written where network a is one)",
            f"{out}, and a network a that is no folder",
            "--out",
            f"write {out.with_name(out.name + '.safetensors')}",
        )


def save_merged(
    weights: StateDict, facts: Mapping[str, Any], out: Path, host: object, left_out: Collection[str] = ()
) -> dict[str, Tensor]:
    """Write a merged network so that `out` is whole or not there.

    Args:
        weights: The network; entries that are made when they are read are in memory one at a time.
        facts: From what it was made; they stand in the file's header and in a folder's card.
        out: A `.safetensors` file, or a folder where the host is one: with the host's config, tokenizer and shards.
        host: The host as it was given.
        left_out: Keys that the host's file lacks too, since they are tied to others: written, they would be a second
            copy of these.

    Returns:
        The network as it was written, in order: tensors mapped from the files, so that they take no memory until they
        are read. What was left out is as it was given.

    Raises:
        InputError: A folder is asked for and the host is none.
    """
    metadata = {"format": "pt", "isthmus": json.dumps(facts, sort_keys=True)}
    kept = some_of(weights, [key for key in weights if key not in left_out])
    if out.suffix == ".safetensors":
        save_weights(kept, out, metadata)
        files: Sequence[Path] = (out,)
    else:
        refuse_folder_of_no_folder(out, host)
        assert isinstance(host, str | Path)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as made:
            folder = Path(made) / "folder"
            folder.mkdir()
            _fill(folder, kept, facts, metadata, Path(host))
            folder.replace(out)
        files = chosen_files(out).files
    written = {key: tensor for file in files for key, tensor in load_weights(file).items()}
    return {key: written[key] if key in written else weights[key] for key in weights}


def _fill(folder: Path, weights: StateDict, facts: Mapping[str, Any], metadata: dict[str, str], host: Path) -> None:
    for file in sorted(host.iterdir()):
        if file.is_file() and not file.name.endswith(NOT_COPIED) and file.name != CARD:
            shutil.copyfile(file, folder / file.name)
    placed = {key: name for key, name in chosen_files(host).placed.items() if key in weights}
    missing = [key for key in weights if key not in placed]
    if not placed or missing:
        save_weights(weights, folder / "model.safetensors", metadata)
    else:
        names = {name: f"{Path(name).stem.replace('pytorch_model', 'model')}.safetensors" for name in placed.values()}
        for name in sorted(set(placed.values())):
            part = some_of(weights, [key for key, of in placed.items() if of == name])
            save_weights(part, folder / names[name], metadata)
        total = sum(tensor.nbytes for tensor in layout_of(weights).values())
        index = {"metadata": {"total_size": total}, "weight_map": {key: names[of] for key, of in placed.items()}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    (folder / CARD).write_text(_card(facts), encoding="utf-8")


def _card(facts: Mapping[str, Any]) -> str:
    """A model card: what hubs read in its head, and a table that a person reads."""
    donors = [donor for donor in facts.get("donors", ()) if donor["layers"]]
    donors = donors or [{"name": facts["b"], "hash": facts["hash_b"]}]
    names = [facts["a"], *(donor["name"] for donor in donors)]
    head = ["---", "base_model:", *(f"- {json.dumps(name)}" for name in names), "tags:", "- merge", "- isthmus"]
    a, *others = map(card_name, names)
    b = ", ".join(others)
    if "donors" in facts:
        labels = dict.fromkeys(label for donor in donors for label in donor["layers"])
        numbers = {label: 1 + sum(label in donor["layers"] for donor in donors) for label in labels}
        title, columns = f"{a} with layers averaged with {b}", "| layer | mean of |"
        told = "every layer below is the mean of so many networks, all others are a's"
    elif "alphas" in facts:
        numbers, columns = facts["alphas"], "| layer | alpha |"
        title, told = f"{a} with layers averaged with {b}", "every layer below is a + alpha (b - a), all others are a's"
    else:
        numbers, columns = facts["groups"], "| group | units |"
        title, told = f"{b} aligned to {a}", "b's units are permuted to lie near a's, its function is unchanged"
    hashes = [
        f"| {name} | `{of['hash']}` |" for name, of in zip(others if "donors" in facts else ["b"], donors, strict=True)
    ]
    rows = [f"| `{card_name(label)}` | {number:g} |" for label, number in numbers.items()]
    return "\n".join([
        *head, "---", "", f"# {title}", "", f"Made by isthmus {facts['isthmus_version']}: {told}.", "",
        "| network | content hash |", "|---|---|", f"| a | `{facts['hash_a']}` |", *hashes, "",
        columns, "|---|---|", *rows, "",
    ])  # fmt: skip
