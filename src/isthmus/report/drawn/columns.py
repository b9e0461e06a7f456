"""A collection for the page: layers down, steps or pairs across, a panel a host (the paper's Figure 1)."""

from collections.abc import Sequence

from isthmus.measures.intervals.effective_examples import FEW
from isthmus.report.collections.columns import Columns, cell_text
from isthmus.report.drawn.canvas import Canvas
from isthmus.report.drawn.cells import Cell, Panel, cell_map
from isthmus.report.drawn.heatmap import cell_tip


def columns_drawing(shown: Columns, notes: Sequence[str] = ()) -> Canvas:
    """Rise or barrier of every layer at every step, or in every pair, as a coloured cell, with its number if it fits.

    Args:
        shown: The numbers.
        notes: Sentences to write below.

    Returns:
        The picture; its colours end as in the heat map of one measurement.
    """
    rows, tables = shown.first.rows, shown.tables
    panels = [
        Panel(
            rows,
            shown.labels,
            [
                [
                    Cell(cell.estimate, cell_text(cell.estimate), cell_tip(cell, table))
                    for cell, table in zip(cells, tables, strict=True)
                ]
                for cells in (shown.row(row, host) for row in rows)
            ],
            f"into {host}",
        )
        for host in shown.first.hosts
    ]
    cells = [cell for table in tables for row in rows for cell in table.row(row)]
    at_end, few = sum(cell.at_end for cell in cells), sum(not cell.estimate.trusted for cell in cells)
    said = [f"In {at_end} of {len(cells)} cells the largest excess lies at alpha 0 or 1, an end of the cut."] * bool(
        at_end
    )
    said += [
        f"In {few} of {len(cells)} cells fewer than {FEW} examples carry the number: its interval may be too short."
    ] * bool(few)
    return cell_map(panels, shown.colour_limit, shown.first.axis_label, [*notes, *said])
