"""What the explorer shows is what the run holds; what is copied gives what is shown; scales are shared."""

import contextlib
import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from explored_runs import make_collection

import isthmus
from isthmus.pages.explorer.explored import NUM_KEPT, Explored
from isthmus.pages.explorer.lines import filled, python_line
from isthmus.pages.explorer.numbers import numbers_at
from isthmus.pages.explorer.options import CHOICES, Choice
from isthmus.pages.explorer.places import Asked, Places
from isthmus.pages.explorer.scales import Scales
from isthmus.pages.explorer.written import save_explorer, unpacked

STORED = Path(__file__).parents[2] / "stored" / "0.1.0"


def every_choice(options):
    sizes = [len(options.texts(name)) for name in CHOICES]
    return [Choice(**dict(zip(CHOICES, places, strict=True))) for places in itertools.product(*map(range, sizes))]


def printed(line):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(line, {})
    return float(said.getvalue())


@pytest.mark.parametrize("name", ["one", "midpoint", "hostile"])
def test_the_python_line_prints_the_number_that_is_shown(name, runs, parts_of):
    loaded = parts_of(runs[name]).explored.loaded(0)
    options = loaded.options
    for choice in every_choice(options)[:: -(-len(every_choice(options)) // 5)]:
        value, alpha = options.values[choice.value], options.alphas[choice.alpha]
        shown, _ = numbers_at(loaded.result, value, options.splits[choice.split], alpha)
        number = shown[options.layers[choice.layer], options.hosts[choice.host]].estimate.value
        np.testing.assert_allclose(printed(python_line(loaded, choice)), number, rtol=1e-12, atol=1e-14)


def test_the_python_line_of_a_run_of_an_earlier_version_does_so_too(parts_of):
    loaded = parts_of(STORED / "collection-steps").explored.loaded(1)
    choice = loaded.options.first_choice(loaded.result)
    value, alpha = loaded.options.values[choice.value], loaded.options.alphas[choice.alpha]
    shown, _ = numbers_at(loaded.result, value, loaded.options.splits[choice.split], alpha)
    number = shown[loaded.options.layers[choice.layer], loaded.options.hosts[choice.host]].estimate.value
    assert printed(python_line(loaded, choice)) == pytest.approx(number, rel=1e-12)


def test_a_piece_is_never_taken_for_a_word_of_the_pattern():
    assert filled("RUN WHERE", {"RUN": "'WHERE'", "WHERE": "RUN"}) == "'WHERE' RUN"


def test_rises_at_every_alpha_are_those_of_the_run(runs):
    result = isthmus.load_run(runs["one"])
    for alpha in result["alpha"].values:
        shown, words = numbers_at(result, "error_rise", "test", float(alpha))
        rise = 100 * (result["error_rate"] - result["error_b"]).sel(split="test", host="b", alpha=alpha)
        np.testing.assert_allclose(
            [shown[str(row), "b"].estimate.value for row in result["moving"].values], rise.values, atol=1e-12
        )
        assert words == f"error rise at alpha {alpha:g} (percentage points)"


def test_intervals_are_shown_where_the_run_has_them_and_nowhere_else(runs):
    result = isthmus.load_run(runs["one"])
    known = {
        float(alpha): {
            np.isfinite(one.estimate.half_width) for one in numbers_at(result, "loss_rise", "test", alpha)[0].values()
        }
        for alpha in map(float, result["alpha"].values)
    }
    assert known == {0.0: {False}, 0.25: {False}, 0.5: {True}, 0.75: {False}, 1.0: {True}}


def test_two_runs_have_one_scale_and_one_axis(runs, parts_of):
    alone = {name: parts_of(runs[name]) for name in ("one", "two")}
    folders = runs["one"], runs["two"]
    both = parts_of(*folders)
    ends = re.compile(r'text-anchor="middle" class="small">([−\d.]+)</text>')
    of = {
        "one": [alone["one"].part("0-map-0-0-2-0"), both.part("0-map-0-0-2-0")],
        "two": [alone["two"].part("0-map-0-0-2-0"), both.part("1-map-0-0-2-0")],
    }
    scales = {name: [ends.findall(part) for part in parts] for name, parts in of.items()}
    assert scales["one"][0] != scales["two"][0], "by themselves they have different scales"
    assert scales["one"][1] == scales["two"][1]
    rows = [
        Scales.of(parts_of(*pair).explored).curve_ends("loss_rise", "fc") for pair in itertools.permutations(folders)
    ]
    curves = [alone[name].explored.loaded(0).result for name in ("one", "two")]
    highest = max(float((c["loss"] - c[f"loss_{h}"]).sel(host=h, moving="fc").max()) for c in curves for h in "ab")
    assert [high for _, high in rows] == pytest.approx([highest, highest])


def test_a_layer_that_explodes_at_one_step_bleaches_no_other_step():
    scales = Scales()
    for number in (0.1, 0.2, 0.15, 0.12, 46.1):
        scales._numbers["loss_rise", False]["conv1"].append((0.0, number))
    assert scales.curve_ends("loss_rise", "conv1") == (0.0, 0.2)
    assert scales.colour_limit("loss_rise", ["all", "conv1"], 0.5) == 0.2


def test_what_an_exchange_costs_bleaches_no_averaging():
    scales = Scales()
    scales._numbers["loss_rise", False]["conv1"] += [(0.0, 0.1), (0.0, 0.2)]
    scales._numbers["loss_rise", True]["conv1"].append((0.0, 1.5))
    assert [scales.colour_limit("loss_rise", ["all", "conv1"], alpha) for alpha in (0.5, 1.0)] == [0.2, 1.5]
    assert scales.curve_ends("loss_rise", "conv1") == (0.0, 1.5)


def test_every_key_of_a_member_has_a_part_and_no_other_has(runs, parts_of):
    parts = parts_of(runs["midpoint"])
    assert all(parts.part(key) for key in parts.keys(0))
    for key in ("1-controls", "0-map-0-0-0", "0-map-0-0-1-0", "0-map-0-9-0-0", "0-layer-0-2-0-0", "0-x", "-1-controls",
                "0-table-0-0", "0-table--1", "", "0-controls\n", "٠-controls"):  # fmt: skip
        with pytest.raises(KeyError):
            parts.part(key)


def test_the_parts_of_a_choice_are_among_those_of_the_member(runs, parts_of):
    parts = parts_of(runs["one"])
    options, known = parts.explored.loaded(0).options, set(parts.keys(0))
    for choice in every_choice(options)[::11]:
        assert set(parts.keys_of(0, options, choice).values()) <= known


def test_a_layer_part_names_neighbours_groups_and_classes(runs, parts_of):
    parts = parts_of(runs["one"])
    options = parts.explored.loaded(0).options
    text = parts.part(f"0-layer-1-0-0-{options.layers.index('hidden1')}")
    for words in (
        "hidden1, into a",
        "Relative distance",
        "hidden2",
        "window2:hidden1",
        "Groups that move it",
        "of every class",
    ):
        assert words in text, words


def test_one_alpha_makes_no_curve_and_says_what_would(runs, parts_of):
    assert "--alphas 11" in parts_of(runs["midpoint"]).part("0-layer-0-0-0-1")
    assert "--alphas 11" not in parts_of(runs["one"]).part("0-layer-0-0-0-1")


def test_few_members_are_in_memory_at_a_time(runs, tmp_path, monkeypatch):
    explored = Explored([make_collection(runs["midpoint"], tmp_path / "many", 12)])
    held = []
    taken = Scales.add
    monkeypatch.setattr(Scales, "add", lambda self, loaded: (held.append(len(explored._kept)), taken(self, loaded)))
    Scales.of(explored)
    assert len(held) == 12
    assert max(held) == NUM_KEPT


PACKED = re.compile(r'<script type="text/plain" id="packed">([\w+/=]+)</script>')


def carried(text):
    return [key.partition("-")[0] for key in unpacked(PACKED.search(text)[1]) if key.endswith("-controls")]


def test_a_page_of_many_members_carries_some_and_says_which(runs, tmp_path, parts_of):
    folder = make_collection(runs["midpoint"], tmp_path / "many", 5)
    parts = parts_of(folder)
    weight = sum(len(parts.part(key).encode()) for key in parts.keys(0))
    page = save_explorer(parts, tmp_path / "explore.html", Asked(texts={"step": "1ep"}), most_bytes=int(2.5 * weight))
    text = page.read_text()
    assert carried(text) == ["0", "1", "4"], "the first, the last, and the one asked for"
    assert "This page carries 3 of 5 measurements: many: 0ep, many: 1ep, many: 4ep." in text
    whole = save_explorer(parts, tmp_path / "whole.html", Asked()).read_text()
    assert "This page carries" not in whole
    assert len(carried(whole)) == 5


def test_what_a_page_carries_is_what_the_parts_are(runs, tmp_path, parts_of):
    parts = parts_of(runs["one"])
    text = save_explorer(parts, tmp_path / "explore.html", Asked()).read_text()
    found = unpacked(PACKED.search(text)[1])
    assert found == {key: parts.part(key) for key in parts.keys(0)}
    assert 5 * len(PACKED.search(text)[1]) < sum(map(len, found.values())), "most of it is said again and again"
    assert text == save_explorer(parts, tmp_path / "again.html", Asked()).read_text()


def test_a_collection_that_is_not_finished_shows_what_is(runs, tmp_path, parts_of):
    folder = make_collection(runs["midpoint"], tmp_path / "many", 5)
    (folder / "members" / "3ep" / "results.parquet").unlink()
    parts = parts_of(folder)
    assert [member.step for member in parts.explored.members] == ["0ep", "1ep", "2ep", "4ep"]
    text = save_explorer(parts, tmp_path / "explore.html", Asked()).read_text()
    assert "1 members of many were not finished" in text


def test_a_trajectory_begins_with_its_last_step_and_a_label_finds_its_member(runs, tmp_path, parts_of):
    explored = parts_of(make_collection(runs["midpoint"], tmp_path / "many", 4)).explored
    places = Places(explored, range(4))
    assert explored.members[places.member(0, {})].step == "3ep"
    assert explored.members[places.member(0, {"step": "1ep"})].step == "1ep"
    assert explored.members[places.member(0, {"step": "no such"})].step == "3ep"
