"""One self-contained HTML page for one or several runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.pages.pictures import RunPictures, SplitPictures, run_pictures, units_of
from isthmus.pages.tables import attribute_list, class_rows, run_rows, settings_rows, summary_rows
from isthmus.report.barriers.hints import hints
from isthmus.report.barriers.reading import headline, reading
from isthmus.report.barriers.table import barrier_table, mark_notes
from isthmus.report.barriers.terminal import networks_text
from isthmus.report.file_names import run_beginnings
from isthmus.report.kept import one_page
from isthmus.report.picture import Picture, save_page
from isthmus.report.rendering import render
from isthmus.report.values import RISES, columns_of, kind_of, main_values, values_shown
from isthmus.results.rows import in_split, layer_labels, split_names
from isthmus.runs.folder.layout import Layout
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

Run = tuple[str, "xr.Dataset", "xr.Dataset | None"]
SVGs = Mapping[str, bytes]


@dataclass(frozen=True)
class _Shown:
    """A run with its pictures; of the classes those rows that pictures of layers show."""

    name: str
    result: "xr.Dataset"
    classes: "xr.Dataset | None"
    pictures: RunPictures


@one_page()
def save_report(runs: Sequence[Run], folder: Path) -> Path:
    """Writes `figures/*.svg`, `figures/*.png` and `report.html`; each file appears whole or not at all.

    Pictures of one run are named `figures/loss_heatmap_test.svg` (value, picture, split); with several runs the run's
    name comes first, as in `figures/same-init_loss_heatmap_test.svg`. The page is written last.

    Args:
        runs: Name, result and (or None) barriers of every class, one triple a run.
        folder: Where to; made if it is not there.

    Returns:
        The path of `report.html`.
    """
    shown, files = _shown(runs), Layout(folder)
    pictures = (picture for run in shown for picture in run.pictures)
    return save_page(files.page, files.figures, pictures, lambda svgs: _text(shown, svgs))


@one_page()
def page(runs: Sequence[Run]) -> str:
    """The page's text. It loads nothing from anywhere: plotly and styles are inside.

    Args:
        runs: Name, result and (or None) barriers of every class, one triple a run.

    Returns:
        HTML without the static pictures, which stand in for the interactive ones on paper and where scripts do not run.
    """
    return _text(_shown(runs), {})


def _shown(runs: Sequence[Run]) -> list[_Shown]:
    found = []
    for (name, result, classes), beginning in zip(runs, run_beginnings([name for name, _, _ in runs]), strict=True):
        of_layers = None if classes is None else classes.sel(moving=[FULL_NETWORK, *layer_labels(result)])
        found.append(_Shown(name, result, of_layers, run_pictures(result, of_layers, beginning)))
    return found


def _text(runs: Sequence[_Shown], svgs: SVGs) -> str:
    from plotly.offline import get_plotlyjs

    return render(
        "report.html",
        title=f"Isthmus: {runs[0].name}" if len(runs) == 1 else f"Isthmus: {len(runs)} runs",
        runs=[_run_section(f"run-{number}", run, svgs) for number, run in enumerate(runs, start=1)],
        comparison=run_rows([(run.name, run.result) for run in runs]) if len(runs) > 1 else [],
        plotly=get_plotlyjs(),
    )


def _run_section(anchor: str, run: _Shown, svgs: SVGs) -> dict[str, Any]:
    result, attrs = run.result, run.result.attrs
    splits = zip(split_names(result), run.pictures.splits, strict=True)
    return {
        "anchor": anchor,
        "name": run.name,
        "attrs": attrs,
        "hosts": [str(host) for host in result["host"].values],
        "splits": [
            _split_section(f"{anchor}-{number}", run, split, pictures, svgs)
            for number, (split, pictures) in enumerate(splits, start=1)
        ],
        "distances": _figures([run.pictures.distances], anchor, svgs)[0],
        "settings": settings_rows(result),
        "checks": attribute_list(attrs, "self_checks"),
        "warnings": attribute_list(attrs, "warnings"),
        "baseline": str(attrs.get("baseline", "models")),
        "interval_target": str(attrs.get("interval_target", "distribution")),
        "simultaneous": bool(attrs.get("simultaneous", False)),
        "num_alphas": result.sizes["alpha"],
        "rise_alpha": float(result["rise_alpha"]) if main_values(result)[0] in RISES else None,
        "has_classes": run.classes is not None,
    }


def _split_section(anchor: str, run: _Shown, split: str | None, pictures: SplitPictures, svgs: SVGs) -> dict[str, Any]:
    result, classes = run.result, run.classes
    values = [column.value for value in values_shown(result) for column in columns_of(result, kind_of(value))]
    marks = (cell.marks for value in values for cell in barrier_table(result, value, split).cells.values())
    return {
        "anchor": anchor,
        "name": split,
        "headline": headline(result, split),
        "reading": reading(result, split),
        "hints": hints(result, split),
        "summary": summary_rows(result, split),
        "notes": mark_notes(marks, str(result.attrs.get("baseline", "models"))),
        "figures": _figures(pictures.figures, anchor, svgs),
        "questions": [question.shown(svgs) for question in pictures.questions],
        "class_figures": _figures(pictures.classes, f"{anchor}-classes", {}),
        "class_rows": class_rows(classes, units_of(result), split) if classes is not None else [],
        "ends": networks_text(in_split(result, split)),
    }


def _figures(pictures: Sequence[Picture], anchor: str, svgs: SVGs) -> list[dict[str, str]]:
    figures = []
    for number, picture in enumerate(pictures, start=1):
        assert picture.interactive is not None
        twin = picture.interactive()
        figures.append({
            **picture.shown(svgs),
            "id": f"{anchor}-picture-{number}",
            "height": str(round(twin["layout"]["height"])),
            "min_width": str(round(twin["min_width"])),
            "json": script_json({"data": twin["data"], "layout": twin["layout"]}),
        })
    return figures


def script_json(content: object) -> str:
    """JSON that may stand inside a script element.

    Args:
        content: What plotly shall draw.

    Returns:
        JSON in which no markup can begin.
    """
    # NaN is no JSON, and "</script>" in a layer's name would end the element.
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
