"""One self-contained HTML page for one or several runs."""

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
from isthmus.report.picture import USUAL, save_page
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
def save_report(runs: Sequence[Run], folder: Path, formats: Sequence[str] = USUAL) -> Path:
    """Writes `figures/*.svg` and `report.html`; each file appears whole or not at all.

    Pictures of one run are named `figures/loss_heatmap_test.svg` (value, picture, split); with several runs the run's
    name comes first, as in `figures/same-init_loss_heatmap_test.svg`. The page is written last.

    Args:
        runs: Name, result and (or None) barriers of every class, one triple a run.
        folder: Where to; made if it is not there.
        formats: Of the pictures' files, SVG among them.

    Returns:
        The path of `report.html`.
    """
    shown, files = _shown(runs), Layout(folder)
    pictures = (picture for run in shown for picture in run.pictures)
    return save_page(files.page, files.figures, pictures, lambda svgs: _text(shown, svgs), formats)


@one_page()
def page(runs: Sequence[Run]) -> str:
    """The page's text. It loads nothing from anywhere: pictures, styles and script are inside.

    Args:
        runs: Name, result and (or None) barriers of every class, one triple a run.

    Returns:
        HTML without the pictures that only a saved page has: those that a plotting library draws.
    """
    return _text(_shown(runs), {})


def _shown(runs: Sequence[Run]) -> list[_Shown]:
    found = []
    for (name, result, classes), beginning in zip(runs, run_beginnings([name for name, _, _ in runs]), strict=True):
        of_layers = None if classes is None else classes.sel(moving=[FULL_NETWORK, *layer_labels(result)])
        found.append(_Shown(name, result, of_layers, run_pictures(result, of_layers, beginning)))
    return found


def _text(runs: Sequence[_Shown], svgs: SVGs) -> str:
    sections = [_run_section(f"run-{number}", run, svgs) for number, run in enumerate(runs, start=1)]
    comparison = run_rows([(run.name, run.result) for run in runs]) if len(runs) > 1 else []
    return render(
        "report.html",
        title=f"Isthmus: {runs[0].name}" if len(runs) == 1 else f"Isthmus: {len(runs)} runs",
        runs=sections,
        contents=_contents(sections),
        comparison=comparison,
    )


def _contents(sections: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Anchors and words; of several runs their names alone, and the splits of each."""
    found = []
    for section in sections:
        several = len(sections) > 1
        found += [(section["anchor"], section["name"])] * several
        named = [(split["anchor"], split["name"]) for split in section["splits"] if split["name"]]
        found += named or [(section["splits"][0]["anchor"], "What averaging costs")] * (not several)
        if not several:
            found += [(f"{section['anchor']}-weights", "Weights"), (f"{section['anchor']}-how", "How it was measured")]
    return [*found, *([("side-by-side", "Side by side")] if len(sections) > 1 else []), ("cite", "How to cite")]


def _run_section(anchor: str, run: _Shown, svgs: SVGs) -> dict[str, Any]:
    result, attrs = run.result, run.result.attrs
    splits = zip(split_names(result), run.pictures.splits, strict=True)
    checks = attribute_list(attrs, "self_checks")
    return {
        "anchor": anchor,
        "name": run.name,
        "attrs": attrs,
        "hosts": [str(host) for host in result["host"].values],
        "splits": [
            _split_section(f"{anchor}-{number}", run, split, pictures, svgs)
            for number, (split, pictures) in enumerate(splits, start=1)
        ],
        "distances": run.pictures.distances.shown(svgs),
        "settings": settings_rows(result),
        "checks": checks,
        "failed": [check["check"] for check in checks if not check["passed"]],
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
        "figures": [picture.shown(svgs) for picture in pictures.figures],
        "questions": [question.shown(svgs) for question in pictures.questions],
        "class_figures": [picture.shown(svgs) for picture in pictures.classes],
        "class_rows": class_rows(classes, units_of(result), split) if classes is not None else [],
        "ends": networks_text(in_split(result, split)),
    }
