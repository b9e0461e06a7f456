"""The option `--ray`, which stands alone or before the address of a cluster."""

import re
from typing import Annotated

import typer

from isthmus.runs.request.request import ASKED

OPTION, LOCAL = "--ray", "local"
RayOption = Annotated[str | None, typer.Option(help=ASKED["ray"].description, metavar="[ADDRESS]")]
_ADDRESS = re.compile(r"auto|local|(ray://)?[\w.-]+:\d+|(ray://)?\[[0-9a-fA-F:]+\]:\d+")


def with_address(arguments: list[str]) -> list[str]:
    """A command line in which the option has an address wherever it stands.

    Args:
        arguments: The command line.

    Returns:
        The same with "local" after an option that stands alone.

    Example:
        >>> with_address(["measure", "--ray", "a.pt", "--model", "cnn"])
        ['measure', '--ray', 'local', 'a.pt', '--model', 'cnn']
        >>> with_address(["train", "--ray", "10.0.0.1:6379"])
        ['train', '--ray', '10.0.0.1:6379']
    """
    found = []
    for text, following in zip(arguments, [*arguments[1:], ""], strict=True):
        found.append(text)
        if text == OPTION and not _ADDRESS.fullmatch(following):
            found.append(LOCAL)
    return found
