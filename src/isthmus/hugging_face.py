"""Checkpoints in the layout of Hugging Face, by folder or by id. This module imports neither transformers nor torch.

Code in such a folder never runs (`trust_remote_code` is always false), and nothing is fetched for a folder.
"""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import InputError, printable

PREFIX = "hf:"
WEIGHT_FILES = (  # in the order of from_pretrained: what to fetch, and the names that end the search
    ("*.safetensors", ("model.safetensors", "model.safetensors.index.json")),
    ("*.bin", ("pytorch_model.bin", "pytorch_model.bin.index.json")),
)
OFFLINE = ("couldn't connect", "offline", "connection", "cannot find the requested files in the local cache")


@dataclass(frozen=True)
class HuggingFaceSource:
    """Where a configuration, a tokenizer or weights come from.

    Attributes:
        source: A folder, or an id such as `EleutherAI/pythia-410m`.
        revision: A branch, tag or commit of the id; None for its main branch. Folders have none.
    """

    source: str
    revision: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is there on disk."""
        return Path(self.source).is_dir()

    @property
    def name(self) -> str:
        """What to call it: a folder without those that it lies in, or the id with its revision."""
        if self.is_folder:
            return Path(self.source).resolve().name
        return f"{self.source}@{self.revision}" if self.revision else self.source

    @property
    def arguments(self) -> dict[str, Any]:
        """The keywords of every `from_pretrained`."""
        return {"revision": self.revision, "local_files_only": self.is_folder, "trust_remote_code": False}


def hugging_face_source(text: str, where: str) -> HuggingFaceSource:
    """What `FOLDER`, `ID` or `ID@REVISION` names, with or without the prefix `hf:`.

    Args:
        text: What the user wrote.
        where: The argument that it stood in.

    Returns:
        The source; a folder is there.

    Raises:
        InputError: It is neither a folder that is there nor the form of an id.

    Example:
        >>> hugging_face_source("hf:EleutherAI/pythia-410m@step1000", "--model")
        HuggingFaceSource(source='EleutherAI/pythia-410m', revision='step1000')
    """
    rest = text.removeprefix(PREFIX)
    if rest and Path(rest).is_dir():
        return HuggingFaceSource(rest)
    match = re.fullmatch(r"(\w[\w.-]*(?:/\w[\w.-]*)?)(?:@([\w./-]+))?", rest)
    if match is None:
        raise InputError(
            "hf:FOLDER that is there, or hf:ID or hf:ID@REVISION such as hf:EleutherAI/pythia-410m@step1000",
            repr(text),
            where,
            "check the path of the folder, which holds config.json",
        )
    return HuggingFaceSource(match[1], match[2])


def transformers_package(where: str) -> Any:
    """The package transformers.

    Args:
        where: What needs it.

    Returns:
        The module.

    Raises:
        InputError: It is not installed.
    """
    try:
        return importlib.import_module("transformers")
    except ImportError as error:
        raise InputError(
            "the package transformers",
            f"it cannot be imported ({error})",
            where,
            "install it: pip install 'isthmus[hf]'",
        ) from error


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """Keep transformers from reporting on standard error what isthmus reports itself; its settings are put back.

    Args:
        transformers: The package.

    Yields:
        Nothing.
    """
    logging = transformers.utils.logging
    before, showed_progress = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if showed_progress:
            logging.enable_progress_bar()


@contextmanager
def explain_hub_failures(source: HuggingFaceSource, what: str, where: str) -> Iterator[None]:
    """Turn a failure to load into one message.

    Args:
        source: What is loaded from.
        what: What is expected there, such as "a tokenizer".
        where: The argument at fault.

    Yields:
        Nothing.

    Raises:
        InputError: The code inside failed to find or to read it.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # transformers raises whatever it meets in a folder that is not as it expects
        text = " ".join(str(error).split())
        if "trust_remote_code" in text:
            remedy = "isthmus runs no code of a checkpoint: build the model in a file, --model path/to/file.py:function"
        elif source.is_folder:
            remedy = "check that the folder is whole, as save_pretrained writes it"
        elif any(sign in text.lower() for sign in OFFLINE):
            remedy = f"without a network give a folder: download {source.source} elsewhere and write hf:FOLDER"
        else:
            remedy = "check the id and the revision, or give a folder: hf:FOLDER"
        raise InputError(f"{what} in hf:{source.name}", text[:300], where, remedy) from error


def snapshot_folder(source: HuggingFaceSource, where: str) -> Path:
    """The folder that holds the weights of a source; those of an id are fetched into Hugging Face's cache.

    Args:
        source: Folder or id.
        where: The argument that named it.

    Returns:
        A folder with safetensors files or, where the id has none under a usual name, torch files as well.

    Raises:
        InputError: There is no such id or revision, or no network.
    """
    if source.is_folder:
        return Path(source.source)
    transformers_package(where)
    hub = importlib.import_module("huggingface_hub")
    with explain_hub_failures(source, "weights", where):
        folder = Path()
        for pattern, usual in WEIGHT_FILES:
            fetched = hub.snapshot_download(source.source, revision=source.revision, allow_patterns=[pattern, "*.json"])
            folder = Path(fetched)
            if any((folder / name).exists() for name in usual):
                return folder
        if any(file for pattern, _ in WEIGHT_FILES for file in folder.glob(pattern)):
            return folder
    raise InputError(
        f"safetensors or torch files in hf:{source.name}", "neither", where, "name a revision that holds weights"
    )


def card_name(name: object) -> str:
    """A name from a file without what a model card's Markdown or HTML would make something of.

    Args:
        name: Of any origin.

    Returns:
        What may stand between backticks, also in a table.

    Example:
        >>> card_name("<b>layer1.`0`|conv</b>")
        'blayer1.0conv/b'
    """
    return "".join(letter for letter in printable(str(name)) if letter not in "<>|`\n\t[]")
