"""The figures of `sweep.py`, and the table that it prints."""

from statistics import median
from typing import Any

from arms import Arm, Losses

from isthmus.runs.subject.subject import Subject


def figures(
    name: str,
    arms: dict[str, Arm],
    seconds: dict[tuple[str, int], list[float]],
    losses: dict[str, Losses],
    rates: list[float],
    counts: tuple[int, int],
    subject: Subject,
) -> dict[str, Any]:
    """What the run says of one arm."""
    few, many = (median(seconds[name, count]) for count in counts)
    per_image = (many - few) / max(1, counts[1] - counts[0])

    def ratio(other: str) -> float:
        pairs = zip(seconds[other, counts[1]], seconds[name, counts[1]], strict=True)
        return median(theirs / ours for theirs, ours in pairs)

    rate = arms[name].planned_flops * counts[1] / many / 1e9
    excess = max(
        abs(losses[name][host, group] - losses[name]["a", ""] / 2 - losses[name]["b", ""] / 2 - _excess(losses, key))
        for key in losses["reference"]
        for host, group in [key]
    )
    return {
        "seconds": seconds[name, counts[1]],
        "median_seconds": many,
        "times_faster_than_reference": ratio("reference"),
        "times_faster_than_direct": ratio("direct"),
        "fixed_ms_per_point": 1e3 * (few - counts[0] * per_image) / len(subject.points),
        "ms_per_point_and_image": 1e3 * per_image / len(subject.points),
        "planned_share_of_naive_flops": arms[name].planned_flops / arms["reference"].planned_flops,
        "gflops": rate,
        "share_of_best_matrix_rate": rate / max(rates),
        "share_of_median_matrix_rate": rate / median(rates),
        "largest_excess_difference": excess,
        "preparation_seconds": arms[name].preparation,
    }


def _excess(losses: dict[str, Losses], key: tuple[str, str]) -> float:
    found = losses["reference"]
    return found[key] - found["a", ""] / 2 - found["b", ""] / 2


def table(report: dict[str, Any]) -> str:
    """The figures of all arms as text."""
    best, typical = report["float32_matrix_gflops"].values()
    lines = [
        f"{report['model']} on {report['data']}, {report['points']} networks, {report['images'][1]} images "
        f"(fixed cost from {report['images'][0]} and {report['images'][1]}), torch {report['torch']}",
        f"{report['machine']}; float32 matrix product {best:.0f} Gflop/s at best, {typical:.0f} in the median; "
        f"naive work {report['naive_gflop']:.0f} Gflop",
        "",
        f"{'':17}{'seconds':>8}{'x ref.':>8}{'x direct':>9}{'flops':>7}{'Gflop/s':>9}{'of best':>8}{'of med.':>8}"
        f"{'ms/point':>9}{'ms/image':>9}{'excess':>9}",
    ]
    for name, row in report["arms"].items():
        lines.append(
            f"{name:17}{row['median_seconds']:8.2f}{row['times_faster_than_reference']:8.2f}"
            f"{row['times_faster_than_direct']:9.2f}{row['planned_share_of_naive_flops']:7.3f}{row['gflops']:9.1f}"
            f"{row['share_of_best_matrix_rate']:8.0%}{row['share_of_median_matrix_rate']:8.0%}"
            f"{row['fixed_ms_per_point']:9.1f}{row['ms_per_point_and_image']:9.3f}"
            f"{row['largest_excess_difference']:9.1g}"
        )
    for name, row in report["arms"].items():
        steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in row["preparation_seconds"].items())
        lines += [f"{name}: prepared in {steps}"] if steps else []
    lines += [f"{name}: skipped ({reason})" for name, reason in report["skipped"].items()]
    return "\n".join(lines)
