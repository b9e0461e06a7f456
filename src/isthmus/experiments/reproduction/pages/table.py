"""Tables in Markdown, written and read."""

from collections.abc import Sequence


def table_text(rows: Sequence[Sequence[str]]) -> str:
    r"""A table in Markdown.

    Args:
        rows: Cells; the first row holds the titles.

    Returns:
        Lines of text.

    Example:
        >>> print(table_text([["x", "y"], ["1", "a|b"]]))
        | x | y |
        | --- | --- |
        | 1 | a\|b |
    """
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def table_rows(text: str) -> list[list[str]]:
    r"""The cells of a table: the inverse of `table_text`.

    Args:
        text: Lines of text, a table among them.

    Returns:
        Rows of cells, the titles first.

    Example:
        >>> table_rows(table_text([["x", "y"], ["1", "a|b"]]))
        [['x', 'y'], ['1', 'a|b']]
    """
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]
    return [[cell.replace("\\|", "|") for cell in row] for row in cells if set("".join(row)) != {"-"}]
