"""Text, JSON and TOML from files: no longer, and nested no deeper, than what people write."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.gate.door import parsing
from isthmus.gate.limits import limit, refuse_large, refuse_more


def read_text(file: Path, name: str = "text") -> str:
    """A text in UTF-8.

    Args:
        file: It is there.
        name: The limit of its length.

    Returns:
        All of it.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It holds other bytes.
    """
    refuse_large(name, file)
    return file.read_bytes().decode("utf-8")


def read_json(file: Path, name: str = "json") -> Any:
    """What a JSON file says.

    Args:
        file: It is there.
        name: The limit of its length.

    Returns:
        Values, lists and mappings.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no JSON in UTF-8, or is nested too deep.
    """
    text = read_text(file, name)
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    refuse_deep(found, str(file))
    return found


def read_object(file: Path, expected: str, remedy: str, where: str = "") -> dict[str, Any]:
    """The mapping that a JSON file holds.

    Args:
        file: Its path.
        expected: What would have been right.
        remedy: What to do otherwise.
        where: What to call the file; by default its path.

    Returns:
        Values by name.

    Raises:
        InputError: It is not there, too long, no JSON, or holds something else.
    """
    where = where or str(file)
    with parsing(expected, where, remedy):
        found = read_json(file)
    if not isinstance(found, dict):
        raise InputError(expected, f"JSON with a {type(found).__name__}", where, remedy)
    return found


def read_toml(file: Path) -> dict[str, Any]:
    """What a TOML file says.

    Args:
        file: It is there.

    Returns:
        Values and tables by name.

    Raises:
        InputError: It is too long, or nested too deep.
        OSError: It cannot be read.
        UnicodeDecodeError: It holds other bytes.
        tomllib.TOMLDecodeError: It is no TOML.
    """
    text = read_text(file, "recipe")
    # Of a dotted key tomllib keeps every beginning, which takes the square of its length.
    parts = re.split(r"[\n,\[\]{}=]", text.replace(" ", "").replace("\t", ""))
    refuse_more("depth", max(part.count(".") for part in parts), file.name)
    try:
        found = tomllib.loads(text)
    except (RecursionError, MemoryError) as error:
        raise InputError(f"at most {limit('depth')} levels of nesting", "more", file.name, "correct it") from error
    refuse_deep(found, file.name)
    return found


def refuse_deep(found: object, where: str) -> None:
    """Refuse values that are nested too deep for what goes through them.

    Args:
        found: Lists and mappings, none of which holds itself.
        where: The file.

    Raises:
        InputError: Deeper than the limit "depth".
    """
    level, depth = [found], 0
    while level:
        refuse_more("depth", depth, where)
        level = [
            part
            for value in level
            if isinstance(value, dict | list)
            for part in (value.values() if isinstance(value, dict) else value)
            if isinstance(part, dict | list)
        ]
        depth += 1
