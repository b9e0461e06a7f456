"""A result in Python: its accessor, its pictures on axes of one's own, its HTML in a notebook."""

import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from cases import CASES
from made_measurements import make_measurement
from matplotlib.axes import Axes
from matplotlib.text import Text

import isthmus
from isthmus.pages.pictures import run_pictures
from isthmus.results.variables import NATS, NUMBER, TEXT, VARIABLES

MLP = CASES[0]


@pytest.fixture(autouse=True)
def _no_window(monkeypatch):
    mpl.use("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    folder = tmp_path_factory.mktemp("runs") / "mine"
    return isthmus.measure(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(20), alphas=3, out=folder)


def make_trajectory(num_steps: int) -> xr.Dataset:
    """The same network at several steps, as a collection holds them."""
    parts = [make_measurement(3, seed=seed) for seed in range(num_steps)]
    return xr.concat(parts, "step", combine_attrs="override").assign_coords(step=[f"{k}ep" for k in range(num_steps)])


def texts(axes: Axes) -> set[str]:
    return {text.get_text() for text in axes.findobj(Text) if text.get_text()}


def test_every_variable_has_its_words_and_its_unit(measured: xr.Dataset) -> None:
    stored = isthmus.load_run(measured.attrs["run_folder"])
    for result in (measured, stored, isthmus.barrier(measured, "chord"), isthmus.class_barriers(measured)):
        for name, values in result.variables.items():
            declared = VARIABLES[str(name)]
            unit = {NATS: "nats", NUMBER: None, TEXT: None}.get(declared.unit, declared.unit)
            assert values.attrs.get("long_name") == declared.words, name
            assert values.attrs.get("units") == unit, name


def test_units_are_those_of_the_loss() -> None:
    squared = isthmus.measure(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(20), loss="squared_error")
    assert squared.loss_barrier.attrs["units"] == "unit of squared_error"


def test_xarray_draws_a_barrier_with_its_words_and_unit(measured: xr.Dataset) -> None:
    mesh = measured.loss_barrier.plot()
    assert mesh.colorbar.ax.get_ylabel() == "loss barrier [nats]"
    assert (mesh.axes.get_xlabel(), mesh.axes.get_ylabel()) == ("moving layers", "host")


def test_xarray_draws_what_was_loaded_and_along_training(measured: xr.Dataset, tmp_path: Path) -> None:
    stored = isthmus.load_run(measured.attrs["run_folder"])
    assert stored.loss_barrier.plot().axes.get_xlabel() == "moving layers"
    for number, name in enumerate("ab"):
        for step in range(2):
            isthmus.save_weights(MLP.weights(2 * number + step), tmp_path / name / f"{step}it.safetensors")
    several = isthmus.measure(MLP.build, tmp_path / "a", tmp_path / "b", MLP.data(20))
    (line,) = several.loss_rise.sel(host="a", moving="all").plot.line(x="step")
    assert line.axes.get_xlabel() == "time in training"
    assert line.axes.get_ylabel() == "loss rise [nats]"


def test_a_picture_on_axes_says_what_that_of_the_report_says() -> None:
    result = make_measurement(6, alphas=(0.0, 0.5, 1.0))
    reports = {picture.stem: picture.draw for picture in run_pictures(result)}
    assert isthmus.plot.names(result) == [stem for stem, draw in reports.items() if draw is not None]
    for name, draw in reports.items():
        assert draw is not None
        drawn = np.atleast_1d(isthmus.plot.picture(result, name))
        panels = [axes for axes in draw().axes if axes.get_label() != "<colorbar>"]
        assert [texts(axes) for axes in drawn] == [texts(axes) for axes in panels], name


@pytest.mark.parametrize("kind", ["heatmap", "bars", "curves", "distances"])
def test_a_picture_takes_the_place_of_a_subplot_and_leaves_the_next_alone(kind: str) -> None:
    result = make_measurement(6, alphas=(0.0, 0.5, 1.0))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    drawn = np.atleast_1d(getattr(isthmus.plot, kind)(result, ax=left))
    left.set_title("mine")
    figure.draw_without_rendering()
    assert all(axes.get_position().x1 <= 1.0 for axes in drawn)
    ends = [axes.get_window_extent().x1 for axes in drawn]
    assert 0 < max(ends) <= right.get_window_extent().x0
    assert figure.get_size_inches().tolist() == [9, 4]
    assert right.axison
    assert not left.axison


def test_only_a_subplot_can_be_drawn_in() -> None:
    by_hand = plt.figure().add_axes((0, 0, 1, 1))
    with pytest.raises(isthmus.InputError, match="placed by hand"):
        isthmus.plot.bars(make_measurement(3), ax=by_hand)


def test_a_collection_is_drawn_by_name_or_after_a_choice() -> None:
    several = make_trajectory(3)
    with pytest.raises(isthmus.InputError, match="3 along step"):
        isthmus.plot.heatmap(several)
    assert [axes.get_title() for axes in several.isthmus.plot()] == ["into a", "into b"]
    assert isinstance(isthmus.plot.heatmap(several.isel(step=-1)), Axes)
    with pytest.raises(isthmus.InputError, match="loss_stpes"):
        isthmus.plot.picture(several, "loss_stpes")


def test_the_accessor_says_what_the_terminal_says_and_writes_the_page(measured: xr.Dataset, tmp_path: Path) -> None:
    summary = measured.isthmus.summary()
    assert "What averaging costs" in summary
    assert "Averaging the full network costs host a" in summary
    assert "\x1b" not in summary
    assert measured.isthmus.report(tmp_path / "page") == tmp_path / "page" / "report.html"
    assert measured.isthmus.report() == Path(measured.attrs["run_folder"]) / "report.html"
    assert isinstance(measured.isthmus.plot("loss_heatmap"), Axes)
    with pytest.raises(isthmus.InputError, match="only in memory"):
        make_measurement(3).isthmus.report()


@pytest.mark.parametrize("result", [make_measurement(3, splits=("train", "test")), make_trajectory(2)])
def test_in_a_notebook_a_result_shows_headline_picture_and_table(result: xr.Dataset) -> None:
    shown = result.isthmus._repr_html_()
    headline, picture, table = (shown.index(mark) for mark in ("<b>", '<img src="data:image/svg+xml;base64,', "<pre"))
    assert headline < picture < table
    assert re.search("(averaging everything costs|The loss rise of the full network)", shown[headline:picture])
    assert "95 % intervals" in shown[table:]
    assert not re.search(r"https?://(?!www\.w3\.org)", shown)


def test_importing_isthmus_and_listing_its_names_loads_nothing_heavy() -> None:
    heavy = "'torch', 'xarray', 'matplotlib', 'numpy', 'pandas'"
    code = f"import isthmus, sys; dir(isthmus), isthmus.InputError; print([m for m in ({heavy}) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_measuring_registers_the_accessor_and_loads_no_pyplot() -> None:
    code = (
        "import isthmus, sys; isthmus.measure; import xarray; assert hasattr(xarray.Dataset, 'isthmus')\n"
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
