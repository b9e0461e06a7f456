"""The claim about images and width: which pairs are compared, and what the picture shows of them."""

import pytest

from isthmus.experiments.claims.scale import Point, change, curves, found_of, same_images, same_width
from isthmus.experiments.evidence.located import Located
from isthmus.experiments.reproduction.recipes import shipped_recipes
from isthmus.experiments.reproduction.scale import Scale
from isthmus.measures.estimate import Estimate
from isthmus.report.claims.trends import Trend, trends


def point(images, width, share=0.5, wrong=(0.1, 0.4)):
    full, layer, part = (
        Located(Estimate(value, value - 0.1, value + 0.1), f"{images} of {width}") for value in (1.0, share, share)
    )
    return Point(images, width, dict(zip(("train", "test"), wrong, strict=True)), full, layer, part)


# Neither in order of images nor of width, as a recipe may list them.
POINTS = [point(8000, 16, 0.2), point(2000, 4, 0.9), point(500, 16, 0.8), point(2000, 16, 0.5), point(2000, 32, 0.4)]


def test_only_what_differs_in_one_thing_is_compared():
    assert [one.images for one in same_width(POINTS)] == [500, 2000, 8000]
    assert [one.width for one in same_images(POINTS)] == [4, 16, 32]


def test_the_fewest_images_are_compared_with_the_most_and_the_narrowest_network_with_the_widest():
    found = found_of(POINTS)
    assert found["data"].estimate.value == pytest.approx(0.8 - 0.2)
    assert found["width"].estimate.value == pytest.approx(0.9 - 0.4)
    assert found["layer"].where == found["full"].where == "8000 of 16"


def test_memorisation_is_what_new_images_are_wrong_more_often():
    assert point(500, 16, wrong=(0.05, 0.45)).memorisation == pytest.approx(40)


def test_a_change_is_told_in_the_order_given():
    assert "single layer goes from 0.8 (0.7 to 0.9) to 0.2 (0.1 to 0.3) nats" in change(POINTS[2], POINTS[0])


def test_the_picture_holds_every_number_with_its_interval():
    by_images = same_width(POINTS)
    shown = Trend("training images", [(one.images, curves(one)) for one in by_images], logarithmic=True)
    (axes,) = trends([shown], "nats").axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["500", "2,000", "8,000"]
    for lines, name in zip(axes.containers, curves(POINTS[0]), strict=True):
        values, _, (bars,) = lines
        numbers = [curves(one)[name] for one in by_images]
        assert list(values.get_ydata()) == [one.value for one in numbers]
        ends = [[one.low, one.high] for one in numbers]
        assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [pytest.approx(one) for one in ends]


@pytest.mark.parametrize("scale", [Scale.SMOKE, Scale.SMALL, Scale.PAPER])
def test_pairs_differ_in_their_order_alone_and_take_as_many_steps_as_all_others(scale):
    recipes = {recipe.name: recipe for recipe in shipped_recipes("scale", scale)}
    for number in range(1, len(recipes) // 2 + 1):
        a, b = recipes[f"a{number}"], recipes[f"b{number}"]
        assert (a.model, a.data, a.seeds.initialisation) == (b.model, b.data, b.seeds.initialisation)
        assert a.seeds.order != b.seeds.order
    assert len({(str(one.length), one.batch_size, str(one.schedule)) for one in recipes.values()}) == 1
    assert len({(one.model, one.data) for one in recipes.values()}) == len(recipes) // 2
