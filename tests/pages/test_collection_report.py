"""The report of a collection: what stands in its cells, its sentences and its page."""

import io
import json
import re

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from isthmus.pages.collection import save_collection_report
from isthmus.report.barriers.scale import colour_limit
from isthmus.report.collections.columns import cell_text, columns
from isthmus.report.collections.heatmap import columns_heatmap
from isthmus.report.collections.members import members_table, members_texts
from isthmus.report.collections.pictures import collection_pictures
from isthmus.report.collections.reading import columns_reading, replicates_reading
from isthmus.report.collections.replicates import OUTLYING, are_independent, replicate_bars, replicate_cells
from isthmus.results.replicates import mean_over_pairs
from isthmus.results.rows import sweeps_shown

LAYERS = ("conv1", "layer1.0.conv1", "fc")


def joined(parts, dimension, names):
    whole = xr.concat(
        parts, dim=dimension, data_vars="all", coords="minimal", compat="override", join="outer",
        combine_attrs="override",
    )  # fmt: skip
    whole = whole.assign_coords({dimension: list(names)})
    if dimension == "step":
        return whole.assign_coords(iteration=("step", [391 * int(name[:-2]) for name in names]))
    ends = [name.split("-") for name in names]
    return whole.assign_coords(name_a=("pair", [a for a, _ in ends]), name_b=("pair", [b for _, b in ends]))


@pytest.fixture
def steps(measurement):
    """No barrier at 0ep, a full one from 20ep on; fc is above zero at 40ep alone."""

    def build(count=3, layers=LAYERS, **options):
        parts = [measurement(layers=layers, seed=7, full=2.0, **options)]
        parts = [parts[0].copy(deep=True) for _ in range(count)]
        for number, part in enumerate(parts):
            for value in ("loss_barrier", "error_barrier"):
                for end, shift in (("", 0.0), ("_low", -0.05), ("_high", 0.05)):
                    part[f"{value}{end}"][:] = shift if number else 0.0
                    if number:
                        part[f"{value}{end}"].loc[{"moving": "all"}] = 1.0 + number / 10 + shift
            if number == 2:
                part["loss_barrier"].loc[{"moving": "fc", "host": "b"}] = 0.3
                part["loss_barrier_low"].loc[{"moving": "fc", "host": "b"}] = 0.2
                part["loss_barrier_high"].loc[{"moving": "fc", "host": "b"}] = 0.4
        return joined(parts, "step", [f"{20 * number}ep" for number in range(count)])

    return build


@pytest.fixture
def pairs(measurement):
    def build(names=("p-q", "r-s", "t-u"), layers=LAYERS, **options):
        parts = [measurement(layers=layers, seed=seed, full=2 + seed / 10, **options) for seed in range(len(names))]
        return joined(parts, "pair", names)

    return build


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_every_cell_of_a_heat_map_holds_its_number_and_grey_means_that_the_interval_includes_zero(steps):
    result = steps()
    figure = columns_heatmap(result, "step")
    left, right = figure.axes[:2]
    assert [axes.get_title() for axes in (left, right)] == ["into a", "into b"]
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["0ep", "20ep", "40ep"]
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["full network", *LAYERS]
    shown = [text.get_text() for text in right.texts]
    assert shown == ["0", "1.10", "1.20", "0", "0.00", "0.00", "0", "0.00", "0.00", "0", "0.00", "0.3"]
    slants = {text.get_text(): text.get_fontstyle() for text in right.texts}
    assert slants == {"0": "italic", "0.00": "italic", "1.10": "normal", "1.20": "normal", "0.3": "normal"}


def test_colours_diverge_from_zero_and_a_column_without_barriers_does_not_widen_them(steps):
    figure = columns_heatmap(steps(), "step")
    for mesh in figure.axes[0].collections:
        assert mesh.norm.vmin == -mesh.norm.vmax
        assert mesh.norm.vmax == pytest.approx(1.2)  # the full network, less than tenfold the layers
    assert "beyond the colours" not in figure.axes[-1].get_xlabel()


def test_many_columns_have_dots_for_numbers(pairs):
    result = pairs([f"a{k}-b{k}" for k in range(60)])
    shown = set(texts(columns_heatmap(result, "pair")))
    assert shown == {"", "•"}
    few = columns_heatmap(result.isel(pair=slice(3)), "pair")
    assert columns_heatmap(result, "pair").get_figwidth() > few.get_figwidth()
    assert any(re.fullmatch(r"−?\d\.\d+", text) for text in texts(few))


def test_nan_is_hatched_and_counted_and_numbers_that_few_examples_carry_are_too(steps):
    result = steps()
    result["loss_barrier"].loc[{"step": "20ep", "moving": "conv1", "host": "a"}] = np.nan
    result["loss_barrier_effective_examples"].loc[{"step": "20ep"}] = 5
    figure = columns_heatmap(result, "step")
    assert len(figure.axes[0].patches) == 1
    assert "NaN" in texts(figure)
    assert "In 8 of 24 cells fewer than 30 examples" in figure.get_supxlabel()
    assert "1 cell is NaN." in columns_reading(columns(result, "step", sweep="single"))


def test_the_reading_of_steps_says_when_the_barrier_begins_and_where_the_largest_is(steps):
    words = columns_reading(columns(steps(), "step", sweep="single"))
    assert "into a goes from 0 at 0ep to 1.20 (1.15 to 1.25) at 40ep, its largest" in words
    assert "an interval above zero at 2 of 3 steps, first at 20ep" in words
    assert "Of the 3 layers, fc into b at 40ep has the largest: 0.3 (0.1 to 0.4)." in words
    assert "1 of 3 layers has a clear loss barrier at some step in at least one host." in words
    turned = steps().isel(step=[2, 1, 0])
    assert "goes from 1.20 at 40ep to 0 at 0ep, largest at 40ep" in columns_reading(columns(turned, "step"))


def test_the_reading_of_pairs_names_the_least_and_the_largest(pairs):
    result = pairs()
    words = columns_reading(columns(result, "pair", sweep="single"))
    full = result.loss_barrier.sel(moving="all", host="a")
    least, most = str(full.idxmin().values), str(full.idxmax().values)
    assert re.search(rf"into a lies between \d\.\d+ \({least}\) and \d\.\d+ \({most}\)", words)
    assert "in 3 of 3 pairs" in words


def test_replicates_show_both_intervals_and_say_which_is_wider(pairs):
    result = pairs()
    cells = replicate_cells(result, "loss_barrier", None)
    expected = result.loss_barrier.sel(moving="fc", host="a")
    assert cells["pairs"]["fc", "a"].estimate.value == pytest.approx(float(expected.mean()))
    ratio = cells["pairs"]["fc", "a"].estimate.half_width / (4.3027 * float(expected.std(ddof=1)) / 3**0.5)
    assert ratio == pytest.approx(1, abs=1e-4)
    words = replicates_reading(columns(result, "pair", sweep="single"), cells, independent=True)
    assert words.startswith("Over 3 pairs the mean loss barrier of the full network is 2.")
    assert "times as wide as what the examples leave open" in words
    figure = replicate_bars(result)
    dots = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in dots] == [3] * 8
    assert "independent" not in figure.get_supxlabel()


def test_a_layer_that_explodes_in_one_pair_leaves_the_others_readable(pairs):
    plain, result = pairs(), pairs().copy(deep=True)
    for end in ("", "_low", "_high"):
        result[f"loss_barrier{end}"].loc[{"moving": "fc", "host": "b", "pair": result["pair"][0]}] = 900.0
    calm, figure = replicate_bars(plain), replicate_bars(result)
    (_, before), (_, after) = calm.axes, figure.axes
    assert after.get_xlim()[1] < 2 * before.get_xlim()[1] + 5
    assert "300" in " ".join(text.get_text() for text in after.texts), "the mean over three pairs, as a number"
    assert OUTLYING in figure.get_supxlabel().replace("\n", " ")
    assert not before.texts
    assert OUTLYING not in calm.get_supxlabel().replace("\n", " ")


def test_pairs_that_share_a_network_are_said_to(pairs):
    result = pairs(("p-q", "p-r", "q-r"))
    assert not are_independent(result)
    assert "not independent" in replicate_bars(result).get_supxlabel()


def test_a_collection_over_both_has_a_map_of_the_mean_and_one_of_each_pair(pairs, steps):
    result = joined([steps(), steps()], "pair", ["p-q", "r-s"])
    pictures = {picture.stem: picture for picture in collection_pictures(result)}
    assert {stem for stem in pictures if stem.startswith("loss")} == {
        "loss_steps_mean-over-pairs",
        "loss_pairs_at-40ep",
        "loss_replicates_at-40ep",
        "loss_steps_p-q",
        "loss_steps_r-s",
        "loss_barrier_steps_mean-over-pairs",
        "loss_barrier_pairs_at-40ep",
        "loss_barrier_steps_p-q",
        "loss_barrier_steps_r-s",
    }
    assert "loss rise" in pictures["loss_steps_p-q"].sentence
    assert "loss barrier" in pictures["loss_barrier_steps_p-q"].sentence
    assert "The mean barrier is " in pictures["loss_replicates_at-40ep"].sentence
    mean = mean_over_pairs(result)
    assert "pair" not in mean.dims
    expected = result.loss_rise.mean("pair").sel(step="40ep", host="a", moving="all")
    np.testing.assert_allclose(mean.loss_rise.sel(step="40ep", host="a", moving="all"), expected)
    np.testing.assert_allclose(mean.loss_barrier.sel(step="40ep", host="a", moving="all"), 1.2)


def test_each_sweep_has_a_map_of_its_own_and_very_long_ones_have_none(pairs):
    result = pairs()
    result = result.assign_coords(sweep=("moving", ["full", "single", "single", "pairs"]))
    stems = [picture.stem for picture in collection_pictures(result)]
    assert "loss_pairs_single" in stems
    assert "error_replicates_pairs" in stems
    long = pairs(layers=[f"layer{number}" for number in range(101)])
    assert sweeps_shown(long) == ["full"]
    assert columns(long, "pair", sweep="full").first.rows == ["all"]
    assert [cell_text(cell.estimate) for cell in columns(result, "pair", sweep="pairs").first.layer_cells]


def test_the_tables_hold_every_member_once(steps, pairs):
    table = members_table(steps())
    assert [row[0].text for row in table.rows] == ["0ep", "20ep", "40ep"]
    assert table.columns[0] == "Step"
    assert [row[-3].text for row in table.rows][-1] == "fc into b"
    console = Console(width=80, file=io.StringIO())
    console.print(*members_texts(pairs()), sep="\n")
    text = console.file.getvalue()
    assert all(name in text for name in ("p-q", "r-s", "t-u", "full network", "loss of a 0.300"))
    assert max(map(len, text.splitlines())) <= 80


def test_the_page_is_self_contained_and_says_what_it_shows(steps, tmp_path):
    result = steps(splits=None)
    members = [{"name": "20ep", "folder": "20ep", "step": "20ep", "name_a": "x", "name_b": "y", "attributes": {}}]
    result = result.assign_attrs(kind="collection", dimensions="step", members=json.dumps(members), name_a="<x>")
    (tmp_path / "members" / "20ep").mkdir(parents=True)
    page = save_collection_report("two runs", result, tmp_path).read_text()
    assert "goes from 0 at 0ep" in page
    assert "&lt;x&gt;" in page
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "isthmus report FOLDER/members/NAME" in page
    for stem in ("loss_steps", "error_steps"):
        assert [file.suffix for file in (tmp_path / "figures").glob(f"{stem}.*")] == [".svg"]
    (tmp_path / "members" / "20ep" / "report.html").write_text("")
    assert 'href="members/20ep/report.html"' in save_collection_report("two runs", result, tmp_path).read_text()


def test_splits_have_pictures_of_their_own(pairs):
    result = pairs(splits=("train", "test"))
    stems = [picture.stem for picture in collection_pictures(result)]
    assert {"loss_pairs_train", "loss_pairs_test", "error_replicates_test"} <= set(stems)
    assert len(members_table(result).rows) == 6


def test_the_style_rule_says_where_the_colours_end(pairs):
    result = pairs(("p-q",))
    shown = columns(result, "pair", sweep="single")
    assert shown.colour_limit == colour_limit(shown.first)
