"""Tensors from files: headers before they are read, and what came out before it is made dense."""

import json
import struct
import zipfile
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from torch import Tensor

from isthmus.gate.archives import is_archive, refuse_archive_bomb
from isthmus.gate.limits import refuse_bomb, refuse_more
from isthmus.gate.names import refuse_odd_names
from isthmus.gate.pickles import NUM_LEGACY, refuse_deep_pickle

LENGTH = struct.Struct("<Q")
PICKLE = "data.pkl"


def refuse_safetensors(file: Path) -> None:
    """Refuse a safetensors file whose header is too large or names too much; damaged ones are left to their reader.

    Args:
        file: It is there.

    Raises:
        InputError: A limit is exceeded.
    """
    where = str(file)
    with file.open("rb") as stream:
        begin = stream.read(LENGTH.size)
        if len(begin) < LENGTH.size:
            return
        length = LENGTH.unpack(begin)[0]
        if length > file.stat().st_size:
            return
        refuse_more("header", length, where)
        header = stream.read(length)
    try:
        named = json.loads(header)
        shapes = [entry["shape"] for name, entry in named.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return
    refuse_names(named, where)
    refuse_more("axes", max((len(shape) for shape in shapes if isinstance(shape, list)), default=0), where)


def refuse_torch_file(file: Path | IO[bytes], packed: int, where: str) -> None:
    """Refuse a torch file that unpacks to far more than it is long, or whose pickle nests too deep.

    Args:
        file: It is there, or a stream of its own.
        packed: Its bytes.
        where: What to call it.

    Raises:
        InputError: A limit is exceeded.
        Exception: It is damaged, however its parsers say it: this is called inside of `parsing`.
    """
    with file.open("rb") if isinstance(file, Path) else nullcontext(file) as stream:
        if not is_archive(stream):
            refuse_deep_pickle(stream, where, NUM_LEGACY)
            return
        with zipfile.ZipFile(stream) as archive:
            refuse_archive_bomb(archive, packed, where)
            for entry in archive.infolist():
                if PurePosixPath(entry.filename).name == PICKLE:
                    refuse_more("pickle", entry.file_size, where)
                    refuse_deep_pickle(BytesIO(archive.read(entry)), where)


def refuse_expanded(tensors: Mapping[str, Tensor], packed: int, where: str) -> None:
    """Refuse tensors that repeat few numbers so often that they fill memory when they are made dense.

    Args:
        tensors: As they were read, views as views.
        packed: Bytes of their files.
        where: The file.
    """
    refuse_bomb(sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()), packed, where)


def refuse_names(names: Collection[str], where: str) -> None:
    """Refuse too many tensors, and names that no program gives.

    Args:
        names: Of the tensors of one checkpoint.
        where: The file.
    """
    refuse_more("tensors", len(names), where)
    refuse_odd_names(names, "tensors", where)
