"""From text to token numbers: characters, or a tokenizer of transformers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Int64

from isthmus.errors import InputError
from isthmus.hugging_face import HuggingFaceSource, explain_hub_failures, quiet, transformers_package

NUM_CODE_POINTS = 0x110000  # all of Unicode, so a table turns characters into numbers
UNKNOWN = -1  # no character has this number


def characters_of(texts: Iterable[str]) -> str:
    """The vocabulary of character models: every character that occurs, in the order of code points.

    Args:
        texts: What the networks were trained on.

    Returns:
        Each character once; its place is its token number.

    Example:
        >>> characters_of(["banana", "b n"])
        ' abn'
    """
    return "".join(sorted(set().union(*texts)))


def character_tokens(text: str, vocabulary: str, name: str) -> Int64[np.ndarray, " tokens"]:
    """One token a character.

    Args:
        text: The text.
        vocabulary: From `characters_of`.
        name: What to call the text.

    Returns:
        Token numbers.

    Raises:
        InputError: The text holds a character that the vocabulary has not.

    Example:
        >>> character_tokens("nab", " abn", "example").tolist()
        [3, 1, 2]
    """
    number_of = np.full(NUM_CODE_POINTS, UNKNOWN)
    number_of[_code_points(vocabulary)] = np.arange(len(vocabulary))
    points = _code_points(text)
    tokens = number_of[points]
    unknown = tokens == UNKNOWN
    if unknown.any():
        first = int(unknown.argmax())
        line = text.count("\n", 0, first) + 1
        raise InputError(
            f"the {len(vocabulary)} characters of the vocabulary",
            f"{text[first]!r} in line {line} ({len(np.unique(points[unknown]))} unknown characters)",
            name,
            "give vocabulary=FILE, the text that the networks were trained on, or tokenizer=FOLDER",
        )
    return np.asarray(tokens)


def tokenizer_tokens(text: str, source: HuggingFaceSource, name: str) -> Int64[np.ndarray, " tokens"]:
    """The tokens of a tokenizer of transformers, without special tokens about the text.

    Args:
        text: The text, which is tokenised as a whole.
        source: The folder or id of the tokenizer.
        name: What to call the text.

    Returns:
        Token numbers.

    Raises:
        InputError: There is no tokenizer, it makes no token of the text, or transformers is not installed.
    """
    where = f"data {name}"
    tokenizer = load_tokenizer(source, "a tokenizer (or write tokenizer=characters)", where)
    numbers: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    if text and not numbers:  # what transformers makes of a configuration that has no tokenizer beside it
        raise InputError(
            "a tokenizer that makes tokens of this text",
            f"one without any word: {source.name} may have no files of a tokenizer",
            where,
            "name a folder with one, tokenizer=FOLDER, or write tokenizer=characters",
        )
    return np.array(numbers, dtype=np.int64)


def load_tokenizer(source: HuggingFaceSource, what: str, where: str) -> Any:
    """A tokenizer of transformers.

    Args:
        source: Its folder or id.
        what: What to say is expected there.
        where: What needs it.

    Returns:
        The tokenizer.

    Raises:
        InputError: There is none, or transformers is not installed.
    """
    transformers = transformers_package(where)
    with quiet(transformers), explain_hub_failures(source, what, where):
        return transformers.AutoTokenizer.from_pretrained(source.source, **source.arguments)


def _code_points(text: str) -> Int64[np.ndarray, " characters"]:
    # Four bytes a character, in the same order on every machine.
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.int64)
