"""Which layers are averaged: from a text, or from a row of a run."""

from pathlib import Path

from isthmus.errors import InputError, UnknownNameError
from isthmus.results.rows import layers_moved


def layers_of_text(text: str, alpha: float) -> str | dict[str, float]:
    """The layers that a text names.

    Args:
        text: `conv1,layer2.*`, or with an alpha each `conv1=0.3,fc=0.7`.
        alpha: For those without one of their own.

    Returns:
        The text itself, or alphas by label or pattern.

    Raises:
        InputError: An alpha is no number.

    Example:
        >>> layers_of_text("conv1=0.3,fc", 0.5)
        {'conv1': 0.3, 'fc': 0.5}
    """
    if "=" not in text:
        return text
    found: dict[str, float] = {}
    for item in text.split(","):
        label, sign, number = item.rpartition("=") if "=" in item else (item, "", "")
        try:
            found[label] = float(number) if sign else alpha
        except ValueError as error:
            raise InputError("layer=alpha, such as conv1=0.3", item, "--layers", "write a number after =") from error
    return found


def layers_of_row(run: Path, row: str | None) -> list[str]:
    """The layers that moved in a row of a run.

    Args:
        run: A run folder.
        row: Its label.

    Returns:
        Labels of layers.

    Raises:
        InputError: No row is named.
        UnknownNameError: The run has no such row.
    """
    from isthmus.runs.folder.reading import load_run

    rows = layers_moved(load_run(run))
    if row is None:
        raise InputError("a row of the run", "none", "--from-run", f"add --row {next(iter(rows))}")
    if row not in rows:
        raise UnknownNameError("a row", row, rows, str(run))
    return list(rows[row])
