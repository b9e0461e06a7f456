"""Pictures of questions: they apply where they can be answered, show what they say, and say what the numbers are."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from cases import CASES
from drawn import texts
from made_measurements import SWEEPS, many_sweeps, resnet_layers

import isthmus
from isthmus.pages import page, save_report
from isthmus.pages.pictures import run_pictures
from isthmus.pages.questions import question_pictures
from isthmus.questions.interactions.picture import interaction_matrix, matrix_figure, matrix_words, nearest_alpha
from isthmus.report.rows.cumulative import cumulative_curves, cumulative_sentence, growths
from isthmus.report.rows.normalised import normalised_rises, normalised_sentence
from isthmus.report.rows.windows import window_bars, window_sentence, windows
from isthmus.report.style import picture_bytes
from isthmus.results.rows import layer_labels

Make = Callable[..., xr.Dataset]
BOTH = ("cumulative", "windows", "interactions")
STEMS = {"loss_normalised", *(f"{quantity}_{stem}" for stem in BOTH for quantity in ("loss", "error"))}
MLP = CASES[0]


def made_interactions(layers: int, seed: int = 0) -> xr.Dataset:
    """Symmetric interactions of which some lie clearly off zero."""
    random = np.random.default_rng(seed)
    half = random.normal(0, 0.05, size=(2, layers, layers))
    middle = half + half.swapaxes(1, 2)
    middle[:, range(layers), range(layers)] = np.nan
    names, dims = resnet_layers(layers), ("host", "layer", "other_layer")
    found = {"interaction": (dims, middle), "interaction_low": (dims, middle - 0.08)}
    found["interaction_high"] = (dims, middle + 0.08)
    return xr.Dataset(found, coords={"host": ["a", "b"], "layer": names, "other_layer": names})


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """A real run."""
    sweeps = [*SWEEPS, "cumulative:ends_first"]
    folder = tmp_path_factory.mktemp("runs") / "run"
    return isthmus.measure(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(30), sweep=sweeps, alphas=3, out=folder)


def test_every_question_of_a_run_is_drawn_and_said_and_stands_on_the_page(measured: xr.Dataset, tmp_path: Path) -> None:
    pictures = question_pictures(measured)
    assert {picture.stem for picture in pictures} == STEMS
    text = save_report([("one", measured, None)], tmp_path).read_text()
    for picture in pictures:
        assert {"svg"} == {file.suffix[1:] for file in (tmp_path / "figures").glob(f"{picture.stem}.*")}
        assert picture.sentence.endswith(".")
        assert picture.sentence.replace("'", "&#39;") in text
    drawn = [picture for picture in pictures if picture.drawing]
    assert text.count('<svg class="plotted"') == len(STEMS) - len(drawn)
    for picture in drawn:
        assert f'aria-label="{picture.title}. ' in text


def test_every_split_has_its_own_picture_and_sentence(tmp_path: Path) -> None:
    result = many_sweeps(2, ["cumulative:deep_first"], splits=["train", "test"], errors=False)
    text = save_report([("one", result, None)], tmp_path).read_text()
    pictures = [(tmp_path / "figures" / f"loss_cumulative_{split}.svg").read_bytes() for split in ("train", "test")]
    assert pictures[0] != pictures[1]
    assert "Layers that join one by one: loss, test</h4>" in text
    for split in ("train", "test"):
        assert cumulative_sentence(result, "loss_rise", split).replace("'", "&#39;") in text


def test_a_stored_run_has_the_questions_of_the_measurement_and_loses_those_that_need_its_losses(
    measured: xr.Dataset, tmp_path: Path
) -> None:
    loaded = isthmus.load_run(measured.attrs["run_folder"])
    stored, own = ({picture.stem: picture.sentence for picture in question_pictures(of)} for of in (loaded, measured))
    assert stored == own
    gone = question_pictures(loaded.assign_attrs(run_folder=str(tmp_path)))
    assert STEMS - {picture.stem for picture in gone} == {
        "loss_interactions",
        "error_interactions",
    }


def test_questions_apply_only_where_their_sweeps_are(measurement: Make) -> None:
    def stems(result: xr.Dataset) -> set[str]:
        return {picture.stem for picture in question_pictures(result)}

    assert stems(measurement(3)) == set()
    assert stems(many_sweeps(4, ["cumulative:deep_first"], errors=False)) == {"loss_cumulative"}
    assert stems(many_sweeps(4, ["window:2"])) == {"loss_windows", "error_windows"}
    assert stems(many_sweeps(4).expand_dims(step=2)) == set()
    assert "loss_interactions" not in stems(many_sweeps(4))


def test_stems_are_unique_and_a_page_without_pictures_still_says_the_sentences() -> None:
    result = many_sweeps(splits=["train", "test"])
    stems = [picture.stem for picture in run_pictures(result) if picture.draw]
    assert len(set(stems)) == len(stems)
    result = many_sweeps()
    text = page([("one", result, None)])
    assert cumulative_sentence(result, "loss_rise").replace("'", "&#39;") in text
    assert "<img" not in text


@pytest.mark.parametrize("layers", [1, 2, 58])
def test_windows_name_every_layer_and_have_a_bar_for_each_window_and_host(layers: int) -> None:
    lengths = [1, 2] if layers > 1 else [1]
    result = many_sweeps(layers, ["single", *(f"window:{length}" for length in lengths[1:])] if layers > 1 else
                         ["window:1"])  # fmt: skip
    shown = texts(picture_bytes(window_bars(result), "svg"))
    assert set(resnet_layers(layers)) <= set(shown)
    figure = window_bars(result)
    assert [len(axes.patches) for axes in figure.axes] == [2 * (layers - length + 1) for length in lengths]
    assert {length: len(rows) for length, rows in windows(result).items()} == {n: layers - n + 1 for n in lengths}


def test_the_largest_window_is_named_by_its_first_and_last_layer() -> None:
    result = many_sweeps(6, errors=False)
    result["loss_barrier"][:] = 0.1
    for name, value in (("", 0.75), ("_low", 0.5), ("_high", 1.0)):
        result[f"loss_barrier{name}"].loc[{"moving": "window2:layer1.0.conv2", "host": "b"}] = value
    assert (
        "of windows of 2 layers 0.8 [0.4, 1.0] (layer1.0.conv2 to layer1.0.bn2 into b); the full" in
        window_sentence(result)
    )  # fmt: skip
    result["loss_barrier"].loc[{"moving": "window2:layer1.0.conv2", "host": "b"}] = math.nan
    assert "layer1.0.conv2 to" not in window_sentence(result)


def test_growing_groups_are_a_line_an_order_in_the_order_of_their_size() -> None:
    result = many_sweeps(12)
    result = result.isel(moving=np.random.default_rng(0).permutation(result.sizes["moving"]))
    assert sorted(order.name for order in growths(result)) == ["random0", "random1", "shallow_first"]
    figure = cumulative_curves(result)
    drawn = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 12]
    assert len(drawn) == 3
    for line in drawn:
        assert list(line.get_xdata()) == list(range(1, 13))
    rows = [f"shallow_first:{k:02}" for k in range(1, 13)]
    expected = result["loss_barrier"].sel(host="a", moving=rows).values
    assert any(np.array_equal(line.get_ydata(), expected) for line in drawn)
    assert len({line.get_color() for line in drawn}) == 2
    assert len(figure.axes[0].collections) == 3


def test_the_sentence_counts_the_layers_to_half_of_the_full_barrier() -> None:
    result = many_sweeps(4, errors=False, hosts=("a",), full=2.0)
    result["loss_barrier"].loc[{"moving": "all"}] = 2.0
    for k, values in enumerate([(0.1, 0.2, 1.1), (0.9, 0.3, 1.2), (1.0, 0.4, 1.3), (2.0, 2.0, 2.0)], start=1):
        for order, value in zip(("shallow_first", "random0", "random1"), values, strict=True):
            result["loss_barrier"].loc[{"moving": f"{order}:{k:02}"}] = value
    words = cumulative_sentence(result)
    assert "is reached after 3 of 4 layers from the input, 1 to 4 in random order." in words
    assert words.startswith("Into a, half of the full network's loss barrier (2.0")
    result["loss_barrier_low"].loc[{"moving": "all"}] = -0.1
    result["loss_barrier"].loc[{"moving": "random1:02"}] = 3.0
    assert "is not clearly above zero, and the largest on the way is 3.0" in cumulative_sentence(result)
    assert "at random1:02." in cumulative_sentence(result)
    result["loss_barrier"][:] = math.nan
    assert cumulative_sentence(result) == "Into a every loss barrier on the way is NaN."


def test_a_given_order_that_stays_below_half_is_said_to() -> None:
    result = many_sweeps(4, ["cumulative:given:conv1,fc"], errors=False, hosts=("a",))
    result["loss_barrier"][:] = 0.1
    result["loss_barrier"].loc[{"moving": "all"}] = 2.0
    assert cumulative_sentence(result).endswith("is reached after more than all of 2 layers given.")


def test_points_of_curves_that_few_examples_carry_are_counted() -> None:
    result = many_sweeps(4, errors=False)
    assert not any("too short" in text for text in texts(picture_bytes(cumulative_curves(result), "svg")))
    result["loss_barrier_effective_examples"].loc[{"moving": "random0:02"}] = 5
    shown = " ".join(texts(picture_bytes(cumulative_curves(result), "svg")))
    assert "At 2 of 26 points: fewer than 30 examples" in shown


@pytest.mark.parametrize("layers", [2, 21, 58])
def test_the_matrix_names_every_layer_on_both_sides_and_outlines_what_is_not_zero(layers: int) -> None:
    found = made_interactions(layers)
    shown = texts(picture_bytes(matrix_figure(found, "title", "nats"), "svg"))
    assert all(shown.count(layer) >= 2 for layer in resnet_layers(layers))
    figure = matrix_figure(found, "title", "nats")
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["into a", "into b"]
    for host, axes in zip("ab", panels, strict=True):
        cells = found.sel(host=host)
        off = ~np.eye(layers, dtype=bool)
        is_clear = ((cells.interaction_low > 0) | (cells.interaction_high < 0)).values & off
        mesh, outlines = axes.collections
        assert len(outlines.get_segments()) == is_clear.sum()
        places = {(round(float(s[:4, 1].mean())), round(float(s[:4, 0].mean()))) for s in outlines.get_segments()}
        assert places == {(int(i), int(j)) for i, j in np.argwhere(is_clear)}
        np.testing.assert_array_equal(np.ma.getdata(mesh.get_array())[off.ravel().reshape(mesh.get_array().shape)],
                                      cells.interaction.values[off])  # fmt: skip
        assert mesh.norm(0.0) == 0.5


def test_the_colours_of_the_matrix_end_at_the_largest_clear_interaction() -> None:
    found = made_interactions(6)
    found["interaction"][0, 1, 2] = found["interaction"][0, 2, 1] = 7.0
    found["interaction_low"][0, 1, 2] = found["interaction_low"][0, 2, 1] = -1.0
    limit = matrix_figure(found, "", "nats").axes[0].collections[0].norm.vmax
    clear = (found.interaction_low > 0) | (found.interaction_high < 0)
    assert limit == float(np.abs(found.interaction.where(clear)).max()) < 1


def test_a_missing_interaction_is_hatched() -> None:
    found = made_interactions(4)
    assert not matrix_figure(found, "", "nats").axes[0].patches
    found["interaction"][0, 1, 2] = math.nan
    assert len(matrix_figure(found, "", "nats").axes[0].patches) == 1
    found["interaction"][:] = math.nan
    assert matrix_words(found, "nats") == "No pair of layers has an interaction that is a number."


def test_the_sentence_counts_pairs_once_and_names_the_largest_that_is_clear() -> None:
    found = made_interactions(6)
    for name, value in (("", 0.01), ("_low", -0.05), ("_high", 0.05)):
        found[f"interaction{name}"][:] = value
    for i, j in ((1, 3), (3, 1)):
        found["interaction"][1, i, j], found["interaction_low"][1, i, j] = -0.6, -0.8
        found["interaction_high"][1, i, j] = -0.4
        found["interaction"][0, i, j] = 0.9
        found["interaction_low"][0, i, j] = -0.1
    words = matrix_words(found, "nats")
    assert words.startswith("Of 30 pairs of layers into either host, 0 cost clearly more")
    assert "and 1 clearly less, where up to about 2 would by chance" in words
    assert "clear interaction is −0.6 nats [−0.9, −0.3], layer1.0.conv1 with layer1.0.bn2 into b." in words


def test_the_matrix_of_a_result_shows_its_interactions_at_the_alpha_nearest_to_the_middle(measured: xr.Dataset) -> None:
    assert nearest_alpha(measured) == 0.5
    found = isthmus.interactions(measured, 0.5, "error").sel(host="b")
    mesh = interaction_matrix(measured, "error_barrier").axes[1].collections[0]
    shown = mesh.get_array().reshape(found.interaction.shape).filled(np.nan)
    np.testing.assert_array_equal(shown, 100 * found.interaction.values)


def test_rises_per_size_are_the_stored_ones_and_layers_above_the_full_network_are_counted(
    measured: xr.Dataset,
) -> None:
    words = normalised_sentence(measured)
    part = measured.sel(host="b")
    layers = list(layer_labels(measured))
    for name, text in (("squared_distance", "squared distance"), ("parameter", "parameter")):
        values = part[f"loss_rise_per_{name}"]
        above = int((values.sel(moving=layers) > values.sel(moving="all")).sum())
        assert f"{above} per {text}" in words.partition("into b")[2]
    figure = normalised_rises(measured)
    bars = [patch.get_width() for patch in figure.axes[2].patches]
    million = 1e6 * part["loss_rise_per_parameter"].sel(moving=layers).values
    np.testing.assert_allclose(bars[1::2], million)
    nothing = measured.copy(deep=True)
    nothing["loss_rise"].loc[{"moving": "all"}] = -1.0
    nothing["loss_rise_share"][:] = math.nan
    assert "into a unknown per layer" in normalised_sentence(nothing)


def test_pictures_of_layers_show_single_layers_alone_where_there_are_groups_too() -> None:
    result = many_sweeps(6)
    assert layer_labels(result) == tuple(resnet_layers(6))
    assert set(layer_labels(many_sweeps(4, ["pairs"]))) == set(many_sweeps(4, ["pairs"]).moving.values) - {"all"}
    from isthmus.report import bars, distances, heatmap, reading

    for picture in (heatmap, bars, distances):
        shown = texts(picture_bytes(picture(result), "svg"))
        assert set(resnet_layers(6)) <= set(shown)
        assert not any(":" in text for text in shown), picture
    assert "Of single layers" in reading(result)[0]
    assert "Of moving groups" in reading(many_sweeps(4, ["pairs"]))[0]
    assert "window2:conv1" in page([("one", result, None)])


def test_the_same_result_gives_the_same_bytes_twice(measured: xr.Dataset) -> None:
    for picture in question_pictures(measured):
        one, other = (picture_bytes(picture.draw(), "svg") for _ in range(2))  # type: ignore[misc]
        assert one == other, picture.stem
