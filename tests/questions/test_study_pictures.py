"""What the pictures, sentences and tables of curvature and similarity must show, whatever the numbers."""

import numpy as np
import pytest
import xarray as xr
from drawn import texts

from isthmus.questions.curvature import picture as curvature
from isthmus.questions.similarity import picture as similarity
from isthmus.report.significant import significant_text
from isthmus.report.style import picture_bytes


def layer_names(count: int) -> list[str]:
    """Names of a deep network, from conv1 to fc."""
    return ["conv1", *(f"layer{1 + i // 2}.{i % 2}.conv{1 + i % 2}" for i in range(count - 2)), "fc"]


def curved(
    layers: int = 21, hosts: tuple[str, ...] = ("a", "b"), scale: float = 1e-3, largest: float = 0.2, seed: int = 0
) -> xr.Dataset:
    """A made-up study of curvature, with one layer far above the others."""
    rng = np.random.default_rng(seed)
    names = ["all", *layer_names(layers)]
    shape = (len(hosts), len(names))
    predicted = rng.normal(scale, scale, shape)
    predicted[0, 3] = largest
    measured = 1.5 * predicted
    cut = ("host", "moving")
    variables = {
        "slope": (cut, predicted),
        "predicted_rise": (cut, predicted),
        "predicted_cut_excess": (cut, -predicted),
        "measured_rise": (cut, measured),
        "measured_rise_low": (cut, measured - scale),
        "measured_rise_high": (cut, measured + scale),
        "measured_rise_effective_examples": (cut, 29.0 + np.arange(measured.size).reshape(shape) % 2),
        "num_parameters": (cut, np.full(shape, 9)),
        "random_rise": (cut, np.full(shape, scale)),
        "random_rise_error": (cut, np.full(shape, scale / 10)),
        "predicted_full_excess": ("host", np.full(len(hosts), 0.5)),
        "measured_full_excess": ("host", np.full(len(hosts), 0.4)),
        "measured_full_excess_low": ("host", np.full(len(hosts), 0.3)),
        "measured_full_excess_high": ("host", np.full(len(hosts), 0.55)),
    }
    attrs = {"study": "curvature", "loss": "cross_entropy", "rank_correlation": 0.8765, "num_compared": 2 * layers}
    return xr.Dataset(variables, {"host": list(hosts), "moving": names}, attrs)


def alike(layers: int = 21, alphas: tuple[float, ...] = (0.5,), smallest: float = 1e-5) -> xr.Dataset:
    """A made-up study of similarity."""
    names = ["all", *layer_names(layers)]
    between = np.geomspace(0.01, 0.3, len(names))
    blended = np.geomspace(smallest, 0.02, len(names))[:, None] * np.array([4 * x * (1 - x) for x in alphas])
    both, one = ("layer", "alpha"), ("layer",)
    variables = {
        "blend_dissimilarity": (both, blended),
        "blend_dissimilarity_low": (both, 0.9 * blended),
        "blend_dissimilarity_high": (both, 1.1 * blended),
        "network_dissimilarity": (one, between),
        "network_dissimilarity_low": (one, 0.9 * between),
        "network_dissimilarity_high": (one, 1.1 * between),
        "feature_status": (one, np.array(["own"] * len(names), dtype=object)),
        "distance": (one, between),
        "cosine": (one, 1 - between),
        "cosine_status": (one, np.array(["defined"] * len(names), dtype=object)),
    }
    shares = np.array([[0.625] * len(alphas), [0.75] * len(alphas), [0.8125] * len(alphas)])
    for ending, shift in (("", 0.0), ("_low", -0.1), ("_high", 0.1)):
        variables[f"agreement{ending}"] = (("compared", "alpha"), shares + shift)
    coordinates = {"layer": names, "alpha": list(alphas), "compared": ["a-b", "blend-a", "blend-b"]}
    return xr.Dataset(variables, coordinates, {"study": "similarity"})


@pytest.mark.parametrize("largest", [0.2, 2e-3])
def test_the_picture_of_curvature_has_a_point_for_every_layer_and_names_the_largest(largest: float) -> None:
    study = curved(58, largest=largest)
    figure = curvature.figure(study)
    axes = figure.axes[0]
    assert axes.get_xscale() == ("symlog" if largest == 0.2 else "linear")
    for host, container in zip("ab", axes.containers, strict=True):
        expected = study.sel(host=host).isel(moving=slice(1, None))
        np.testing.assert_array_equal(container.lines[0].get_xdata(), expected.predicted_rise)
        np.testing.assert_array_equal(container.lines[0].get_ydata(), expected.measured_rise)
        ends = np.array([segment[:, 1] for segment in container.lines[2][0].get_segments()])
        np.testing.assert_allclose(ends, np.stack([expected.measured_rise_low, expected.measured_rise_high], 1))
    shown = texts(picture_bytes(figure, "svg"))
    assert "Rank correlation 0.876, 116 layers and hosts" in shown
    assert {"1", "2", "3", "4", "5"} <= set(shown)
    ranked = study.measured_rise.isel(moving=slice(1, None)).stack(cut=("moving", "host"))
    moving, host = ranked.cut.values[int(np.abs(ranked.values).argmax())]
    assert f"1 {moving} into {host}" in shown
    assert not any("$" in text for text in shown)


def test_points_of_curvature_lie_inside_the_axes() -> None:
    for seed in range(5):
        study = curved(8, scale=10.0 ** -(seed + 1), largest=0.03, seed=seed)
        axes = curvature.figure(study).axes[0]
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        singles = study.isel(moving=slice(1, None))
        assert left < float(singles.predicted_rise.min()) <= float(singles.predicted_rise.max()) < right
        assert low < float(singles.measured_rise.min()) <= float(singles.measured_rise.max()) < high


def test_curvature_shows_what_is_finite_and_says_how_much_is_not() -> None:
    study = curved(5)
    for name in ("measured_rise", "measured_rise_low", "measured_rise_high", "predicted_rise", "random_rise"):
        study[name][0, 2] = np.nan
    study["measured_rise_high"][1, 1] = np.inf
    study.attrs["rank_correlation"] = float("nan")
    shown = texts(picture_bytes(curvature.figure(study), "svg"))
    assert "No rank correlation, 9 layers and hosts" in shown
    assert any("1 layers are not shown" in text for text in shown)
    assert "no rank correlation" in curvature.sentence(study)
    assert any(cell.text == "NaN" for row in curvature.rows(study).rows for cell in row)
    nothing = study.assign(measured_rise=study.measured_rise * np.nan, random_rise=study.random_rise * np.nan)
    picture_bytes(curvature.figure(nothing), "svg")
    assert "random direction" not in curvature.sentence(nothing)


def undecided(*cuts: tuple[str, str]) -> xr.Dataset:
    """A made-up study of curvature in which these cuts alone have intervals that include zero."""
    study = curved()
    rise = study.measured_rise
    study = study.assign(measured_rise_low=rise - abs(rise) / 100, measured_rise_high=rise + abs(rise) / 100)
    for layer, host in cuts:
        study.measured_rise_low.loc[{"moving": layer, "host": host}] = -1.0
        study.measured_rise_high.loc[{"moving": layer, "host": host}] = 1.0
    return study


def test_the_sentence_of_curvature_is_read_off_the_numbers() -> None:
    said = curvature.sentence(undecided(("conv1", "a"), ("conv1", "b"), ("fc", "b")))
    for words in (
        "42 layers and hosts have rank correlation 0.876",
        "Largest is layer1.1.conv2 into a: measured 0.3 nats (95 % interval 0.3 to 0.3), predicted 0.2.",
        "includes zero for 3 of them: conv1 into a and b, fc into b.",
        "0.5 predicted, 0.4 [0.3, 0.55] measured (nats)",
    ):
        assert words in said, said
    predicted = curved().predicted_rise.isel(moving=slice(1, None)).values
    assert f"For {(predicted > 1e-3).sum()} of 42 the predicted rise is above that of a random direction" in said
    assert "No measured interval includes zero." in curvature.sentence(undecided(("all", "a")))
    unmoved = undecided(("conv1", "a"))
    unmoved.num_parameters.loc[{"moving": "conv1"}] = 0
    assert "No measured interval includes zero." in curvature.sentence(unmoved)
    one = curved(hosts=("b",))
    one["measured_full_excess"][0] = 0.7
    assert "0.5 predicted, 0.7 [0.3, 0.55] measured (nats)" in curvature.sentence(one)
    other = curved()
    other["measured_full_excess"][0] = 0.7
    assert "into a 0.5 predicted, 0.7 [0.3, 0.55] measured; into b 0.5 predicted" in curvature.sentence(other)


def test_the_table_of_curvature_has_a_row_for_every_layer_and_host() -> None:
    table = curvature.rows(curved(4))
    assert [(row[0].text, row[1].text) for row in table.rows[:3]] == [
        ("full network", "a"), ("full network", "b"), ("conv1", "a"),
    ]  # fmt: skip
    assert len(table.rows) == 10
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert sum(row[2].text.endswith("‡") for row in table.rows) == 5
    assert float(table.rows[0][3].stored) == float(curved(4).predicted_rise[0, 0])


@pytest.mark.parametrize("alphas", [(0.5,), (0.25, 0.5, 0.75), (0.1, 0.3, 0.5, 0.7, 0.9)])
def test_the_picture_of_similarity_names_every_layer_and_draws_both_curves(alphas: tuple[float, ...]) -> None:
    study = alike(58, alphas)
    figure = similarity.figure(study)
    assert len(figure.axes) == (len(alphas) if len(alphas) <= 3 else 1)
    drawn = [line.get_xdata() for axes in figure.axes for line in axes.lines if len(line.get_xdata()) == 58]
    for k in range(len(alphas)):
        assert any(np.array_equal(line, study.blend_dissimilarity.values[1:, k]) for line in drawn)
    assert sum(np.array_equal(line, study.network_dissimilarity.values[1:]) for line in drawn) == len(figure.axes)
    shown = texts(picture_bytes(figure, "svg"))
    assert not [name for name in study["layer"].values[1:] if name not in shown]
    assert {"full network", "a against b"} <= set(shown)
    assert figure.axes[0].get_xscale() == "log"
    assert not any("$" in text for text in shown)


def test_values_of_one_size_have_a_linear_axis_from_zero() -> None:
    study = alike(4, smallest=0.019)
    for ending in ("", "_low", "_high"):
        study[f"network_dissimilarity{ending}"] = 0.03 + 0 * study["network_dissimilarity"]
    axes = similarity.figure(study).axes[0]
    assert (axes.get_xscale(), axes.get_xlim()[0]) == ("linear", 0.0)


def test_alphas_without_a_difference_are_named_and_not_drawn() -> None:
    study = alike(4, (0.0, 0.5, 1.0))
    figure = similarity.figure(study)
    assert [axes.get_title() for axes in figure.axes] == ["alpha 0.5"]
    assert "Not drawn, being zero at every layer: alpha 0, 1." in texts(picture_bytes(figure, "svg"))
    identical = study * 0
    identical["feature_status"], identical["cosine_status"] = study["feature_status"], study["cosine_status"]
    assert len(similarity.figure(identical).axes) == 3
    picture_bytes(similarity.figure(identical), "png")


def test_layers_without_features_are_hatched_and_the_sentence_says_so() -> None:
    study = alike(4)
    for name in [str(name) for name in study.data_vars if "dissimilarity" in str(name)]:
        study[name][1:] = np.nan
    study["feature_status"][1:] = "none: the network runs as a single stage"
    axes = similarity.figure(study).axes[0]
    assert sum(patch.get_hatch() is not None for patch in axes.patches) == 4
    said = similarity.sentence(study)
    assert "No layer has features of its own: none: the network runs as a single stage." in said
    assert "For the outputs it is" in said
    assert similarity.rows(study).rows[1][1].text == "–"


def test_the_sentence_of_similarity_is_read_off_the_numbers() -> None:
    study = alike(4, (0.25, 0.45))
    said = similarity.sentence(study)
    worst = study.isel(layer=4, alpha=1)
    for words in (
        "At alpha 0.45 the features",
        "in 4 of 4 layers; they depart most at fc: " + significant_text(float(worst.blend_dissimilarity)),
        "same class for 62.5 % of the examples (52.5 to 72.5), the blend and a for 75.0 %",
        "and b 81.2 %",
    ):
        assert words in said, said
    assert "degrees" not in said
    angled = study.assign(
        branch_cosine=("layer", [0.0, 0.1, 0.2, 0.3, 0.4]), branch_angle_degrees=("layer", [90.0, 1, 2, 3, 4])
    )
    assert "From their common start the two ways part at 90.0 degrees (cosine 0)." in similarity.sentence(angled)
    assert "agreement" not in similarity.sentence(study.drop_vars([n for n in study if "agreement" in str(n)]))


def test_the_table_of_similarity_has_columns_for_what_is_known() -> None:
    plain, several = similarity.rows(alike(4)), similarity.rows(alike(4, (0.25, 0.5)))
    assert "Alpha" not in plain.columns
    assert (len(plain.rows), len(several.rows)) == (5, 10)
    assert several.columns[1] == "Alpha"
    study = alike(4).assign(
        distance_from_initial=(("network", "layer"), np.ones((2, 5))), branch_cosine=("layer", np.zeros(5)),
        branch_angle_degrees=("layer", np.full(5, 90.0)),
    ).assign_coords(network=["a", "b"])  # fmt: skip
    full = similarity.rows(study)
    assert full.columns[-1] == "Angle at the start, degrees"
    assert [cell.text for cell in full.rows[0][-3:]] == ["1", "1", "90"]
    assert {len(row) for row in full.rows} == {len(full.columns)}


def test_numbers_have_their_significant_digits() -> None:
    cases = {0.0123456: "0.0123", -0.0123456: "−0.0123", 0.0: "0", 1234.5: "1.23e+03", float("nan"): "NaN",
             float("inf"): "∞", float("-inf"): "−∞"}  # fmt: skip
    assert {value: significant_text(value) for value in cases} == cases
