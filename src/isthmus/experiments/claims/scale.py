"""When single layers have barriers: pairs that saw more or fewer images, in wider and narrower networks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.data.spec import parse_data_spec
from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located, largest
from isthmus.experiments.evidence.shares import layer_shares
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.recipes import TrainedNetworks
from isthmus.experiments.reproduction.scale import Scale
from isthmus.measures.estimate import Estimate, difference
from isthmus.models.spec import RegisteredModel, parse_model_spec
from isthmus.report.claims.trends import Trend, trends
from isthmus.report.picture import Picture
from isthmus.results.rows import in_split
from isthmus.results.variables import ERROR

if TYPE_CHECKING:
    import xarray as xr

EXAMPLES = {Scale.SMOKE: 60, Scale.SMALL: 2000, Scale.PAPER: 10_000}
"""How many images of either split are measured on: fewer where a pair saw fewer."""


@dataclass(frozen=True)
class Point:
    """What a pair shows.

    Attributes:
        images: How many training images it saw.
        width: Channels of the first convolution.
        wrong: The mean error rate of its two networks, by split.
        full: The full network's loss barrier on training images.
        layer: The largest loss barrier of a single layer there.
        share: The largest share of the full network's excess that a single layer makes there.
    """

    images: int
    width: int
    wrong: Mapping[str, float]
    full: Located
    layer: Located
    share: Located

    @property
    def memorisation(self) -> float:
        """How much less often it errs on images that it saw, in percentage points."""
        return 100 * (self.wrong["test"] - self.wrong["train"])


def run(bench: Bench) -> Evidence:
    """Train pairs with as many steps each, and look for the layer that makes the largest part of the barrier.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the barriers over images, width and memorisation.
    """
    networks = bench.train_networks()
    points = [_point(bench, networks, number) for number in range(len(networks.pairs))]
    titles = ["images", "width", "error on training, test images (%)", "full network", "largest layer", "of", "share"]
    rows = [titles, *(_row(point) for point in points)]
    by_images, by_width = same_width(points), same_images(points)
    sentence = (
        f"Left: width {by_images[0].width}, from few images to many. Middle: {by_width[0].images:,} images, from "
        "narrow to wide. Right: all pairs, from those that err on new images as on old ones to those that know their "
        "images by heart. Bars hold 95 % intervals."
    )
    shown = [
        Trend("training images", [(one.images, curves(one)) for one in by_images], logarithmic=True),
        Trend("width", [(one.width, curves(one)) for one in by_width], logarithmic=True),
        Trend(
            "test less training error (points)",
            [(one.memorisation, curves(one)) for one in sorted(points, key=lambda one: one.memorisation)],
        ),
    ]
    title = "Loss barrier on training images over images, width and memorisation"
    picture = Picture("trends", title, lambda: trends(shown, "loss barrier (nats)"), sentence)
    obtained = [
        f"From {by_images[0].images:,} to {by_images[-1].images:,} images, at width {by_images[0].width}: "
        f"{change(by_images[0], by_images[-1])}",
        f"From width {by_width[0].width} to {by_width[-1].width}, on {by_width[0].images:,} images: "
        f"{change(by_width[0], by_width[-1])}",
    ]
    return Evidence({"": found_of(points)}, obtained, [picture], len(points), rows)


def found_of(points: Sequence[Point]) -> Found:
    """What the criteria speak of.

    Args:
        points: Of all pairs.

    Returns:
        "data": by how much a layer's share is larger with the fewest images than with the most; "width": in the
        narrowest network than in the widest; "full" and "layer": the barriers with the most images.
    """
    by_images, by_width = same_width(points), same_images(points)
    return {
        "data": Located(difference(by_images[0].share.estimate, by_images[-1].share.estimate)),
        "width": Located(difference(by_width[0].share.estimate, by_width[-1].share.estimate)),
        "full": by_images[-1].full,
        "layer": by_images[-1].layer,
    }


def same_width(points: Sequence[Point]) -> list[Point]:
    """The pairs of the width that most pairs have.

    Args:
        points: Of all pairs.

    Returns:
        From the fewest images to the most.
    """
    return sorted(_most_common(points, "width"), key=lambda one: one.images)


def same_images(points: Sequence[Point]) -> list[Point]:
    """The pairs that saw as many images as most pairs did.

    Args:
        points: Of all pairs.

    Returns:
        From the narrowest to the widest.
    """
    return sorted(_most_common(points, "images"), key=lambda one: one.width)


def curves(point: Point) -> dict[str, Estimate]:
    """What the picture shows of a pair.

    Args:
        point: Of the pair.

    Returns:
        Its barriers by their words.
    """
    return {"full network": point.full.estimate, "largest single layer": point.layer.estimate}


def change(first: Point, last: Point) -> str:
    """What becomes of the barriers from one pair to another.

    Args:
        first: Of the one.
        last: Of the other.

    Returns:
        A sentence.
    """
    parts = [
        f"{words} goes from {one.estimate.whole_text} to {other.estimate.whole_text}{unit}"
        for words, one, other, unit in (
            ("the full barrier", first.full, last.full, " nats"),
            ("the largest one of a single layer", first.layer, last.layer, " nats"),
            ("the largest share of it that a layer makes", first.share, last.share, ""),
        )
    ]
    return "; ".join(parts) + "."


def _most_common(points: Sequence[Point], name: str) -> list[Point]:
    (value, _), *_ = Counter(getattr(one, name) for one in points).most_common()
    return [one for one in points if getattr(one, name) == value]


def _point(bench: Bench, networks: TrainedNetworks, number: int) -> Point:
    a, b = networks.pairs[number]
    (recipe,) = (recipe for recipe in networks.recipes if recipe.name == a)
    spec, model = parse_data_spec(recipe.data), parse_model_spec(recipe.model)
    assert isinstance(model, RegisteredModel)
    assert spec.stop is not None
    most = EXAMPLES[bench.scale]
    data = {"train": f"{spec.source}:train[0:{min(most, spec.stop)}]", "test": f"{spec.source}:test[0:{most}]"}
    end = bench.measure(f"{a}-{b}", recipe.model, data, a=[networks.final(a)], b=[networks.final(b)])
    (full,) = barriers.full_barriers(end, "train")
    return Point(
        images=spec.stop,
        width=int(model.options["width"]),
        wrong={split: _wrong(end, split) for split in data},
        full=full,
        layer=largest(barriers.layer_barriers(end, "train")),
        share=largest(layer_shares(end, "train")),
    )


def _wrong(end: "xr.Dataset", split: str) -> float:
    part = in_split(end.isel(pair=0), split)
    return sum(float(part[one.name]) for one in ERROR.ends.values()) / len(ERROR.ends)


def _row(point: Point) -> list[str]:
    wrong = ", ".join(f"{100 * point.wrong[split]:.1f}" for split in ("train", "test"))
    cells = [f"{point.images:,}", f"{point.width}", wrong, point.full.estimate.whole_text]
    return [*cells, point.layer.estimate.whole_text, point.layer.where, point.share.estimate.whole_text]
