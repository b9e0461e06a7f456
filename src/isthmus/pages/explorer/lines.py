"""The command that shows a view again, and the Python line that gives its number: both put together from pieces.

The page's script puts them together in the same way (`explore.js`), from the same patterns and pieces.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from isthmus.pages.explorer.numbers import rise_at
from isthmus.pages.explorer.options import CHOICES, Choice, Options
from isthmus.report.values import is_rise, kind_of
from isthmus.results.variables import OF

if TYPE_CHECKING:
    from isthmus.pages.explorer.explored import Loaded, Member

PYTHON = "import isthmus; run = RUN; print(float((NUMBER).sel(WHERE)))"
COMMAND = "isthmus explore RUNS CHOICES"
SELECTED = {"split": "split", "host": "host", "layer": "moving"}
"""Choice -> the dimension that it selects in a result."""


def filled(pattern: str, pieces: Mapping[str, str]) -> str:
    """A pattern with its words in capitals replaced, in one go, so that no piece is taken for a word.

    Args:
        pattern: Such as `PYTHON`.
        pieces: Word -> what stands there instead.

    Returns:
        The text.
    """
    return re.sub("|".join(pieces), lambda found: pieces[found[0]], pattern)


def run_piece(loaded: "Loaded") -> str:
    """Python that loads a member.

    Args:
        loaded: The member.

    Returns:
        An expression.
    """
    stored = f"isthmus.load_run({str(loaded.member.folder)!r})"
    baseline = str(loaded.result.attrs.get("baseline", "models"))
    return f"isthmus.barrier({stored}, {baseline!r})" if loaded.is_renewed else stored


def number_pieces(value: str) -> dict[str, str]:
    """Python that gives a number of every row and host.

    Args:
        value: A rise or a barrier.

    Returns:
        "any": at any alpha, with the words HOST and ALPHA; "known": where a variable holds it, with the word RISE.
    """
    kind, factor = kind_of(value), "100 * " if kind_of(value) == "error" else ""
    if not is_rise(value):
        return {"any": f'{factor}run["{value}"]', "known": ""}
    difference = f'run["{OF[kind].mean.name}"].sel(alpha=ALPHA) - run["{kind}_HOST"]'
    return {"any": f"100 * ({difference})" if factor else difference, "known": f'{factor}run["{kind}_RISE"]'}


def select_piece(name: str, text: str) -> str:
    """Python that selects a choice along its dimension.

    Args:
        name: Of `CHOICES`.
        text: The choice; "" of data without splits.

    Returns:
        An argument of `sel`; "" where the choice is no dimension's.
    """
    return f"{SELECTED[name]}={text!r}" if name in SELECTED and text else ""


def python_line(loaded: "Loaded", choice: Choice) -> str:
    """Python that prints the chosen number as it is shown.

    Args:
        loaded: The member.
        choice: One of them.

    Returns:
        One line that runs by itself.
    """
    options = loaded.options
    text = {name: options.texts(name)[getattr(choice, name)] for name in CHOICES}
    pieces = number_pieces(text["value"])
    known = rise_at(loaded.result, text["value"], options.alphas[choice.alpha]) if pieces["known"] else None
    number = filled(pieces["known" if known else "any"], {
        "RISE": str(known), "HOST": text["host"], "ALPHA": text["alpha"],
    })  # fmt: skip
    where = ", ".join(piece for name in CHOICES if (piece := select_piece(name, text[name])))
    return filled(PYTHON, {"RUN": run_piece(loaded), "NUMBER": number, "WHERE": where})


def option_piece(name: str, text: str) -> str:
    """A choice as an option of the command line.

    Args:
        name: Of the option.
        text: What follows it; "" for nothing to say.

    Returns:
        Both, quoted for a shell.
    """
    if not text:
        return ""
    # A text that begins with a dash would be taken for an option.
    return f"--{name}={shlex.quote(text)}" if text.startswith("-") else f"--{name} {shlex.quote(text)}"


def member_piece(member: "Member", beginning: str = "") -> str:
    """The options of the command line that choose a member of a collection.

    Args:
        member: The member.
        beginning: Of the options' names: "beside-" for the one on the right.

    Returns:
        Options; "" for a run that is no collection.
    """
    pieces = (option_piece(f"{beginning}{name}", getattr(member, name)) for name in ("pair", "step"))
    return " ".join(piece for piece in pieces if piece)


def command(folders: Sequence[str], members: "Sequence[Member]", options: Options, choice: Choice) -> str:
    """The command that shows a view again.

    Args:
        folders: The runs as given: of what is shown and, if there is any, of what stands beside it.
        members: The member of each.
        options: Of the first.
        choice: One of them.

    Returns:
        One line for a shell.
    """
    pieces = [member_piece(member, beginning) for member, beginning in zip(members, ("", "beside-"), strict=False)]
    pieces += [option_piece(name, options.texts(name)[getattr(choice, name)]) for name in CHOICES]
    words = {"RUNS": " ".join(map(shlex.quote, folders)), "CHOICES": " ".join(piece for piece in pieces if piece)}
    return filled(COMMAND, words)
