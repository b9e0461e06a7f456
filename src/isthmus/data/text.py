"""Text as examples: windows of tokens, each with the next token as target."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64

from isthmus.data.clients.partition import CLIENT_OPTIONS
from isthmus.data.examples import Examples
from isthmus.data.places import data_root_folder
from isthmus.data.spec import CHARACTERS, DEFAULT_LENGTH, TEXT_SPLITS, DataSpec
from isthmus.data.tokens import character_tokens, characters_of, tokenizer_tokens
from isthmus.errors import InputError
from isthmus.gate.tables import read_parquet
from isthmus.gate.texts import read_text
from isthmus.hugging_face import hugging_face_source

TRAINING_SHARE = 0.9  # of the plays, as is usual
SHIPPED = Path(__file__).parent / "shipped" / "shakespeare_small.txt"


def load_windows(spec: DataSpec, data_root: Path | None, tokenizer: str | None) -> Examples:
    """A text file of the user's, or a known text, in tokens and cut into windows.

    Args:
        spec: The source, with the options `tokenizer` (`characters`, or the folder or id of a Hugging Face tokenizer),
            `vocabulary` (of characters: the file whose characters count; by default the whole text, all splits of a
            known one) and `length` (tokens of a window).
        data_root: The user's choice of a root for known texts, if any.
        tokenizer: Where the option is not written; None for characters.

    Returns:
        As `text_windows`.

    Raises:
        InputError: The text is not there, not in UTF-8, too short, or has characters that the vocabulary has not.
    """
    texts = _texts(spec, data_root)
    split = spec.split or list(texts)[-1]
    name = f"{spec.short_source}:{split}" if spec.source in TEXT_SPLITS else spec.short_source
    chosen = _tokenizer(spec, tokenizer)
    length = int(spec.options.get("length", DEFAULT_LENGTH))
    if chosen != CHARACTERS:
        return text_windows(
            tokenizer_tokens(texts[split], hugging_face_source(chosen, f"data {name}"), name), length, name, split
        )
    file = spec.options.get("vocabulary")
    vocabulary = characters_of([_text_of(Path(file))] if file else texts.values())
    return text_windows(character_tokens(texts[split], vocabulary, name), length, name, split, tuple(vocabulary))


def shown_text_options(spec: DataSpec, tokenizer: str | None) -> dict[str, str]:
    """What decides the tokens of a text and the length of its windows, without folders, fit to be stored in a run.

    Args:
        spec: As `load_windows`.
        tokenizer: As `load_windows`.

    Returns:
        Options by name, defaults included.
    """
    chosen = _tokenizer(spec, tokenizer)
    shown = {"length": spec.options.get("length", str(DEFAULT_LENGTH))}
    shown["tokenizer"] = chosen if chosen == CHARACTERS else hugging_face_source(chosen, "data").name
    shown |= {name: spec.options[name] for name in CLIENT_OPTIONS if name in spec.options}
    return shown | {k: Path(file).name for k, file in spec.options.items() if k == "vocabulary"}


def text_windows(
    tokens: Int64[np.ndarray, " tokens"],
    length: int,
    name: str,
    split: str,
    vocabulary: tuple[str, ...] | None = None,
) -> Examples:
    """Non-overlapping windows: example k reads tokens kT, ..., kT + T - 1 and is to give kT + 1, ..., kT + T.

    So every token but the first is a target once. What is left at the end and fills no window, below T tokens, is left
    out: then all windows have the same length, and the mean over windows is the mean over tokens.

    Args:
        tokens: A text.
        length: T.
        name: What to call it.
        split: Its split.
        vocabulary: What each token number stands for, where known.

    Returns:
        Inputs and targets (n, T) with n = (number of tokens - 1) // T; they share memory.

    Raises:
        InputError: The text does not fill one window.

    Example:
        >>> examples = text_windows(np.arange(8), 3, "count", "data")
        >>> examples.inputs.tolist(), examples.targets.tolist()
        ([[0, 1, 2], [3, 4, 5]], [[1, 2, 3], [4, 5, 6]])
    """
    n = (len(tokens) - 1) // length
    if n < 1:
        raise InputError(
            f"a text of at least {length + 1} tokens, for one window of {length} and the token after it",
            f"{len(tokens)} tokens",
            name,
            "give a longer text, or shorter windows: length=64",
        )
    flat = torch.from_numpy(tokens)
    inputs, targets = flat[: n * length].view(n, length), flat[1 : n * length + 1].view(n, length)
    return Examples(inputs, targets, name, split, class_names=vocabulary)


def _tokenizer(spec: DataSpec, tokenizer: str | None) -> str:
    by_default = CHARACTERS if tokenizer is None or "vocabulary" in spec.options else tokenizer
    return spec.options.get("tokenizer", by_default)


def _texts(spec: DataSpec, data_root: Path | None) -> dict[str, str]:
    """Every split of the source."""
    if spec.source not in TEXT_SPLITS:
        return {"data": _text_of(Path(spec.source))}
    folder = data_root_folder(data_root) / spec.source
    if spec.source != "wikitext2":
        is_shipped = spec.source == SHIPPED.stem
        text = _text_of(SHIPPED if is_shipped else _known_file(folder, "input.txt", spec))
        start = int(TRAINING_SHARE * len(text))
        return {"train": text[:start], "validation": text[start:]}
    files = {split: _known_file(folder, f"{split}-*.parquet", spec) for split in TEXT_SPLITS[spec.source]}
    return {split: _lines_of(file) for split, file in files.items()}


def _known_file(folder: Path, pattern: str, spec: DataSpec) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise InputError(
            f"the data set {spec.source} in {str(folder)!r}, with one file {pattern}",
            f"{len(found)} such files" if folder.is_dir() else "no such folder",
            f"data {spec.source}",
            f"set --data-root or the environment variable ISTHMUS_DATA to the folder that holds {spec.source}/",
        )
    return found[0]


def _lines_of(file: Path) -> str:
    """The official text: rows are its lines, an empty row being a line of one space."""
    return "".join(line or " \n" for line in read_parquet(file, ["text"])["text"].to_pylist())


def _text_of(file: Path) -> str:
    try:
        return read_text(file)
    except OSError as error:
        raise InputError("a text file", str(error.strerror), str(file), "check the path") from error
    except UnicodeDecodeError as error:
        got = f"other bytes at position {error.start}"
        raise InputError("a text in UTF-8", got, file.name, "save the text in UTF-8") from error
