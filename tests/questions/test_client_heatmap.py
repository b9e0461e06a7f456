"""The heat map of what averaging costs clients: a cell a number, and a sentence that follows from them."""

import numpy as np
import pytest
import xarray as xr
from made_measurements import resnet_layers

from isthmus.questions.clients.picture import client_heatmap, client_sentence, colour_limit
from isthmus.report.style import picture_bytes


def made_costs(num_layers=4, scale=1.0, data=("own", "other", "union", "test")):
    layers = resnet_layers(num_layers)
    moving = ["all", *layers, "A critical"]
    value = scale * np.array([3.0, *np.linspace(-0.04, 0.05, num_layers), 1.0])
    value = value[:, None, None] + np.zeros((1, 2, len(data)))
    value[:, 1] *= 2
    value[1:, :, 2] -= 0.5
    dims = ("moving", "host", "data")
    return xr.Dataset(
        {"rise": (dims, value), "rise_low": (dims, value - 0.02), "rise_high": (dims, value + 0.02)},
        coords={
            "moving": moving, "host": ["a", "b"], "data": list(data),
            "sweep": ("moving", ["full", *["single"] * num_layers, "subsets:given"]),
        },
    )  # fmt: skip


COSTS = {"i.i.d. (a1-b1)": made_costs(21), "classes=5 (a2-b2)": made_costs(21, 2.0)}


def test_every_set_of_layers_has_a_number_for_each_client_and_data_in_every_panel():
    figure = client_heatmap(COSTS)
    panels = [axes for axes in figure.axes if axes.get_title() in COSTS]
    assert [axes.get_title() for axes in panels] == list(COSTS)
    texts = [text.get_text() for text in panels[0].texts]
    assert len(texts) == 23 * 6 + 3
    assert texts[:6] == ["3.00", "6.00", "3.00", "6.00", "3.00", "6.00"]
    assert texts[-3:] == ["own data", "union", "test"]
    assert [tick.get_text() for tick in panels[0].get_xticklabels()] == ["a", "b"] * 3
    names = [tick.get_text() for tick in panels[0].get_yticklabels()]
    assert (names[0], names[-1]) == ("full network", "A critical")
    assert picture_bytes(figure, "png")


def test_what_was_not_measured_has_no_columns():
    figure = client_heatmap({"x": made_costs(data=("own", "other", "union"))})
    (panel,) = [axes for axes in figure.axes if axes.get_title() == "x"]
    assert [text.get_text() for text in panel.texts[-2:]] == ["own data", "union"]


def test_colours_end_with_the_layers_unless_the_full_network_is_far_larger():
    assert colour_limit([0.1, -0.3], [2.0, 4.0]) == 0.3
    assert colour_limit([0.1, -0.3], [20.0]) == 1.0
    assert colour_limit([np.nan], [0.0]) == 1.0


@pytest.mark.parametrize("scale", [1.0, -1.0])
def test_the_sentence_names_the_costliest_and_the_cheapest_layer(scale):
    costs = made_costs(4, scale)
    sentence = client_sentence("x", costs)
    layers = resnet_layers(4)
    cheapest, costliest = (layers[0], layers[-1]) if scale > 0 else (layers[-1], layers[0])
    low, high = ("−0.08", "0.10") if scale > 0 else ("−0.10", "0.08")
    assert f"averaging one layer by {low} ({cheapest} of b) to {high} ({costliest} of b)" in sentence
    assert f"raises a client's loss by {'−' * (scale < 0)}3.00 and {'−' * (scale < 0)}6.00 nats" in sentence
    assert "on the union" in sentence
