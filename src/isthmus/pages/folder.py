"""The report of one or several runs as files in a folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.files import save_bytes
from isthmus.report.barriers.table import split_names
from isthmus.report.file_names import file_names
from isthmus.report.values import kind_of, main_values

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from isthmus.pages.run import Run

FORMATS = ("svg", "png")


def save_report(runs: "Sequence[Run]", folder: Path) -> Path:
    """Writes `figures/*.svg`, `figures/*.png` and `report.html`; each file appears whole or not at all.

    Pictures of one run are named `figures/loss_heatmap_test.svg` (value, picture, split); with several runs the run's
    name comes first, as in `figures/same-init_loss_heatmap_test.svg`. The page is written last.

    Args:
        runs: Name, result and (or None) barriers of every class, one triple a run.
        folder: Where to; made if it is not there.

    Returns:
        The path of `report.html`.
    """
    from isthmus.pages.run import page
    from isthmus.report.style import picture_bytes

    prefixes = [""] if len(runs) == 1 else [f"{name}_" for name in file_names([name for name, _, _ in runs])]
    pictures: list[dict[str, bytes]] = []
    for prefix, (_, result, _) in zip(prefixes, runs, strict=True):
        of_run: dict[str, bytes] = {}
        for name, figure in figures(result):
            for file_format in FORMATS:
                content = picture_bytes(figure, file_format)
                save_bytes(folder / "figures" / f"{prefix}{name}.{file_format}", content)
                if file_format == "svg":
                    of_run[name] = content
        pictures.append(of_run)
    save_bytes(folder / "report.html", page(runs, pictures).encode())
    return folder / "report.html"


def figures(result: "xr.Dataset") -> "Iterator[tuple[str, Figure]]":
    """Every static picture that a result has, one at a time.

    Args:
        result: A measurement.

    Yields:
        The file's stem, such as `loss_heatmap_test`, and the figure: those of every measurement (a single alpha has no
        curves), and those of the questions that apply (`isthmus.pages.questions`).
    """
    from isthmus.pages.questions import questions_of
    from isthmus.report.barriers.bars import bars
    from isthmus.report.barriers.curves import curves
    from isthmus.report.barriers.distances import distances
    from isthmus.report.barriers.heatmap import heatmap

    splits = split_names(result)
    stems = [f"_{name}" for name in file_names([str(split) for split in splits])] if splits != [None] else [""]
    kinds = {"heatmap": heatmap, "bars": bars} | ({"curves": curves} if result.sizes["alpha"] > 1 else {})
    for split, stem in zip(splits, stems, strict=True):
        for value in main_values(result):
            for kind, picture in kinds.items():
                yield f"{kind_of(value)}_{kind}{stem}", picture(result, value, split)
        for question in questions_of(result):
            yield f"{question.stem}{stem}", question.figure(result, split)
    yield "distances", distances(result)
