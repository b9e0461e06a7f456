"""Every picture of a run: of the weights, and of every split what it shows in common and for its questions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from isthmus.pages.questions import question_pictures
from isthmus.report.barriers.bars import bars
from isthmus.report.barriers.classes import class_values
from isthmus.report.barriers.curves import curves
from isthmus.report.barriers.distances import distances
from isthmus.report.barriers.heatmap import heatmap
from isthmus.report.barriers.table import barrier_table
from isthmus.report.drawn.bars import bars as drawn_bars
from isthmus.report.drawn.classes import class_heatmap
from isthmus.report.drawn.curves import curves as drawn_curves
from isthmus.report.drawn.distances import distances as drawn_distances
from isthmus.report.drawn.heatmap import heatmap as drawn_heatmap
from isthmus.report.file_names import split_endings
from isthmus.report.picture import Picture
from isthmus.report.values import is_rise, kind_of, main_values, value_words
from isthmus.results.rows import labels, split_names
from isthmus.results.units import shown_unit
from isthmus.results.variables import OF

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class SplitPictures:
    """The pictures of one split.

    Attributes:
        figures: Of every measurement: heat maps, bars and, on several alphas, curves.
        questions: Those of further questions.
        classes: Of every class.
    """

    figures: tuple[Picture, ...]
    questions: tuple[Picture, ...]
    classes: tuple[Picture, ...]


@dataclass(frozen=True)
class RunPictures:
    """The pictures of one run.

    Attributes:
        distances: Of the weights.
        splits: One a split.
    """

    distances: Picture
    splits: tuple[SplitPictures, ...]

    def __iter__(self) -> Iterator[Picture]:
        """All of them."""
        for split in self.splits:
            yield from (*split.figures, *split.questions, *split.classes)
        yield self.distances


def run_pictures(result: "xr.Dataset", classes: "xr.Dataset | None" = None, beginning: str = "") -> RunPictures:
    """The pictures of a run. A stem names value, picture and split, as in `loss_heatmap_test`.

    Args:
        result: A measurement.
        classes: Its rises and barriers of every class.
        beginning: Of all stems.

    Returns:
        The pictures, none of them drawn yet; a single alpha has no curves.
    """
    splits = split_names(result)
    named = tuple(
        SplitPictures(
            _renamed(_figures(result, split), beginning, ending),
            _renamed(question_pictures(result, split), beginning, ending),
            () if classes is None else tuple(_class_pictures(result, classes, split)),
        )
        for split, ending in zip(splits, split_endings(splits), strict=True)
    )
    drawing = partial(drawn_distances, result)
    own = Picture(f"{beginning}distances", "Distances of the weights", partial(distances, result), drawing=drawing)
    return RunPictures(own, named)


def _renamed(pictures: "list[Picture]", beginning: str, ending: str) -> tuple[Picture, ...]:
    return tuple(replace(picture, stem=f"{beginning}{picture.stem}{ending}") for picture in pictures)


def _figures(result: "xr.Dataset", split: str | None) -> list[Picture]:
    values = main_values(result)
    along = "Rise along alpha" if is_rise(values[0]) else "Excess along alpha"
    kinds = [("Heat map", heatmap, drawn_heatmap), ("Bars", bars, drawn_bars)]
    kinds += [(along, curves, drawn_curves)] if result.sizes["alpha"] > 1 else []
    return [
        Picture(
            f"{kind_of(value)}_{plotted.__name__}",
            f"{title}: {barrier_table(result, value, split).axis_label}",
            partial(plotted, result, value, split),
            drawing=partial(drawn, result, value, split),
        )
        for value in values
        for title, plotted, drawn in kinds
    ]


def _class_pictures(result: "xr.Dataset", classes: "xr.Dataset", split: str | None) -> Iterator[Picture]:
    units = units_of(result)
    for value in class_values(classes):
        for host in labels(classes, "host"):
            drawing = partial(class_heatmap, classes, host, value, units[kind_of(value)], split)
            yield Picture("", f"Classes: {value_words(value)} into {host}", None, drawing=drawing)


def units_of(result: "xr.Dataset") -> dict[str, str]:
    """The units of a result.

    Args:
        result: A measurement.

    Returns:
        By "loss" and "error".
    """
    return {quantity: shown_unit(result, quantity) for quantity in OF}
