"""The numbers of a federated training as rows of cells, for the page and the terminal."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from isthmus.measures.estimate import Estimate, number_text
from isthmus.report.cells import Cell, Table
from isthmus.report.federated.accuracy import accuracy, gain, percent_cell, without_interval

if TYPE_CHECKING:
    from isthmus.federated.results.levels import Comparison
    from isthmus.federated.results.summary import RuleSummary, Summary

BYTES_A_MEGABYTE = 1e6
NONE = "–"
UNITS = {"error_rate": ("%", "points"), "loss": ("loss", "loss")}
"""What a column shows of error rates and of losses, and of their differences."""


def summary_table(summary: "Summary") -> Table:
    """What a terminal shows: a row a rule.

    Args:
        summary: Of error rates or losses.

    Returns:
        Accuracies in percent, differences in percentage points; or losses and differences of them. Differences are
        above zero where the row's rule is better.
    """
    against, (unit, points) = summary.everything, UNITS[summary.value]
    columns = ["Rule", f"Own test part, {unit}", f"Worst tenth, {unit}"]
    columns += [f"Global test, {unit}"] * _has_whole(summary)
    columns += [f"Against {against}, {points}"] if against else []
    rows = []
    for rule in summary.rules:
        cells = [Cell(rule.rule), _level_cell(rule.own.mean, summary)]
        cells += [without_interval(_level(rule.own.worst_tenth, summary))]
        cells += [_whole_cell(rule, summary)] if _has_whole(summary) else []
        cells += [_comparison_cell(rule.to_all, summary)] if against else []
        rows.append((*cells, _megabytes(rule.cost.num_bytes)))
    return Table((*columns, "MB sent"), tuple(rows))


def accuracy_table(summary: "Summary") -> Table:
    """What the page shows of accuracies: a row a rule.

    Args:
        summary: Of error rates or losses.

    Returns:
        As `summary_table`, with the spread over clients, what averaging changed, and local training beside.
    """
    references = [(name, kind) for name, kind in ((summary.everything, "all"), (summary.nothing, "none")) if name]
    unit, points = UNITS[summary.value]
    columns = ["Rule", f"Own test part, {unit}", "Standard deviation over clients", f"Worst tenth of clients, {unit}"]
    columns += [f"Before the last averaging, {unit}", f"Gain of averaging, {points}"]
    columns += [f"Global test set, {unit}"] * _has_whole(summary)
    for name, _ in references:
        columns += [f"Against {name}, {points}", f"Clients better than under {name}"]
    rows = []
    for rule in summary.rules:
        spread, decimals = (100 * rule.own.std, 1) if summary.value == "error_rate" else (rule.own.std, 3)
        cells = [Cell(rule.rule), _level_cell(rule.own.mean, summary)]
        cells += [Cell(number_text(spread, decimals), stored=repr(spread)), _level_cell(rule.own.worst_tenth, summary)]
        cells += [_level_cell(rule.own_before.mean, summary) if rule.own_before else Cell(NONE)]
        cells += [_comparison_cell(rule.averaging, summary)]
        cells += [_whole_cell(rule, summary)] if _has_whole(summary) else []
        for _, kind in references:
            found = rule.to_all if kind == "all" else rule.to_none
            cells += [_comparison_cell(found, summary), _better_cell(found)]
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


def _level(found: Estimate, summary: "Summary") -> Estimate:
    return accuracy(found) if summary.value == "error_rate" else found


def _level_cell(found: Estimate, summary: "Summary") -> Cell:
    return percent_cell(_level(found, summary))


def _whole_cell(rule: "RuleSummary", summary: "Summary") -> Cell:
    return _level_cell(rule.whole.mean, summary) if rule.whole else Cell(NONE)


def _comparison_cell(found: "Comparison | None", summary: "Summary") -> Cell:
    if found is None:
        return Cell(NONE, stored="nan")
    better = gain(found.difference) if summary.value == "error_rate" else -found.difference
    return percent_cell(better, signed=True)


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
