"""What a command prints about a study, and what it saves in a folder."""

import json
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from isthmus.cli.output.json_text import plain_attributes, plain_number
from isthmus.cli.output.notes import print_notes
from isthmus.report.short_names import shortened

TITLE_WIDTH, LONGEST_NAME = 10, 23


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
    return json.dumps({"attributes": plain_attributes(study.attrs), "rows": rows}, indent=1)


def rich_table(table: Any, title: str, width: int) -> Any:
    """A report's table for a terminal.

    Args:
        table: An `isthmus.pages.tables.Table`.
        title: Stands above it.
        width: Of the terminal, in characters.

    Returns:
        A table of rich, or several below one another that repeat the names of the rows, where one would be too wide;
        intervals follow their numbers, in a second line where the terminal is narrow.
    """
    from rich.console import Group

    names = shortened([row[0].text for row in table.rows], LONGEST_NAME)
    joined = [
        [name, *(f"{cell.text} {cell.faint}".strip() for cell in row[1:])]
        for name, row in zip(names, table.rows, strict=True)
    ]
    needed = sum(max([TITLE_WIDTH, *map(len, column)]) + 2 for column in zip(*joined, strict=True))
    between = " " if needed <= width else "\n"
    rows = [
        [name, *(f"{cell.text}{between}{cell.faint.replace(' ±', f'{between}±')}".strip() for cell in row[1:])]
        for name, row in zip(names, table.rows, strict=True)
    ]
    titles = ["\n".join(textwrap.wrap(column, TITLE_WIDTH, break_long_words=False)) for column in table.columns]
    widths = [
        1 + max(len(line) for text in column for line in text.split("\n")) for column in zip(titles, *rows, strict=True)
    ]
    parts = _parts(table, widths, width)
    shown = [
        _rich_part(
            [titles[i] for i in part],
            [[row[i] for i in part] for row in rows],
            _are_texts(table, part),
            title * (k == 0),
        )
        for k, part in enumerate(parts)
    ]
    return shown[0] if len(shown) == 1 else Group(*shown)


def _parts(table: Any, widths: list[int], width: int) -> list[list[int]]:
    """Which columns stand in which table: in each those that name a row, and as many others as fit."""
    texts = _are_texts(table, range(len(widths)))
    keys = [i for i in range(len(widths)) if all(texts[: i + 1])] or [0]
    parts, room = [[*keys]], width - sum(widths[i] for i in keys)
    left = room
    for i in range(len(keys), len(widths)):
        if widths[i] > left and len(parts[-1]) > len(keys):
            parts.append([*keys])
            left = room
        parts[-1].append(i)
        left -= widths[i]
    return parts


def _are_texts(table: Any, columns: Iterable[int]) -> list[bool]:
    return [all(not row[number].stored for row in table.rows) for number in columns]


def _rich_part(titles: list[str], rows: list[list[str]], are_texts: list[bool], title: str) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    words = Text(title, style="bold") if title else None
    shown = Table(
        box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 0, 0, 1), title=words, title_justify="left"
    )
    for number, (column, is_text) in enumerate(zip(titles, are_texts, strict=True)):
        justify: Any = "left" if is_text else "right"
        shown.add_column(Text(column), justify=justify, overflow="fold", no_wrap=number > 0)
    for row in rows:
        shown.add_row(*map(Text, row))
    return shown
