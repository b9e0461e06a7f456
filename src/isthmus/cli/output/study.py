"""What a command prints about a study, and what it saves in a folder."""

import json
import textwrap
from pathlib import Path
from typing import Any

from isthmus.cli.output.json_text import plain_number
from isthmus.cli.output.notes import print_notes

TITLE_WIDTH = 10


def print_study(study: Any, out: Path | None, *, as_json: bool) -> None:
    """Print a study as a table with its reading, or as JSON; write its report where there is a folder.

    Args:
        study: The data set.
        out: The folder that it was saved to, if any.
        as_json: Whether to print JSON instead: the attributes, and a record for each combination of the dimensions.
    """
    page = None
    if out is not None:
        from isthmus.pages.study import save_study_report

        page = save_study_report(study, out)
    print_notes(study.attrs)
    if as_json:
        print(study_json_text(study))
        return
    from rich.console import Console

    from isthmus.pages.study import study_report

    shown = study_report(study)
    console = Console()
    console.print(rich_table(shown.rows(study), shown.title, console.width))
    print(shown.sentence(study))
    print(f"report: {page}" if page else "add --out FOLDER for a picture, a page, and files to go on with")


def study_json_text(study: Any) -> str:
    """A study as strict JSON.

    Args:
        study: The data set.

    Returns:
        JSON; NaN and infinities are the texts "NaN", "Infinity" and "-Infinity".
    """
    from isthmus.questions.study.table import study_columns

    columns = {name: column.tolist() for name, column in study_columns(study).items()}
    rows = [dict(zip(columns, map(plain_number, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    attributes = {name: plain_number(value) for name, value in study.attrs.items()}
    return json.dumps({"attributes": attributes, "rows": rows}, indent=1)


def rich_table(table: Any, title: str, width: int) -> Any:
    """A report's table for a terminal.

    Args:
        table: An `isthmus.pages.tables.Table`.
        title: Stands above it.
        width: Of the terminal, in characters.

    Returns:
        A table of rich; intervals follow their numbers, in a second line where the terminal is narrow.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = Table(
        box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1), title=Text(title, style="bold"), title_justify="left"
    )
    for number, column in enumerate(table.columns):
        is_text = all(not row[number].stored for row in table.rows)
        title_lines = Text("\n".join(textwrap.wrap(column, TITLE_WIDTH, break_long_words=False)))
        shown.add_column(title_lines, justify="left" if is_text else "right", overflow="fold", no_wrap=number > 0)
    joined = [[f"{cell.text} {cell.faint}".strip() for cell in row] for row in table.rows]
    needed = sum(max([TITLE_WIDTH, *map(len, column)]) + 2 for column in zip(*joined, strict=True))
    between = " " if needed <= width else "\n"
    for row in table.rows:
        shown.add_row(*(Text(f"{cell.text}{between}{cell.faint}".strip()) for cell in row))
    return shown
