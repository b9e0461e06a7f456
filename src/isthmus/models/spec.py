"""How the user names a network: a registered name with options, or a function in a file."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from isthmus.errors import InputError, UnknownNameError
from isthmus.hugging_face import PREFIX, HuggingFaceSource, hugging_face_source
from isthmus.models.registry import MODELS

WHERE = "--model"
LIST_REMEDY = (
    "`isthmus models` lists the networks; your own is `path/to/file.py:function`, `package.module:function`, "
    "or `hf:FOLDER`"
)
CALL = re.compile(r"(?P<place>.+?\.py|[A-Za-z_]\w*(?:\.\w+)+):(?P<call>[A-Za-z_]\w*\s*(?:\(.*\))?)", re.DOTALL)


@dataclass(frozen=True)
class RegisteredModel:
    """A network of `MODELS`.

    Attributes:
        name: Its name.
        options: The options that the user gave.
    """

    name: str
    options: Mapping[str, int | float]


@dataclass(frozen=True)
class ModelFunction:
    """A function that returns a network, or a network itself, in a file or module of the user's.

    Attributes:
        path: The Python file; None where it stands in a module.
        function: Its name.
        module: The module, as it is imported; "" where it stands in a file.
        arguments: Values by position.
        keywords: Values by keyword.
    """

    path: Path | None
    function: str
    module: str = ""
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def call(self) -> str:
        """The arguments as they were written; "" without any."""
        values = [*map(repr, self.arguments), *(f"{name}={value!r}" for name, value in self.keywords.items())]
        return f"({', '.join(values)})" if values else ""


ModelSpec = RegisteredModel | ModelFunction | HuggingFaceSource


def parse_model_spec(text: str) -> ModelSpec:
    """What a specification such as `resnet18_no_norm:width=16`, `hf:FOLDER_OR_ID` or `file.py:function` names.

    Functions take literals: `file.py:build(width=16)`, `package.module:build("small")`. Names and options are checked
    here; whether the file or module is there is not.

    Args:
        text: What the user wrote.

    Returns:
        The registered network with the given options, the folder or id, or the function.

    Raises:
        InputError: If a part is missing, an option comes twice, or a value is not of the option's kind.
        UnknownNameError: If there is no such network or it has no such option.

    Example:
        >>> parse_model_spec("net.py:build").function
        'build'
    """
    if text.startswith(PREFIX):
        return hugging_face_source(text, WHERE)
    name, colon, rest = text.partition(":")
    if name.endswith(".py") or ".py:" in text or (name not in MODELS and CALL.fullmatch(text)):
        return _parsed_function(text)
    if name not in MODELS:
        raise UnknownNameError("a network", name, MODELS, WHERE, LIST_REMEDY)
    if colon and not rest:
        raise InputError("options after the colon", repr(text), WHERE, f"write {name!r}, or {_example(name)!r}")
    return RegisteredModel(name, MappingProxyType(_parsed_options(name, rest)))


def _parsed_function(text: str) -> ModelFunction:
    match = CALL.fullmatch(text)
    if match is None:
        raise InputError(
            "path/to/file.py:function",
            repr(text),
            WHERE,
            "name the function that returns the network after the last colon",
        )
    function, bracket, _ = match["call"].partition("(")
    arguments, keywords = _literals(match["call"], text) if bracket else ((), {})
    place, function = match["place"], function.strip()
    if place.endswith(".py"):
        return ModelFunction(Path(place), function, "", arguments, keywords)
    return ModelFunction(None, function, place, arguments, keywords)


def _literals(call: str, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, without running anything."""
    remedy = 'write numbers, texts in quotes, True, None, or lists of these: build(16, name="small", norm=True)'
    try:
        node = ast.parse(call, mode="eval").body
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            raise InputError("arguments that are literals", repr(text), WHERE, remedy)
        keywords = {
            keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords if keyword.arg is not None
        }
        if len(keywords) < len(node.keywords):
            raise InputError("arguments by name, each once", repr(text), WHERE, remedy)
        return tuple(map(ast.literal_eval, node.args)), keywords
    # The last two come of nests that are too deep for Python's parser.
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise InputError("arguments that are literals", repr(text), WHERE, remedy) from error


def _parsed_options(name: str, text: str) -> dict[str, int | float]:
    known = MODELS[name].options
    options: dict[str, int | float] = {}
    for item in text.split(",") if text else []:
        option, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            raise InputError("option=value", repr(item), WHERE, f"write it as in {_example(name)!r}")
        if option not in known:
            raise UnknownNameError(f"an option of {name}", option, known, WHERE)
        if option in options:
            raise InputError(f"the option {option!r} once", repr(text), WHERE, "leave one of them out")
        if isinstance(known[option].default, float):
            options[option] = _fraction(option, value)
            continue
        if not (value.isascii() and value.isdecimal() and int(value) > 0):
            raise InputError(f"a positive integer for {option}", repr(value), WHERE, f"as in {_example(name)!r}")
        options[option] = int(value)
    return options


def _fraction(option: str, value: str) -> float:
    if not re.fullmatch(r"0|0?\.[0-9]+", value, re.ASCII):
        raise InputError(f"a fraction of at least 0 and below 1 for {option}", repr(value), WHERE, f"as {option}=0.1")
    return float(value)


def _example(name: str) -> str:
    examples = {"lenet5": "classes=100", "gpt": "width=64,heads=4"}
    return f"{name}:{examples.get(name, 'width=16,classes=100')}"
