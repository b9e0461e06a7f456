"""How large what comes from outside may be. Each limit is far above honest files, and the user can raise it.

`ISTHMUS_LIMITS="pixels=1e9,rows=2e9"` in the environment raises (or lowers) limits by name, for the command line, for
Python and for every process that is started.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from isthmus.errors import InputError, UnknownNameError

VARIABLE = "ISTHMUS_LIMITS"
MIB, GIB = 1 << 20, 1 << 30


@dataclass(frozen=True)
class Limit:
    """The most of something.

    Attributes:
        most: By default.
        unit: What is counted.
    """

    most: int
    unit: str


LIMITS: dict[str, Limit] = {
    # safetensors' own limit. Headers of the largest mixtures of experts (100,000 tensors) have 20 MB.
    "header": Limit(100_000_000, "bytes of a safetensors header"),
    # Ten times what those hold: more are a header made to be slow.
    "tensors": Limit(1_000_000, "tensors of a checkpoint"),
    # Shapes beyond 8 axes are rare, and torch itself takes 64.
    "axes": Limit(64, "axes of a tensor"),
    # The pickle of a torch file holds names and shapes alone, some 200 bytes a tensor; each takes microseconds.
    "pickle": Limit(128 * MIB, "bytes of a torch file's pickle"),
    # `.metadata` of the largest distributed checkpoints has some 100 MB.
    "metadata": Limit(256 * MIB, "bytes of a distributed checkpoint's metadata"),
    # Python's and torch's own code recurses on what is nested, and ends the process where the stack does.
    "depth": Limit(100, "levels of nesting"),
    # Of a tensor, column, class or file: messages, pictures and look-ups are made of names.
    "name": Limit(1000, "characters of a name"),
    # Tables of genes have 20,000 columns.
    "columns": Limit(100_000, "columns of a table"),
    # 32 bits of row numbers; larger tables don't fit the memory that examples take.
    "rows": Limit(2**31, "rows of a table"),
    # A scan of 10,000 x 10,000. One pixel is up to 3 bytes, and is decoded before anything can be seen of it.
    "pixels": Limit(100_000_000, "pixels of an image"),
    # Read whole, at up to 16 bytes of memory a character. All of the English Wikipedia has 20 GB.
    "text": Limit(2 * GIB, "bytes of a text"),
    # The largest index or record that isthmus was seen to read has 12 MB.
    "json": Limit(128 * MIB, "bytes of a JSON file"),
    # A recipe of 100 networks has 20 KB.
    "recipe": Limit(1 * MIB, "bytes of a recipe"),
    # Entries of an archive: a torch file has one a tensor, and few beside.
    "entries": Limit(1_100_000, "entries of an archive"),
    # A compressed file may unpack to this in any case ...
    "unpacked": Limit(1 * GIB, "bytes that a small file unpacks to"),
    # ... or to so many times its own size. Masks of zeros reach 1,000, photographs 20, float weights 1.1.
    "ratio": Limit(100, "times its own size that a large file unpacks to"),
}
"""What is limited. A limit's reason stands above it."""


def limit(name: str) -> int:
    """The most that is read of something, with what the user says in `ISTHMUS_LIMITS`.

    Args:
        name: Of `LIMITS`.

    Returns:
        A whole number.

    Raises:
        InputError: The variable says something that is no limit.
        UnknownNameError: The variable names another limit.
    """
    return _given_limits(os.environ.get(VARIABLE, "")).get(name) or LIMITS[name].most


@cache  # limits are looked up for every instruction of a pickle
def _given_limits(text: str) -> dict[str, int]:
    values = {}
    for item in filter(None, text.split(",")):
        key, _, value = item.partition("=")
        if key.strip() not in LIMITS:
            raise UnknownNameError("a limit", key.strip(), LIMITS, VARIABLE)
        try:
            values[key.strip()] = int(float(value))
        except (ValueError, OverflowError) as error:
            raise InputError("NAME=NUMBER,... such as pixels=1e9", item, VARIABLE, "correct it") from error
    return values


def refuse_more(name: str, number: int, where: str) -> None:
    """Refuse what is beyond a limit.

    Args:
        name: Of `LIMITS`.
        number: How many there are.
        where: The file, for the message.

    Raises:
        InputError: More than the limit.
    """
    if number > limit(name):
        raise InputError(f"at most {limit(name):,} {LIMITS[name].unit}", f"{number:,}", where, _raise_it(name, number))


def refuse_large(name: str, file: Path) -> None:
    """Refuse a file that is too long to be read whole.

    Args:
        name: Of `LIMITS`.
        file: It need not be there.

    Raises:
        InputError: It is longer than the limit, or is no file that ends (a pipe, a device).
    """
    if file.exists() and not file.is_file():
        raise InputError("a file", "a folder, pipe or device", str(file), "name a file")
    refuse_more(name, file.stat().st_size if file.is_file() else 0, str(file))


def refuse_bomb(unpacked: int, packed: int, where: str) -> None:
    """Refuse a file that unpacks to far more than it is long.

    Args:
        unpacked: Bytes in memory.
        packed: Bytes on disk.
        where: The file, for the message.

    Raises:
        InputError: More than "unpacked", and more than "ratio" times its size.
    """
    if unpacked > room(packed):
        got = f"{unpacked:,} bytes in a file of {packed:,}"
        raise InputError(f"at most {room(packed):,} bytes unpacked", got, where, _raise_it("unpacked", unpacked))


def room(packed: int) -> int:
    """The bytes that a file may unpack to.

    Args:
        packed: Its own.

    Returns:
        "unpacked", or "ratio" times its size where that is more.
    """
    return max(limit("unpacked"), packed * limit("ratio"))


def _raise_it(name: str, number: int) -> str:
    return f"if you trust its maker, raise the limit: {VARIABLE}={name}={number}"
