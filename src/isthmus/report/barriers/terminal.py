"""A measurement in a terminal of 80 columns: its tables, its sentences, and its hints."""

import math
from typing import TYPE_CHECKING

from isthmus.measures.estimate import number_text
from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.barriers.hints import hints
from isthmus.report.barriers.reading import headline, reading
from isthmus.report.barriers.table import BarrierTable, barrier_table
from isthmus.report.short_names import shortened
from isthmus.report.shown import AT_END_MARK, FEW_EXAMPLES_MARK, CutBarrier
from isthmus.report.style import row_name
from isthmus.report.values import Column, columns_of
from isthmus.results.rows import in_split, split_names
from isthmus.results.variables import OF
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr
    from rich.table import Table
    from rich.text import Text

# A terminal's usual width. Names are shortened to 23 columns, or to no less than 14 if loss and error then stand
# side by side.
NUM_COLUMNS, LABEL_WIDTH, FEWEST_OF_LABEL = 80, 23, 14
ALSO_SHORT = {AT_END_MARK: "largest at alpha 0 or 1", FEW_EXAMPLES_MARK: f"carried by fewer than {FEW} examples"}


def summary_texts(result: "xr.Dataset") -> "list[Table | Text]":
    """What the terminal shows of a measurement.

    Args:
        result: A measurement.

    Returns:
        The tables; then for every split the losses of the two networks alone, the sentences of the page, and hints.
    """
    from rich.text import Text

    found: list[Table | Text] = [*summary_tables(result)]
    for split in split_names(result):
        name = f"{split}: " if split else ""
        part = in_split(result, split)
        lines = ["", *filter(None, [headline(result, split)])]
        lines += [f"{name}{networks_text(part)}", *_examples_taken(result, part), *reading(result, split)]
        lines += [f"hint: {hint}" for hint in hints(result, split)]
        found.append(Text("\n".join(lines)))
    return found


def networks_text(part: "xr.Dataset") -> str:
    """How good the two networks are alone.

    Args:
        part: A measurement of one split.

    Returns:
        Such as "loss of a 0.0123, of b 0.0456; error of a 1.00 %, of b 2.00 %".
    """
    found = []
    for kind, (factor, decimals, unit) in zip(OF, ((1.0, 4, ""), (100.0, 2, " %")), strict=True):
        ends = [variable.name for variable in OF[kind].ends.values()]
        if ends[0] in part:
            a, b = (number_text(factor * float(part[end]), decimals) for end in ends)
            found.append(f"{kind} of a {a}{unit}, of b {b}{unit}")
    return "; ".join(found)


def _examples_taken(result: "xr.Dataset", part: "xr.Dataset") -> list[str]:
    """How many examples it took to know every number as well as was asked."""
    asked = result.attrs.get("precision")
    if not asked or "num_examples" not in part:
        return []
    counts = part["num_examples"]
    most, full = int(counts.max()), int(counts.sel(moving=FULL_NETWORK).max())
    of = f" of {result.attrs['num_examples']}" if "split" not in result.dims else ""
    return [
        f"To know every barrier to ±{asked:g} took {int(counts.min())} to {most}{of} examples, the full network {full}."
    ]


def summary_tables(result: "xr.Dataset") -> "list[Table]":
    """What averaging every row costs, with 95 % intervals, beside its barrier; the full network first.

    On a single alpha loss and error stand side by side if there is room; on a grid they are tables of their own, in
    which the rise half-way, the largest one between the networks and the exchange stand apart. A row has one line a
    host. Errors are in percentage points. Marks are explained below the table if they occur.

    Args:
        result: A measurement.

    Returns:
        Tables that fit into 80 columns.
    """
    kinds = [kind for kind, of in OF.items() if of.barrier.name in result]
    columns = {kind: columns_of(result, kind) for kind in kinds}
    if result.sizes["alpha"] == 1:
        both = [column for kind in kinds for column in columns[kind]]
        left = LABEL_WIDTH - max(0, _width(_table(result, both)) - NUM_COLUMNS)
        if left >= FEWEST_OF_LABEL:
            return [_table(result, both, left)]
    return [_table(result, columns[kind]) for kind in kinds]


def _width(table: "Table") -> int:
    """How many characters a table needs if nothing is folded."""
    from rich.console import Console

    return Console(width=10 * NUM_COLUMNS).measure(table).maximum


def _table(result: "xr.Dataset", columns: list[Column], label_width: int = LABEL_WIDTH) -> "Table":
    from rich.text import Text

    splits, marks = split_names(result), ""
    table = empty_table(
        result, "layer", columns, [barrier_table(result, column.value, splits[0]) for column in columns]
    )
    labels = barrier_table(result, columns[0].value, splits[0]).all_rows
    names = dict(zip(labels, shortened([row_name(row) for row in labels], label_width), strict=True))
    for split in splits:
        tables = [barrier_table(result, column.value, split) for column in columns]
        if split is not None:
            table.add_row(Text(f"{split}:", style="italic"))
        for row in tables[0].all_rows:
            cells = [shown.row(row) for shown in tables]
            marks += "".join(cell.marks for line in cells for cell in line)
            numbers = (column_text(line, column) for line, column in zip(cells, columns, strict=True))
            style = "bold" if row == FULL_NETWORK else ""
            table.add_row(Text(names[row], style=style), Text("\n".join(tables[0].hosts)), *numbers)
        table.add_section()
    notes = short_notes(marks, columns)
    table.caption = Text("; ".join(notes)) if notes else None
    return table


def empty_table(result: "xr.Dataset", first: str, columns: list[Column], tables: list[BarrierTable]) -> "Table":
    """A table with its titles and no row.

    Args:
        result: A measurement or a collection.
        first: Title of the column of rows' names; hosts stand in the second.
        columns: The numbers.
        tables: Of one split each, for the units.

    Returns:
        The table.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=SIMPLE_HEAD,
        title=Text(f"\n{title_words(result)}", style="bold"),
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        caption_justify="left",
        title_justify="left",
    )
    table.add_column(first, max_width=LABEL_WIDTH, overflow="fold")
    table.add_column("into")
    for column, shown in zip(columns, tables, strict=True):
        unit = "pp" if column.value.startswith("error") else shown.unit
        table.add_column(Text(f"{column.title}\n({unit})" if column.has_interval else column.title), no_wrap=True)
    return table


def short_notes(marks: str, columns: list[Column]) -> list[str]:
    """What stands below a table.

    Args:
        marks: Of all its cells.
        columns: Its numbers.

    Returns:
        The marks that occur, explained, and abbreviations.
    """
    notes = [f"{mark} {words}" for mark, words in ALSO_SHORT.items() if mark in marks]
    return notes + ["pp: percentage points"] * any(column.value.startswith("error") for column in columns)


def title_words(result: "xr.Dataset") -> str:
    """What the numbers of a table are.

    Args:
        result: A measurement or a collection.

    Returns:
        A title.
    """
    baseline = result.attrs.get("baseline", "models")
    if "loss_rise" not in result:
        return f"Barriers over baseline {baseline}, 95 % intervals"
    words = ["What averaging costs: rise over the host, 95 % intervals"]
    words += ["the largest between the networks"] if "loss_largest_rise" in result else []
    words += ["exchange (alpha 1)"] if "loss_exchange_rise" in result else []
    return "; ".join([*words, f"barrier over baseline {baseline}"])


def column_text(cells: list[CutBarrier], column: Column) -> "Text":
    """The numbers of a row, one line each, so aligned that they can be compared.

    Args:
        cells: One a line.
        column: What stands after them.

    Returns:
        The lines.
    """
    from rich.text import Text

    width = max(len(cell.estimate.text) for cell in cells)
    marks = max(len(cell.marks) for cell in cells)
    lines = []
    for cell in cells:
        line = f"{cell.estimate.text:>{width}}{cell.marks:<{marks}}"
        line += f" {cell.estimate.interval_text}" if column.has_interval else ""
        line += f" {cell.alpha:.2g}" if column.has_alpha and math.isfinite(cell.alpha) else ""
        lines.append(line)
    return Text("\n".join(lines))
