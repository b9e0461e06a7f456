"""Texts, pairs of texts and words as the tokens that a network of transformers reads."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from isthmus.data.named import IDS, MASK, NOT_COUNTED
from isthmus.data.tokens import load_tokenizer
from isthmus.errors import InputError, short_list
from isthmus.hugging_face import HuggingFaceSource, hugging_face_source

LONGEST = 512  # tokens of a text, where neither the option nor the tokenizer says how many


@dataclass(frozen=True)
class Texts:
    """Texts and the tokenizer that reads them.

    Attributes:
        tokenizer: Of transformers.
        source: Where it is from.
        length: The option `length`; None for the longest text.
        name: What to call the texts.
    """

    tokenizer: Any
    source: HuggingFaceSource
    length: int | None
    name: str

    @classmethod
    def of(cls, tokenizer: str | None, length: str | None, name: str) -> "Texts":
        """Load a tokenizer.

        Args:
            tokenizer: Its folder or id.
            length: The option `length`, if it is written.
            name: What to call the texts.

        Returns:
            A reader of texts.

        Raises:
            InputError: There is none.
        """
        if tokenizer is None:
            raise InputError(
                "a tokenizer for the texts", "none", name, "write :tokenizer=FOLDER, or give the model as hf:FOLDER"
            )
        source = hugging_face_source(tokenizer, f"data {name}")
        found = load_tokenizer(source, "a tokenizer", f"data {name}")
        return cls(found, source, None if length is None else int(length), name)

    def inputs(self, texts: Sequence[Any], pairs: Sequence[Any] | None) -> tuple[dict[str, Tensor], Any, list[str]]:
        """What the network reads.

        Args:
            texts: Strings or lists of words.
            pairs: The second of each pair; None for single texts.

        Returns:
            Arguments of forward by name; what the tokenizer returned; what to say.
        """
        encoded, notes = self._encoded(texts, pairs)
        pad = self.tokenizer.pad_token_id
        if pad is None:
            pad = self.tokenizer.eos_token_id or 0
            if len({len(row) for row in encoded[IDS]}) > 1 or self.length:
                notes.append(f"the tokenizer has no padding token: padded with token {pad}, which {MASK} leaves out")
        values = {IDS: pad, "token_type_ids": self.tokenizer.pad_token_type_id}
        width = self.length or max(len(row) for row in encoded[IDS])
        columns = {name: rows for name, rows in encoded.items() if name in {IDS, MASK, "token_type_ids"}}
        return {name: self._padded(rows, values.get(name, 0), width) for name, rows in columns.items()}, encoded, notes

    def targets(self, texts: Sequence[Any]) -> tuple[Tensor, list[str]]:
        """Texts to be written, as targets.

        Args:
            texts: Strings.

        Returns:
            Token numbers, -100 where padded; what to say.
        """
        encoded, notes = self._encoded(texts, None, as_target=True)
        width = self.length or max(len(row) for row in encoded[IDS])
        return self._padded(encoded[IDS], NOT_COUNTED, width), notes

    def tags(self, tags: Sequence[Tensor], encoded: Any, width: int) -> Tensor:
        """The tag of each word at its first token, -100 at all others.

        Args:
            tags: One number a word.
            encoded: The words, from `inputs`.
            width: Tokens of an example.

        Returns:
            Shape (n, width).

        Raises:
            InputError: A row has not one tag a word, or the tokenizer does not say which word a token is of.
        """
        if not self.tokenizer.is_fast:
            raise InputError(
                "a fast tokenizer, which says which word a token is of", "a slow one", self.name, "give input_ids"
            )
        rows = []
        for row, of_words in enumerate(tags):
            words = encoded.word_ids(row)
            if max((word for word in words if word is not None), default=-1) >= len(of_words):
                got = f"{len(of_words)} tags for more words in row {row}"
                raise InputError("one tag for each word", got, self.name, "give as many tags as words")
            first = [word is not None and word != before for word, before in zip(words, [None, *words], strict=False)]
            pairs = zip(words, first, strict=True)
            rows.append([int(of_words[word]) if is_first else NOT_COUNTED for word, is_first in pairs])
        return self._padded(rows, NOT_COUNTED, width)

    def class_numbers(self, labels: Sequence[str], names: str | None, column: str) -> tuple[Tensor, tuple[str, ...]]:
        """The class of each label that is a word.

        Args:
            labels: One an example.
            names: The option `names`; None for those in the configuration beside the tokenizer.
            column: What holds the labels.

        Returns:
            Class numbers, and the name of each.
        """
        return class_numbers(labels, names or _configured_names(self.source), column, self.name)

    def _encoded(
        self, texts: Sequence[Any], pairs: Sequence[Any] | None, *, as_target: bool = False
    ) -> tuple[Any, list[str]]:
        arguments: dict[str, Any] = {"is_split_into_words": not isinstance(texts[0], str)}
        given = {"text_target": list(texts)} if as_target else {"text": list(texts), "text_pair": pairs and list(pairs)}
        encoded = self.tokenizer(**given, **arguments, verbose=False)
        # A tokenizer without a limit states 1e30.
        stated = int(min(self.tokenizer.model_max_length, 10**9))
        most = self.length or (stated if stated < 10**9 else LONGEST)
        num_longer = sum(len(row) > most for row in encoded[IDS])
        if not num_longer:
            return encoded, []
        # Once more: the first pass, uncut, says how many texts are too long.
        cut = self.tokenizer(**given, **arguments, truncation=True, max_length=most)
        return cut, [f"{num_longer} of {len(texts)} texts are longer than {most} tokens and cut there"]

    def _padded(self, rows: Sequence[Sequence[int]], value: int, width: int) -> Tensor:
        whole = torch.full((len(rows), width), value)
        for place, row in enumerate(rows):
            side = slice(width - len(row), width) if self.tokenizer.padding_side == "left" else slice(len(row))
            whole[place, side] = torch.tensor(row, dtype=torch.long)
        return whole


def class_numbers(
    labels: Sequence[str], names: str | Sequence[str] | None, column: str, where: str
) -> tuple[Tensor, tuple[str, ...]]:
    """The class of each label that is a word.

    Args:
        labels: One an example.
        names: The class names in the order of their numbers, a text having "/" between them; None if not known.
        column: What holds the labels.
        where: What holds the column.

    Returns:
        Class numbers, and the name of each.

    Raises:
        InputError: The order is not known, or a label is not among the names.

    Example:
        >>> class_numbers(["good", "bad"], "bad/good", "label", "example")[0].tolist()
        [1, 0]
    """
    known = names.split("/") if isinstance(names, str) else list(names or ())
    others = sorted(set(labels) - set(known))
    if others:
        raise InputError(
            f"class numbers, or labels among {short_list(known)}" if known else "class numbers",
            f"{short_list(map(repr, others))} in the column {column!r}",
            where,
            "name all classes in the order that the network was trained with: names=negative/positive",
        )
    number_of = {name: number for number, name in enumerate(known)}
    return torch.tensor([number_of[label] for label in labels]), tuple(known)


def _configured_names(source: HuggingFaceSource) -> list[str]:
    """The class names in the configuration of a folder, in the order of their numbers."""
    with suppress(OSError, ValueError, AttributeError, TypeError):
        config = json.loads((Path(source.source) / "config.json").read_text(encoding="utf-8"))
        named: Mapping[str, str] = config.get("id2label", {})
        return [named[number] for number in sorted(named, key=int)]
    return []
