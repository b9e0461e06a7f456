"""One self-contained HTML page for one or several runs."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isthmus.pages.questions import questions_of
from isthmus.pages.tables import class_rows, run_rows, settings_rows, summary_rows
from isthmus.report.barriers import interactive
from isthmus.report.barriers.classes import class_heatmap, class_values
from isthmus.report.barriers.hints import hints
from isthmus.report.barriers.plotly_parts import Picture
from isthmus.report.barriers.reading import headline, reading
from isthmus.report.barriers.table import (
    barrier_table,
    in_split,
    labels,
    layer_labels,
    loss_unit,
    mark_notes,
    split_names,
)
from isthmus.report.barriers.terminal import ends_text
from isthmus.report.rendering import data_address, render
from isthmus.report.values import RISES, columns_of, is_rise, kind_of, main_values, value_words, values_shown

if TYPE_CHECKING:
    import xarray as xr

Run = tuple[str, "xr.Dataset", "xr.Dataset | None"]


def page(runs: Sequence[Run], pictures: Sequence[Mapping[str, bytes]] | None = None) -> str:
    """The page's text. It loads nothing from anywhere: plotly, styles and pictures are inside.

    Args:
        runs: Name, result and (or None) barriers of every class, one triple a run.
        pictures: For each run its static pictures as SVG by name, which stand in for the interactive ones on paper
            and where scripts do not run, and those of further questions; left out if None.

    Returns:
        HTML.
    """
    from plotly.offline import get_plotlyjs

    static = pictures or [{} for _ in runs]
    sections = [_run_section(i, run, static[i]) for i, run in enumerate(runs)]
    return render(
        "report.html",
        title=f"Isthmus: {runs[0][0]}" if len(runs) == 1 else f"Isthmus: {len(runs)} runs",
        runs=sections,
        comparison=run_rows([(name, result) for name, result, _ in runs]) if len(runs) > 1 else [],
        plotly=get_plotlyjs(),
    )


def _run_section(number: int, run: Run, static: Mapping[str, bytes]) -> dict[str, Any]:
    name, result, classes = run
    if classes is not None:
        run = (name, result, classes.sel(moving=["all", *layer_labels(result)]))
    attrs = result.attrs
    hosts = [str(host) for host in result["host"].values]
    drawn = [("Distances of the weights", "distances", interactive.distances(result))]
    return {
        "anchor": f"run-{number + 1}",
        "name": name,
        "attrs": attrs,
        "hosts": hosts,
        "splits": [_split_section(number, i, split, run, static) for i, split in enumerate(split_names(result))],
        "distances": _figures(drawn, f"run-{number + 1}", static, "")[0],
        "settings": settings_rows(result),
        "checks": _listed(attrs, "self_checks"),
        "warnings": _listed(attrs, "warnings"),
        "baseline": str(attrs.get("baseline", "models")),
        "interval_target": str(attrs.get("interval_target", "distribution")),
        "simultaneous": bool(attrs.get("simultaneous", False)),
        "num_alphas": result.sizes["alpha"],
        "rise_alpha": float(result["rise_alpha"]) if main_values(result)[0] in RISES else None,
        "has_classes": classes is not None,
    }


def _split_section(number: int, index: int, split: str | None, run: Run, static: Mapping[str, bytes]) -> dict[str, Any]:
    _, result, classes = run
    anchor = f"run-{number + 1}-{index + 1}"
    values = main_values(result)
    along = "Rise along alpha" if is_rise(values[0]) else "Excess along alpha"
    kinds = {"Heat map": "heatmap", "Bars": "bars"} | ({along: "curves"} if result.sizes["alpha"] > 1 else {})
    drawn = [
        (
            f"{title}: {barrier_table(result, value, split).axis_label}",
            f"{kind_of(value)}_{kind}",
            picture,
        )
        for title, kind in kinds.items()
        for value in values
        for picture in [getattr(interactive, kind)(result, value, split)]
    ]
    units = {"loss": loss_unit(result), "error": "percentage points"}
    class_drawn = [] if classes is None else _class_pictures(classes, units, split)
    shown = [column.value for value in values_shown(result) for column in columns_of(result, kind_of(value))]
    marks = (cell.marks for value in shown for cell in barrier_table(result, value, split).cells.values())
    return {
        "anchor": anchor,
        "name": split,
        "headline": headline(result, split),
        "reading": reading(result, split),
        "hints": hints(result, split),
        "summary": summary_rows(result, split),
        "notes": mark_notes(marks, str(result.attrs.get("baseline", "models"))),
        "figures": _figures(drawn, anchor, static, _stem(static, index, split_names(result))),
        "questions": _questions(result, split, static, _stem(static, index, split_names(result))),
        "class_figures": _figures(class_drawn, f"{anchor}-classes", static, ""),
        "class_rows": class_rows(classes, units, split) if classes is not None else [],
        "ends": ends_text(in_split(result, split)),
    }


def _class_pictures(
    classes: "xr.Dataset", units: Mapping[str, str], split: str | None
) -> list[tuple[str, str, Picture]]:
    return [
        (
            f"Classes: {value_words(value)} into {host}",
            "",
            class_heatmap(classes, host, value, units[kind_of(value)], split),
        )
        for value in class_values(classes)
        for host in labels(classes, "host")
    ]


def _figures(
    drawn: Sequence[tuple[str, str, Picture]], anchor: str, static: Mapping[str, bytes], stem: str
) -> list[dict[str, str]]:
    figures = []
    for i, (title, name, picture) in enumerate(drawn):
        figures.append({
            "id": f"{anchor}-picture-{i + 1}",
            "title": title,
            "height": str(round(picture["layout"]["height"])),
            "min_width": str(round(picture["min_width"])),
            "json": script_json({"data": picture["data"], "layout": picture["layout"]}),
            "svg": _data_address(static.get(f"{name}{stem}") if name else None),
        })
    return figures


def _questions(result: "xr.Dataset", split: str | None, static: Mapping[str, bytes], stem: str) -> list[dict[str, str]]:
    return [
        {
            "title": question.title,
            "sentence": question.sentence(result, split),
            "svg": _data_address(static.get(f"{question.stem}{stem}")),
        }
        for question in questions_of(result)
    ]


def _data_address(svg: bytes | None) -> str:
    return data_address(svg) if svg else ""


def _stem(static: Mapping[str, bytes], index: int, splits: Sequence[str | None]) -> str:
    from isthmus.report.file_names import file_names

    return "" if splits == [None] or not static else f"_{file_names([str(split) for split in splits])[index]}"


def _listed(attrs: Mapping[Any, Any], name: str) -> list[Any]:
    listed = json.loads(str(attrs.get(name) or "[]"))
    return listed if isinstance(listed, list) else [listed]


def script_json(content: object) -> str:
    """JSON that may stand inside a script element.

    Args:
        content: What plotly shall draw.

    Returns:
        JSON in which no markup can begin.
    """
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
