"""The numbers of a federated training as rows of cells, for the page and the terminal."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from isthmus.measures.estimate import number_text
from isthmus.report.cells import Cell, Table
from isthmus.report.federated.accuracy import accuracy, gain, percent_cell, without_interval

if TYPE_CHECKING:
    from isthmus.federated.results.levels import Comparison
    from isthmus.federated.results.summary import RuleSummary, Summary

BYTES_A_MEGABYTE = 1e6
NONE = "–"


def summary_table(summary: "Summary") -> Table:
    """What a terminal shows: a row a rule.

    Args:
        summary: Of error rates.

    Returns:
        Accuracies in percent, differences in percentage points; above zero where the row's rule is better.
    """
    against = summary.everything
    columns = ["Rule", "Own test part, %", "Worst tenth, %"]
    columns += ["Global test, %"] * _has_whole(summary)
    columns += [f"Against {against}, points"] if against else []
    rows = []
    for rule in summary.rules:
        cells = [Cell(rule.rule), percent_cell(accuracy(rule.own.mean)), _alone(rule)]
        cells += [_whole_cell(rule)] if _has_whole(summary) else []
        cells += [_comparison_cell(rule.to_all)] if against else []
        rows.append((*cells, _megabytes(rule.cost.num_bytes)))
    return Table((*columns, "MB sent"), tuple(rows))


def accuracy_table(summary: "Summary") -> Table:
    """What the page shows of accuracies: a row a rule.

    Args:
        summary: Of error rates.

    Returns:
        As `summary_table`, with the spread over clients, what averaging changed, and local training beside.
    """
    references = [(name, kind) for name, kind in ((summary.everything, "all"), (summary.nothing, "none")) if name]
    columns = ["Rule", "Own test part, %", "Standard deviation over clients", "Worst tenth of clients, %"]
    columns += ["Before the last averaging, %", "Gain of averaging, points"]
    columns += ["Global test set, %"] * _has_whole(summary)
    for name, _ in references:
        columns += [f"Against {name}, points", f"Clients better than under {name}"]
    rows = []
    for rule in summary.rules:
        spread = 100 * rule.own.std
        cells = [Cell(rule.rule), percent_cell(accuracy(rule.own.mean))]
        cells += [Cell(number_text(spread, 1), stored=repr(spread)), percent_cell(accuracy(rule.own.worst_tenth))]
        cells += [percent_cell(accuracy(rule.own_before.mean)) if rule.own_before else Cell(NONE)]
        cells += [_comparison_cell(rule.averaging)]
        cells += [_whole_cell(rule)] if _has_whole(summary) else []
        for _, kind in references:
            found = rule.to_all if kind == "all" else rule.to_none
            cells += [_comparison_cell(found), _better_cell(found)]
        rows.append(tuple(cells))
    return Table(tuple(columns), tuple(rows))


def cost_table(summary: "Summary", losses: "Summary") -> Table:
    """What the page shows of costs: a row a rule.

    Args:
        summary: Any.
        losses: The same of losses, which stand beside.

    Returns:
        Loss, bytes in MB over all rounds and clients (and the mean of a round), seconds, and the parts for measuring.
    """
    columns = (
        "Rule", "Loss, own test part", "MB up", "MB down", "MB to measure barriers", "Of all bytes, %", "Seconds",
        "Of these to measure barriers, %",
    )  # fmt: skip
    rows = []
    for rule in summary.rules:
        cost, loss = rule.cost, losses.of(rule.rule).own.mean
        bytes_cells = [
            replace(_megabytes(number), faint=f"{_megabytes(number / summary.num_rounds).text} a round")
            for number in (cost.bytes_up, cost.bytes_down, cost.bytes_measured)
        ]
        shares = [_share(cost.bytes_share), _share(cost.seconds_share)]
        interval = loss.interval_text if math.isfinite(loss.half_width) else ""
        loss_cell = Cell(loss.text, interval, repr(loss.value))
        seconds = Cell(number_text(cost.seconds, 0), stored=repr(cost.seconds))
        rows.append((Cell(rule.rule), loss_cell, *bytes_cells, shares[0], seconds, shares[1]))
    return Table(columns, tuple(rows))


def _has_whole(summary: "Summary") -> bool:
    return any(rule.whole is not None for rule in summary.rules)


def _whole_cell(rule: "RuleSummary") -> Cell:
    return percent_cell(accuracy(rule.whole.mean)) if rule.whole else Cell(NONE)


def _alone(rule: "RuleSummary") -> Cell:
    return without_interval(accuracy(rule.own.worst_tenth))


def _comparison_cell(found: "Comparison | None") -> Cell:
    return percent_cell(gain(found.difference), signed=True) if found else Cell(NONE, stored="nan")


def _better_cell(found: "Comparison | None") -> Cell:
    if found is None:
        return Cell(NONE, stored="nan")
    equal = f"{found.num_equal} equal" if found.num_equal else ""
    return Cell(f"{found.num_better} of {found.num_pairs}", equal, repr(found.num_better / found.num_pairs))


def _megabytes(number: float) -> Cell:
    shown = number / BYTES_A_MEGABYTE
    return Cell(number_text(shown, max(0, 2 - math.floor(math.log10(max(shown, 1))))), stored=repr(number))


def _share(share: float) -> Cell:
    return Cell(NONE, stored="nan") if math.isnan(share) else Cell(number_text(100 * share, 1), stored=repr(share))
