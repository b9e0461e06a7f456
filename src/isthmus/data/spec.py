"""The text that names examples on the command line."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from isthmus.data.clients.partition import CLIENT_OPTIONS, Client, client_of
from isthmus.data.images.channel_numbers import CHANNEL_OPTIONS, channel_numbers
from isthmus.errors import InputError, UnknownNameError, short_list

GRAMMAR = "NAME[:SPLIT][[start:stop]][:option=value,...]"
"""How examples are named: `digits`, `cifar10:test[0:512]`, `cifar10:train[0:2000]:normalization=true`,
`cifar10:test:mean=0.485/0.456/0.406,std=0.229/0.224/0.225` (every source of images and arrays, on the 0-1 scale of
bytes), `tiny_shakespeare:validation:length=128`, `own.txt:tokenizer=FOLDER,length=256`,
`reviews.csv:text=review,label=stars`; and the part of one client of several, for every source:
`cifar10:train[0:6000]:client=0/2`, `cifar10:train:client=3/20,dirichlet=0.1,shift=blur` (`data/clients`).
docs/data.md has a line for every form."""

KNOWN_DATA: dict[str, str] = {
    "digits": "1,797 handwritten digits of 8x8 that scikit-learn ships (train 1,297, test 500)",
    "fashion_mnist_small": "the first 4,000 train and 1,000 test images of Fashion-MNIST, shipped with isthmus",
    "cifar10": "32x32 colour photos, 10 classes (train 50,000, test 10,000)",
    "cifar100": "32x32 colour photos, 100 classes (train 50,000, test 10,000)",
    "mnist": "28x28 handwritten digits, 10 classes (train 60,000, test 10,000)",
    "fashion_mnist": "28x28 grey clothes, 10 classes (train 60,000, test 10,000)",
    "tiny_shakespeare": "plays, 1.1 million characters (train: the first 90 %, validation)",
    "shakespeare_small": "the first 20,000 characters of tiny_shakespeare, shipped with isthmus (train, validation)",
    "wikitext2": "articles of Wikipedia, 2.1 million words (train, validation, test)",
}
"""Every data set that has a name, and what it is."""

KNOWN_SPLITS = ("train", "test")
"""The splits of every set of images that has a name."""

TEXT_SPLITS: dict[str, tuple[str, ...]] = {
    "tiny_shakespeare": ("train", "validation"),
    "shakespeare_small": ("train", "validation"),
    "wikitext2": ("train", "validation", "test"),
}
"""The splits of every text that has a name; the last is the default."""

CHARACTERS = "characters"
DEFAULT_LENGTH = 256  # the context of the paper's GPT

NORMALIZATIONS: dict[str, tuple[str, ...]] = {
    "digits": (),
    "fashion_mnist_small": ("true", "none"),
    "cifar10": ("paper", "true", "none"),
    "cifar100": ("true", "none"),
    "mnist": ("true", "none"),
    "fashion_mnist": ("true", "none"),
}
"""The values of the option `normalization` for each name; the first is the default."""

TEXT_COLUMNS: dict[str, str] = {
    "text": "text_pair", "sentence1": "sentence2", "premise": "hypothesis", "sentence": "", "tokens": "", "words": "",
}  # fmt: skip
"""What columns of texts or words are called, and the second of a pair beside it; the first that is there counts."""

Form = Literal["known", "table", "arrays", "function", "text"]
_FILE_FORMS: dict[str, Form] = {
    ".parquet": "table", ".csv": "table", ".tsv": "table", ".jsonl": "table", ".json": "table",
    ".npz": "arrays", ".safetensors": "arrays", ".pt": "arrays", ".pth": "arrays", ".py": "function", ".txt": "text",
}  # fmt: skip
_FORM_OPTIONS: dict[Form, tuple[str, ...]] = {
    "known": ("normalization", *CHANNEL_OPTIONS),
    "table": ("text", "pair", "label", "target", "names", "image", "tokenizer", "length", *CHANNEL_OPTIONS),
    "arrays": ("label", *CHANNEL_OPTIONS),
    "function": (),
    "text": ("tokenizer", "vocabulary", "length"),
}


@dataclass(frozen=True)
class DataSpec:
    """A parsed name of examples.

    Attributes:
        source: A known name, the path of a file or folder, or `path/to/file.py:function`.
        split: The split asked for; None where none was written.
        start: First example of the slice; None for the beginning.
        stop: One past the last example of the slice; None for the end.
        options: Options by name, as written.
    """

    source: str
    split: str | None
    start: int | None
    stop: int | None
    options: dict[str, str]

    @property
    def form(self) -> Form:
        """What the source is: a known set of images, a table, stored arrays, a function in a file, or text."""
        if self.source in TEXT_SPLITS:
            return "text"
        if self.source in KNOWN_DATA:
            return "known"
        path = Path(self.source.rpartition(":")[0] if _is_function(self.source) else self.source)
        return "table" if path.is_dir() else _FILE_FORMS[path.suffix]

    @property
    def client(self) -> Client | None:
        """The client whose part of the slice is meant; None for the whole slice."""
        return client_of(self.options, f"data {self.source!r}")

    @property
    def short_source(self) -> str:
        """The source without its folder, fit to be stored in a run."""
        path = Path(self.source)
        return path.name if path.name.strip(".") else path.resolve().name


def parse_data_spec(text: str) -> DataSpec:
    """The parts of `NAME[:SPLIT][[start:stop]][:option=value,...]`.

    A known name wins over a file or folder of that name (write `./digits` for the folder). Paths may contain
    colons and brackets where a file or folder of exactly that name exists.

    Args:
        text: What the user wrote, such as `"cifar10:test[0:512]"`.

    Returns:
        The parts; the source is known or is there on disk.

    Raises:
        InputError: If the text does not follow the grammar, or names a file that is not there or of an unknown form.

    Example:
        >>> parse_data_spec("digits:train[0:100]")
        DataSpec(source='digits', split='train', start=0, stop=100, options={})
    """
    rest, options = _without_options(text, text)
    rest, start, stop = _without_slice(rest, text)
    source, split = _without_split(rest)
    spec = DataSpec(source, split, start, stop, options)
    if source not in KNOWN_DATA:
        _refuse_missing(source, text)
    _refuse_unknown_split(spec, text)
    _refuse_unknown_options(spec, text)
    return spec


def slice_bounds(start: int | None, stop: int | None, size: int, name: str) -> tuple[int, int]:
    """The slice start:stop of `size` examples, with its missing ends filled in.

    Args:
        start: First example; None for 0.
        stop: One past the last; None for `size`.
        size: How many examples there are.
        name: What they are called.

    Returns:
        Start and stop with 0 <= start < stop <= size.

    Raises:
        InputError: If an end is negative or beyond `size`, or if the slice is empty.
    """
    first, last = 0 if start is None else start, size if stop is None else stop
    got = f"[{'' if start is None else start}:{'' if stop is None else stop}]"
    if min(first, last) < 0 or last > size:
        raise InputError(f"a slice within the {size} examples", got, name, f"stay within [0:{size}]")
    if first >= last:
        raise InputError(
            f"a slice that holds at least one of the {size} examples",
            f"{got}, which is empty",
            name,
            f"write a start below the stop, within [0:{size}]",
        )
    return first, last


def _without_options(rest: str, text: str) -> tuple[str, dict[str, str]]:
    match = re.fullmatch(r"(.+):([A-Za-z_]\w*=[^:]*)", rest)
    if match is None or _is_whole_source(rest):
        return rest, {}
    options: dict[str, str] = {}
    for item in match[2].split(","):
        name, sign, value = item.partition("=")
        if options and not sign and re.fullmatch(r"[-+.\d]+", name):
            _refuse("the numbers of several channels separated by '/'", repr(item), text, "write mean=0.5/0.4/0.3")
        if not (name and sign and value) or name in options:
            _refuse("each option once, as option=value", repr(item), text)
        options[name] = value
    return match[1], options


def _without_slice(rest: str, text: str) -> tuple[str, int | None, int | None]:
    match = re.fullmatch(r"(.+?)\[([^\[\]]*)\]", rest)
    if match is None or _is_whole_source(rest):
        return rest, None, None
    # ASCII, or \d would take the digits of every script.
    ends = re.fullmatch(r"(\d*):(\d*)", match[2], flags=re.ASCII)
    if ends is None:
        _refuse("a slice [start:stop] of two whole numbers that are not negative", f"[{match[2]}]", text)
    start, stop = (int(end) if end else None for end in ends.groups())
    return match[1], start, stop


def _without_split(rest: str) -> tuple[str, str | None]:
    source, colon, split = rest.rpartition(":")
    if not colon or _is_whole_source(rest) or _is_function(rest) or re.search(r"[/\\]", split):
        return rest, None
    return source, split


def _is_whole_source(rest: str) -> bool:
    name = re.split(r"[:\[]", rest, maxsplit=1)[0]
    return name not in KNOWN_DATA and _is_there(Path(rest))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a text that cannot be a file's name: too long, or with a null byte
        return False


def _is_function(source: str) -> bool:
    return source.rpartition(":")[0].endswith(".py")


def _refuse_missing(source: str, text: str) -> None:
    path = Path(source.rpartition(":")[0] if _is_function(source) else source)
    forms = f"a folder of Parquet files or of save_to_disk, a file ending in {', '.join(_FILE_FORMS)}, or a known name"
    if not source:
        _refuse(forms, "no name", text)
    if not _is_there(path):
        if path.suffix in _FILE_FORMS or "/" in source:
            _refuse(forms, f"{str(path)!r}, which is not there", text, "check the path")
        if not path.suffix:
            raise UnknownNameError("a data set", source, KNOWN_DATA, f"data {text!r}", "or give the path of a file")
    if path.is_dir():
        return
    if path.suffix not in _FILE_FORMS:
        _refuse(forms, f"{path.name!r}, a form that is not known", text, "convert it to one of these forms")
    if path.suffix == ".py" and not (_is_function(source) and source.rpartition(":")[2].isidentifier()):
        _refuse("the name of a function after the file", repr(path.name), text, f"write {path.name}:function")


def _refuse_unknown_split(spec: DataSpec, text: str) -> None:
    if spec.split is None:
        return
    if spec.source in KNOWN_DATA:
        known = TEXT_SPLITS.get(spec.source, KNOWN_SPLITS)
        if spec.split not in known:
            raise UnknownNameError("a split", spec.split, known, f"data {text!r}")
    elif not Path(spec.source).is_dir():
        _refuse("no split: one file holds one set of examples", f":{spec.split}", text, "leave the split out")


def _refuse_unknown_options(spec: DataSpec, text: str) -> None:
    known = NORMALIZATIONS.get(spec.source)
    names = (*(CHANNEL_OPTIONS if known == () else _FORM_OPTIONS[spec.form]), *CLIENT_OPTIONS)
    for name, value in spec.options.items():
        if name not in names:
            raise UnknownNameError("an option", name, names, f"data {text!r}")
        if name == "normalization" and known and value not in known:
            raise UnknownNameError("a normalization", value, known, f"data {text!r}")
        if name == "length" and not re.fullmatch("[1-9][0-9]*", value):
            _refuse("a number of tokens, at least 1", value, text, f"write length={DEFAULT_LENGTH}")
        if name == "vocabulary" and spec.options.get("tokenizer", CHARACTERS) != CHARACTERS:
            _refuse("a vocabulary of characters alone", "a tokenizer with it", text, "leave one of the two out")
        if name == "target" and {"label", "names"} & set(spec.options):
            _refuse("a target that is a text, or labels", "both", text, "leave one of the two out")
        if name in CHANNEL_OPTIONS:
            channel_numbers(name, value, f"data {text!r}")
            if len(set(CHANNEL_OPTIONS) & set(spec.options)) == 1:
                _refuse(
                    "both mean and std", name, text, "write mean=0.5,std=0.25, a channel's numbers separated by '/'"
                )
            if "normalization" in spec.options:
                _refuse("a named normalization, or mean and std", "both", text, "leave one of the two out")
    client_of(spec.options, f"data {text!r}")


def _refuse(expected: str, got: str, text: str, remedy: str = "") -> NoReturn:
    raise InputError(expected, got, f"data {text!r}", remedy or f"write {GRAMMAR}; names: {short_list(KNOWN_DATA)}")
