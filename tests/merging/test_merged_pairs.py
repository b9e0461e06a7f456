"""`examples/merged_pairs.py`: a row of its table says what a merge found, and its pairs are in the recipe."""

import tomllib
from pathlib import Path

import pytest
from merged_networks import CERTIFY, COSTS, SELECT, A, B, build
from programs import program

import isthmus

PROGRAM = program("merged_pairs")
DOCS = Path(__file__).parents[2] / "docs" / "merging.md"


@pytest.fixture(scope="module")
def merge():
    return isthmus.merge(build, A, B, SELECT, CERTIFY, **COSTS)


def test_a_row_says_what_is_averaged_what_it_costs_and_what_else_would_have(merge):
    cells = dict(zip(PROGRAM.HEAD, PROGRAM.row("two nets", merge, 3.4), strict=True))
    sizes = {key: parameter.numel() for key, parameter in build().named_parameters()}
    moved, total = sum(sizes[key] for key in sizes if key.split(".")[0] in merge.layers), sum(sizes.values())
    layers = f"{len(merge.layers)} of {len(merge.worth)} layers"
    assert cells["averaged"] == f"{layers}, {100 * moved / total:.0f} % of the parameters"
    others = {one.name: one.loss_rise for one in merge.contenders}
    told = {name: float(cells[name].split()[0].replace("−", "-")) for name in ("costs", "all layers", "random")}
    random = max(rise.value for name, rise in others.items() if name.startswith("random"))
    expected = {"costs": others["merged"].value, "all layers": others["all layers"].value, "random": random}
    assert told == pytest.approx(expected, rel=0.06)  # two digits
    assert cells["greedy"] == "the same"  # found the same layers
    assert (cells["examples"], cells["tolerance"], cells["s"]) == ("150 + 140", "0.2", "3")


def test_without_a_layer_to_average_nothing_has_a_cost():
    far = {key: -tensor if tensor.is_floating_point() else tensor for key, tensor in A.items()}
    merge = isthmus.merge(build, A, far, SELECT, CERTIFY, tolerance=1e-6)
    assert PROGRAM.row("two nets", merge, 1.0)[2:4] == ["none", "–"]


def test_every_pair_is_made_by_the_recipe_and_stands_in_the_table():
    made = {one["name"]: one for one in tomllib.loads(PROGRAM.RECIPE.read_text(encoding="utf-8"))["network"]}
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert any(line.strip("| ").split(" | ") == list(PROGRAM.HEAD) for line in rows)
    for pair, (a, b, choose, certify) in PROGRAM.PAIRS.items():
        assert made[a].get("model") == made[b].get("model"), pair
        assert choose != certify
        assert any(line.startswith(f"| {pair} | ") for line in rows)
